/* Writing and reading JSON files, with reasons. The tree is cJSON's. */
#ifndef WEFT_TOOLS_JSON_H
#define WEFT_TOOLS_JSON_H

#include <cjson/cJSON.h>

#include "common/units.h"

/* With the path `-` the JSON stands alone on standard output, for other programs: what is printed
 * from now on goes to standard error, but for weft_json_write. NULL allowed. */
void weft_json_alone(const char *path);

/* Writes `tree` to the file (`-`: standard output), complete or not at all: a temporary file takes
 * the name at the end. */
bool weft_json_write(const cJSON *tree, const char *path, char why[WEFT_WHY_BYTES]);

/* The number of that name in an object, or `otherwise`. */
double weft_json_number(const cJSON *object, const char *name, double otherwise);

/* The text of that name in an object, or `otherwise`. */
const char *weft_json_text(const cJSON *object, const char *name, const char *otherwise);

/* Adds a number rounded to `places` decimals: reports are read by people too. */
void weft_json_add_rounded(cJSON *object, const char *name, double value, int places);

#endif
