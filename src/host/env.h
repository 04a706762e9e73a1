/* The environment: WEFT_<SETTING> for every row of config.def.
 *
 * The one getenv of the library. Values have the origin ENVIRONMENT, so a call to weftConfigSet
 * goes before them. It leaves to core/config what a value may be. */
#ifndef WEFT_ENV_H
#define WEFT_ENV_H

#include "../core/config.h"

#define WEFT_ENV_WHY_BYTES 512

/* Takes over every WEFT_<SETTING>. Names that start with WEFT_ and are no setting are warned about,
 * once per process, with the nearest name.
 * weftInvalidArgument  a value is wrong; `why` says which and what is valid */
weftResult_t weft_env_read(struct weft_config *config, char why[WEFT_ENV_WHY_BYTES]);

/* Writes the variable's name of setting `index`: WEFT_TIMEOUT_MS. */
void weft_env_name(uint32_t index, char *text, size_t size);

#endif
