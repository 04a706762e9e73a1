/* Draws a run over its time, as SVG, for the one who looks for what went wrong:
 *
 *     a row for each transfer      waiting for its fence, under way, how it ended, its deadline
 *     a row for each faulty link   what was wrong with it, from when to when
 *     a row for each lane in use   its copies, how they ended, and behind them its faults */
#ifndef SIM_DRAW_H
#define SIM_DRAW_H

#include "../run.h"
#include "common/units.h"

/* Draws what `run` and `record` hold, also of a run that failed halfway, to `path`. False with a
 * reason when it cannot be written. */
bool sim_draw(const struct sim_run *run, const struct sim_record *record, const char *path,
              char why[WEFT_WHY_BYTES]);

#endif
