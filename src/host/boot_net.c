/* Nets of meetings; see boot_net.h. */
#include "boot_net.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "listen.h"
#include "log.h"
#include "machine.h"
#include "registry.h"
#include "share.h"

#define SILENCE_NS   500000000u
#define SLEEP_NS_MAX 1000000000u

static weftResult_t find_addresses(const struct weft_config *settings,
                                   struct weft_net_nic nics[WEFT_BOOT_NICS_MAX],
                                   uint32_t *nic_count, char why[256])
{
    struct weft_interfaces *interfaces = calloc(1, sizeof(*interfaces));
    weftResult_t result = weftInvalidArgument;
    uint32_t server = 0;

    weft_text_copy(why, 256, "no memory to look for network interfaces");
    if (interfaces == NULL)
        return weftSystemError;
    weft_interfaces_find(settings, interfaces);
    weft_text_copy(why, 256, interfaces->wrong);
    if (interfaces->wrong[0] == '\0') {
        /* One that is wrong is found when the machine is opened. */
        (void)weft_server_parse(settings->server_id, &server);
        *nic_count =
            weft_listen_addresses(settings, interfaces, server, 1, nics, WEFT_BOOT_NICS_MAX);
        result = weftSuccess;
    }
    free(interfaces);
    return result;
}

weftResult_t weft_boot_net_open(struct weft_boot_net *boot, const struct weft_config *settings,
                                uint32_t peers_max, uint64_t dial_ns, char why[256])
{
    struct weft_net_nic nics[WEFT_BOOT_NICS_MAX];
    uint32_t nic_count;
    struct weft_net_env env = {
        .cookies_max = 1,
        .windows_max = 1,
        .peers_max = peers_max,
        .crypto = WEFT_NET_CRYPTO_FULL,
        .hello = "",
        .silence_ns = SILENCE_NS,
        .dial_ns = dial_ns,
        .log = weft_log_transport,
    };

    memset(boot, 0, sizeof(*boot));
    weft_clock_init(&boot->clock, 1);
    boot->ops = weft_registry_net("tcp");
    weft_assert(boot->ops != NULL);
    WEFT_TRY(find_addresses(settings, nics, &nic_count, why));
    weft_text_copy(why, 256, "the system gives no random numbers");
    if (!weft_random(&env.incarnation, sizeof(env.incarnation)) ||
        !weft_random(env.secret, sizeof(env.secret)))
        return weftSystemError;
    return boot->ops->open(&env, nics, nic_count, &boot->net, why);
}

void weft_boot_net_close(struct weft_boot_net *boot)
{
    if (boot->net != NULL)
        boot->ops->close(boot->net);
    boot->net = NULL;
}

void weft_boot_net_poll(struct weft_boot_net *boot, weft_ns until_at)
{
    struct pollfd ready = {.fd = boot->ops->wakeup_fd(boot->net), .events = POLLIN};
    struct weft_completion none;
    weft_ns now = weft_clock_now(&boot->clock);
    weft_ns net_at = weft_sub_sat(boot->ops->deadline_ns(boot->net), boot->clock.origin_ns);
    weft_ns sleep_ns = weft_min(weft_sub_sat(weft_min(until_at, net_at), now), SLEEP_NS_MAX);

    /* Rounded up: who wakes too early has nothing to do. */
    if (sleep_ns > 0)
        (void)poll(&ready, 1, (int)((sleep_ns + WEFT_NS_PER_MS - 1) / WEFT_NS_PER_MS));
    (void)boot->ops->poll(boot->net, &none, 1);
}
