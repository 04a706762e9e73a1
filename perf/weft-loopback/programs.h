/* iperf3 and ucx_perftest, run beside Weft; and what of their output is their figure. */
#ifndef WEFT_LOOPBACK_PROGRAMS_H
#define WEFT_LOOPBACK_PROGRAMS_H

#include "figures.h"

#define WEFT_LOOPBACK_IPERF_BYTES_MAX 1048576 /* iperf3 writes no more at once */

/* A TCP stream in writes of size_bytes, at most WEFT_LOOPBACK_IPERF_BYTES_MAX. */
bool weft_loopback_iperf3(const struct weft_loopback_ask *ask,
                          struct weft_loopback_figures *figures);

/* ucp_put_bw over UCX's tcp transport on lo. */
bool weft_loopback_ucx(const struct weft_loopback_ask *ask, struct weft_loopback_figures *figures);

/* What their outputs say; false: nothing. */
bool weft_loopback_iperf3_read(const char *text, struct weft_loopback_figures *figures);
bool weft_loopback_ucx_read(const char *text, uint64_t size_bytes,
                            struct weft_loopback_figures *figures);

#endif
