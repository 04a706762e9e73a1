/* What a comm says of itself: explanations and statistics, as text and as JSON.
 *
 * JSON is written here by hand: the library needs no parser. Every report names the emulated
 * machine and its dilation, or null on a real one. */
#ifndef WEFT_REPORT_H
#define WEFT_REPORT_H

#include "loop.h"

/* The statistics, on the progress thread. */
void weft_report_stats(struct weft_loop *loop, weft_ns now, struct weft_text *text);

/* An explanation that weft_command_explain has filled. */
void weft_report_explain_text(const struct weft_loop *loop, const struct weft_command *command,
                              struct weft_text *text);
void weft_report_explain_json(const struct weft_loop *loop, const struct weft_command *command,
                              struct weft_text *text);

/* A JSON string with its quotes. */
void weft_report_string(struct weft_text *text, const char *string);

/* "key": and what belongs to it, without a comma. */
void weft_report_key(struct weft_text *text, const char *key);
void weft_report_number(struct weft_text *text, const char *key, uint64_t number);
void weft_report_bool(struct weft_text *text, const char *key, bool value);

/* "version", "machine" and "emulated": what every report begins with. */
void weft_report_head(struct weft_text *text, const struct weft_loop *loop);

#endif
