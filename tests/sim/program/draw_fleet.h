/* Draws a run of several servers over its time, as SVG, for the one who looks for what went wrong:
 *
 *     for each server   its process, when it stood still or was gone; its NICs with faults; what it
 *                       asked for; the hops inside it that copies took or faults befell
 *     for each lane     what its two sides sent, one above the other, and when each had given it up
 */
#ifndef SIM_DRAW_FLEET_H
#define SIM_DRAW_FLEET_H

#include "../fleet/fleet_record.h"
#include "common/units.h"

/* Draws what the fleet and its record hold, also of a run that failed halfway, to `path`. False
 * with a reason when it cannot be written. */
bool sim_draw_fleet(const struct sim_fleet *fleet, const char *path, char why[WEFT_WHY_BYTES]);

#endif
