/* Names of comms, by what the system knows: its boot, its network, and whose socket has a name. */
#include "agent_name.h"

#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "../base/hash.h"
#include "log.h"

#define BOOT_ID_FILE "/proc/sys/kernel/random/boot_id"
#define NETWORK_FILE "/proc/self/ns/net"
#define NAMES_MAX    256 /* comms of one server on one computer */

/* Where a number of a server is taken: this run of the system, and its network. */
static uint64_t hash_of_place(uint32_t server)
{
    uint64_t hash = weft_hash_word(WEFT_HASH_SEED, server);
    int file = open(BOOT_ID_FILE, O_RDONLY | O_CLOEXEC);
    char text[64];
    ssize_t size = file >= 0 ? read(file, text, sizeof(text)) : 0;
    struct stat network;

    if (file >= 0)
        (void)close(file);
    if (size > 0)
        hash = weft_hash_bytes(hash, text, (size_t)size);
    if (stat(NETWORK_FILE, &network) == 0)
        hash = weft_hash_word(hash, network.st_ino);
    return hash;
}

uint64_t weft_agent_name_take(uint32_t server, uint64_t incarnation, int *fd)
{
    uint64_t name = hash_of_place(server);

    *fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    for (uint32_t i = 0; i < NAMES_MAX && *fd >= 0; i++) {
        struct sockaddr_un at = {.sun_family = AF_UNIX};
        char *text = at.sun_path + 1; /* behind a NUL: no file */
        socklen_t size;

        weft_format(text, sizeof(at.sun_path) - 1, "weft-agent/%08x/%u", server, i);
        size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(text));
        if (bind(*fd, (struct sockaddr *)(void *)&at, size) == 0)
            return weft_hash_word(name, i);
    }
    return weft_hash_word(name, incarnation);
}

uint64_t weft_agent_name_born_ns(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
