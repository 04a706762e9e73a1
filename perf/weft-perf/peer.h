/* The second server: another process with a machine of its own, as server a sees it.
 *
 * It is forked before anything loads a driver, and does what it is told. When it dies or does not
 * answer in time, the call fails with a sentence, and every later one does; when this process ends,
 * it ends too. One thread at a time may call; weft_perf_peer_alive any. */
#ifndef WEFT_PERF_PEER_H
#define WEFT_PERF_PEER_H

#include <cjson/cJSON.h>

#include "joint.h"
#include "subject.h"

struct weft_perf_peer;

/* Forks it. Needs: no driver is loaded and there is no other thread; `options` stays. */
bool weft_perf_peer_start(const struct weft_perf_options *options, struct weft_perf_peer **peer,
                          char why[WEFT_WHY_BYTES]);

/* Waits until it has opened its machine and taken its memory, and joins both machines'
 * descriptions. `testbed`: that of this process. */
bool weft_perf_peer_open(struct weft_perf_peer *peer, const struct weft_testbed *testbed,
                         char why[WEFT_WHY_BYTES]);

/* Ends it. NULL allowed. */
void weft_perf_peer_stop(struct weft_perf_peer *peer);

/* Both machines; NULL on real ones. */
const struct weft_perf_joint *weft_perf_peer_joint(const struct weft_perf_peer *peer);

bool weft_perf_peer_alive(const struct weft_perf_peer *peer);

/* What was wrong with the last call that failed. */
const char *weft_perf_peer_error(const struct weft_perf_peer *peer);

/* Opens its comm with windows over its ends of the flows; keys of those, by flow. */
bool weft_perf_peer_session_open(struct weft_perf_peer *peer, const char *sched,
                                 weftWindowKey_t keys[WEFT_PERF_FLOWS_MAX]);
bool weft_perf_peer_session_close(struct weft_perf_peer *peer);

/* Its part of what weft_perf_subject_* do. */
bool weft_perf_peer_prepare(struct weft_perf_peer *peer, uint64_t size, uint64_t seed);
bool weft_perf_peer_begin(struct weft_perf_peer *peer, uint64_t size);
bool weft_perf_peer_arrived(struct weft_perf_peer *peer, uint32_t *permille);
bool weft_perf_peer_verify(struct weft_perf_peer *peer, uint64_t size, uint64_t seed,
                           uint64_t *wrong);
bool weft_perf_peer_landed(struct weft_perf_peer *peer, uint64_t size, uint64_t *bytes);

/* Sends its process a signal. */
void weft_perf_peer_signal(const struct weft_perf_peer *peer, int signal);

/* Changes a link of its machine now. */
bool weft_perf_peer_link(struct weft_perf_peer *peer, const char *link,
                         enum weft_link_change change, unsigned permille);

/* Makes the rows of `routes`, an array of {name, bytes} that this server has counted, those between
 * the servers: adds what the other one has moved to this one since `begin`, with names as this one
 * would give them, and drops routes inside this one. */
bool weft_perf_peer_routes(struct weft_perf_peer *peer, cJSON *routes);

/* ---- the second process (peer_server.c) ---- */

/* Serves orders from the socket until its other end is closed. Returns the process's status. */
int weft_perf_peer_serve(int socket, const struct weft_perf_options *options);

#endif
