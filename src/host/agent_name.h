/* What a comm is called among those of its server, for others' memory of it. */
#ifndef WEFT_AGENT_NAME_H
#define WEFT_AGENT_NAME_H

#include "../base/base.h"

/* The name of the lowest number that no other comm of this server has: a restarted process finds
 * that of its former life, as the kernel gives a socket's name back when its process ends. The name
 * is kept as long as `*fd` is open; it is -1 where there is none, and the name the comm's alone. */
uint64_t weft_agent_name_take(uint32_t server, uint64_t incarnation, int *fd);

/* Wall-clock time: of two comms of one name the later one is the present one. */
uint64_t weft_agent_name_born_ns(void);

#endif
