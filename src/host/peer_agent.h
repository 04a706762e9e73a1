/* The embedded agent of a comm: what it and its peers say of themselves; see core/agent.h.
 *
 * What a peer says of its own links the plan follows; what it passes on of others is for people. */
#ifndef WEFT_PEER_AGENT_H
#define WEFT_PEER_AGENT_H

#include "../base/buf.h"
#include "../base/text.h"

struct weft_loop;
struct weft_peer;
struct weft_peers;

/* The agent of a comm; false: no memory. */
bool weft_peers_agent_open(const struct weft_loop *loop, struct weft_peers *peers);
void weft_peers_agent_close(struct weft_peers *peers);

/* A NIC of this server sends and receives at these rates now; 0: it is cut. */
void weft_peers_nic_rates(struct weft_loop *loop, uint32_t nic, uint64_t out_bytes_per_us,
                          uint64_t in_bytes_per_us);

/* A lane over a NIC of this server is up again: what is down there is probed now. */
void weft_peers_nic_again(struct weft_loop *loop, uint32_t nic);

/* Tells peers what they do not know, and when there is something to tell next. */
void weft_peers_agent_poll(struct weft_loop *loop, weft_ns now);
weft_ns weft_peers_agent_at(const struct weft_peers *peers);

/* A peer has taken the place of one that is gone: its links are as described until it says
 * otherwise, and what was down there is probed now. */
void weft_peers_links_anew(struct weft_loop *loop, struct weft_peer *peer);

/* A peer has told a record. */
void weft_peer_heard(struct weft_loop *loop, uint32_t peer, struct weft_reader *reader);

/* The servers that are known, as JSON: "servers":[...]. Needs: the progress thread. */
void weft_peers_report(struct weft_loop *loop, struct weft_text *text);

#endif
