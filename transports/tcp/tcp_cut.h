/* The cut of a copy into frames, so that between them what is more urgent may go. */
#ifndef WEFT_TCP_CUT_H
#define WEFT_TCP_CUT_H

#include "base/buf.h"
#include "net/net_end.h"

#define WEFT_TCP_FRAME_BYTES 262144 /* payload of a frame, at most */

/* A place in the extents of a copy. */
struct weft_tcp_spot {
    uint32_t block; /* WEFT_NONE: behind the last one */
    uint32_t index;
    uint64_t skip_bytes; /* of the extent, done */
};

struct weft_tcp_cut {
    uint32_t operation; /* or WEFT_NONE */
    struct weft_tcp_spot begun;
    struct weft_tcp_spot taken;
    uint64_t payload_bytes; /* between the two */
};

/* The next frame. */
struct weft_tcp_part {
    uint32_t extent_count;
    uint64_t size_bytes;
    struct weft_tcp_spot end;
};

void weft_tcp_cut_init(struct weft_tcp_cut *cut);
void weft_tcp_cut_begin(struct weft_tcp_cut *cut, const struct weft_net_end *end,
                        uint32_t operation);
bool weft_tcp_cut_is_whole(const struct weft_tcp_cut *cut); /* its last frame was begun */
struct weft_tcp_part weft_tcp_cut_part(const struct weft_tcp_cut *cut,
                                       const struct weft_net_end *end);
/* Begins the part: writes its extents. Its payload is to be taken next. */
void weft_tcp_cut_write(struct weft_tcp_cut *cut, const struct weft_net_end *end,
                        const struct weft_tcp_part *part, struct weft_writer *writer);
/* The next contiguous bytes of the payload, and how many; false: all was taken. */
bool weft_tcp_cut_look(struct weft_tcp_cut *cut, const struct weft_net_end *end, const char **bytes,
                       uint64_t *size_bytes);
void weft_tcp_cut_take(struct weft_tcp_cut *cut, const struct weft_net_end *end,
                       uint64_t size_bytes);

#endif
