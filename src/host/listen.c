/* The addresses that a net listens on; see listen.h. */
#include "listen.h"

#include <string.h>

#include "log.h"

#define SEPARATOR ','

static uint32_t split(const char *text, struct weft_net_nic *nics, uint32_t max)
{
    uint32_t count = 0;

    for (; *text != '\0' && count < max; count++) {
        size_t length = strcspn(text, ",");

        weft_format(nics[count].address, sizeof(nics[count].address), "%.*s", (int)length, text);
        text += length + (text[length] == SEPARATOR);
    }
    return count;
}

static uint32_t use(const struct weft_interfaces *interfaces, struct weft_net_nic *nics,
                    uint32_t max)
{
    uint32_t count = (uint32_t)weft_min(interfaces->used_count, max);

    for (uint32_t i = 0; i < count; i++)
        weft_text_copy(nics[i].address, sizeof(nics[i].address),
                       interfaces->rows[interfaces->used[i]].address);
    return count;
}

uint32_t weft_listen_addresses(const struct weft_config *config,
                               const struct weft_interfaces *interfaces, uint32_t server,
                               uint32_t nic_count, struct weft_net_nic *nics, uint32_t max)
{
    uint32_t count = (uint32_t)weft_min(nic_count, max);

    weft_assert(max > 0);
    if (config->net_address[0] != '\0')
        return split(config->net_address, nics, max);
    if (config->emulate[0] == '\0' && interfaces->used_count > 0)
        return use(interfaces, nics, max);
    if (config->emulate[0] == '\0' || count == 0) {
        weft_text_copy(nics[0].address, sizeof(nics[0].address), "127.0.0.1");
        return 1;
    }
    for (uint32_t i = 0; i < count; i++)
        weft_format(nics[i].address, sizeof(nics[i].address), "127.%u.%u.1", server & 0xff, i + 1);
    return count;
}
