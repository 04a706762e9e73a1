/* Strangers that call on all ports; see strangers.h. */
#include "strangers.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <unistd.h>

/* Where the kernel lists who waits for anybody, and with which state. */
static const struct {
    const char *file;
    unsigned state;
    int type;
} lists[] = {{"/proc/net/tcp", 10, SOCK_STREAM}, {"/proc/net/udp", 7, SOCK_DGRAM}};

static bool is_wanted(const struct strangers *strangers, unsigned address)
{
    for (const unsigned *server = strangers->servers; *server != 0; server++)
        if ((address & 0xff) == 127 && (address >> 8 & 0xff) == *server)
            return true;
    return false;
}

/* All that listens there, as the kernel lists it. */
static uint32_t find_listed(struct strangers *strangers, size_t list, uint32_t count)
{
    FILE *file = fopen(lists[list].file, "r");
    char line[256];

    cr_assert_not_null(file);
    while (fgets(line, sizeof(line), file) != NULL && count < STRANGERS_PORTS_MAX) {
        unsigned address;
        unsigned port;
        unsigned state;

        if (sscanf(line, " %*d: %8X:%4X %*8X:%*4X %2X", &address, &port, &state) != 3 ||
            state != lists[list].state || !is_wanted(strangers, address))
            continue;
        strangers->addresses[count] = address;
        strangers->types[count] = lists[list].type;
        strangers->ports[count++] = port;
    }
    (void)fclose(file);
    return count;
}

static void find_ports(struct strangers *strangers)
{
    uint32_t count = 0;

    for (size_t list = 0; list < sizeof(lists) / sizeof(lists[0]); list++)
        count = find_listed(strangers, list, count);
    atomic_store(&strangers->port_count, count);
}

/* A scanner says nothing, or a few bytes, and goes; the other client goes on until it is thrown
 * out. */
static void visit(struct strangers *strangers, uint32_t i, uint64_t *random)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)strangers->ports[i]),
                             .sin_addr = {.s_addr = strangers->addresses[i]}};
    int fd = socket(AF_INET, strangers->types[i] | SOCK_CLOEXEC, 0);
    unsigned char bytes[512];

    if (fd < 0)
        return;
    if (connect(fd, (struct sockaddr *)(void *)&to, sizeof(to)) == 0) {
        size_t sends;

        atomic_fetch_add(&strangers->connected, 1);
        for (size_t k = 0; k < sizeof(bytes); k++) {
            *random = *random * 6364136223846793005u + 1442695040888963407u;
            bytes[k] = (unsigned char)(*random >> 56);
        }
        sends = *random >> 33 & 7;
        for (size_t k = 0; k < sends; k++)
            if (send(fd, bytes, bytes[k] * 2u + 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
                break;
    }
    close(fd);
}

static void *bother(void *argument)
{
    struct strangers *strangers = argument;
    uint64_t random = 1;

    while (!atomic_load(&strangers->stop)) {
        for (uint32_t i = 0; i < atomic_load(&strangers->port_count); i++)
            visit(strangers, i, &random);
        find_ports(strangers);
    }
    return NULL;
}

void strangers_begin(struct strangers *strangers, const unsigned *servers)
{
    strangers->servers = servers;
    atomic_init(&strangers->stop, false);
    atomic_init(&strangers->connected, 0);
    find_ports(strangers);
    cr_assert_eq(pthread_create(&strangers->thread, NULL, bother, strangers), 0);
}

void strangers_end(struct strangers *strangers)
{
    atomic_store(&strangers->stop, true);
    pthread_join(strangers->thread, NULL);
}
