/* The status port: shows a comm to weft-top, curl and a browser of this computer while it works.
 *
 * Off unless the setting `status` says otherwise. On, a thread of its own, of low priority, listens
 * on a Unix socket that has no file (its name begins with WEFT_STATUS_PREFIX, which is how weft-top
 * finds the comms of this computer, and which ends with the process) and, where the setting names
 * one, on a port of 127.0.0.1. The Unix socket answers this user and root alone.
 *
 *              the request is whole     a snapshot is there      all is sent
 *     READING ---------------------> WAITING -------------> SENDING ---------> FREE
 *        |                             |                      |                 ^
 *        |  it is no good              | none in time         | past its deadline
 *        '-----------> SENDING         '-----> SENDING        '-----------------'
 *
 * The progress thread looks at one word in each round and takes a snapshot when it is asked to, at
 * most every WEFT_STATUS_AGE_REAL_NS; it waits for nothing here. Clients cost a place each and a
 * few seconds at most; when all places are taken the oldest one goes. Whatever they send harms
 * nobody. What is shown is status_report.h's. */
#ifndef WEFT_STATUS_H
#define WEFT_STATUS_H

#include "loop.h"

#define WEFT_STATUS_PREFIX      "weft-status."
#define WEFT_STATUS_NAME_BYTES  64
#define WEFT_STATUS_PORTS_MAX   16 /* tried from the one that the setting names */
#define WEFT_STATUS_CLIENTS_MAX 16
#define WEFT_STATUS_TEXT_BYTES  (8u << 20) /* every snapshot fits */

#define WEFT_STATUS_AGE_REAL_NS    20000000u   /* a younger snapshot is shown again */
#define WEFT_STATUS_ANSWER_REAL_NS 2000000000u /* the progress thread has this long */
#define WEFT_STATUS_CLIENT_REAL_NS 5000000000u /* a client has this long for all of it */

struct weft_status;

/* Listens as the setting says, and starts the thread; before the progress thread is started.
 * `*status` is NULL where it is off, or cannot be had, which is warned of: no comm fails for it.
 * weftInvalidArgument  the setting is none of what is valid; `why` says so */
weftResult_t weft_status_open(struct weft_loop *loop, uint32_t number, struct weft_status **status,
                              char why[WEFT_MACHINE_WHY_BYTES]);

/* Needs: the progress thread has stopped, or never ran. NULL allowed. */
void weft_status_close(struct weft_status *status);

/* The progress thread's: takes a snapshot if one is asked for; true when it did. */
bool weft_status_answer(struct weft_status *status);

/* The address of the k-th status socket of comm `number` of a process: k is above 0 only where
 * another process of the same number (of another container) was first. */
void weft_status_name(char name[WEFT_STATUS_NAME_BYTES], int pid, uint32_t number, uint32_t k);

#endif
