/* What a comm takes from its caller's config and the environment. */
#ifndef WEFT_SETTINGS_H
#define WEFT_SETTINGS_H

#include "../core/config.h"

/* The config's settings (or the defaults for NULL), overridden by the environment where no call has
 * set them; sets the log's level. weftInvalidArgument: a value is wrong; the last error says which.
 */
weftResult_t weft_settings_gather(weftConfig_t config, struct weft_config *settings);

#endif
