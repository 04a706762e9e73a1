/* Agents: any bytes, as what peers tell and what happens, leave one that tells each peer each
 * version once, keeps the newest of each origin, and stays in its bounds. The first byte of each
 * step says what it is. */
#include <string.h>

#include "core/agent.h"
#include "core/condition.h"
#include "fuzz.h"

#define GAP 5

static struct weft_agent agent;
static uint8_t again[WEFT_AGENT_HEAD_BYTES + WEFT_AGENT_BYTES_MAX];

static void check_record(const struct weft_agent_record *record)
{
    struct weft_reader reader = weft_reader_of(record->bytes, record->size_bytes);
    struct weft_condition condition;

    if (!weft_condition_read(&condition, &reader))
        weft_assert(condition.count == 0);
    for (uint32_t i = 1; i < condition.count; i++)
        weft_assert(condition.links[i - 1].link < condition.links[i].link);
}

/* What is heard is at least as new here afterwards, and is written again as it came. */
static void hear(uint32_t peer, const uint8_t *bytes, size_t size, weft_ns now)
{
    struct weft_reader reader = weft_reader_of(bytes, size);
    struct weft_agent_record record;
    struct weft_writer writer;
    enum weft_agent_news news;
    uint32_t origin = WEFT_NONE;
    uint32_t place;

    if (!weft_agent_read(&record, &reader))
        return;
    check_record(&record);
    news = weft_agent_hear(&agent, peer, &record, now, &origin);
    place = weft_agent_find(&agent, record.name);
    weft_assert(place != WEFT_NONE);
    weft_assert(!weft_agent_is_newer(record.version, agent.origins[place].version));
    if (news != WEFT_AGENT_NEW)
        return;
    weft_assert(origin == place);
    writer = weft_writer_of(again, sizeof(again));
    weft_agent_write(&agent.origins[origin], &writer);
    weft_assert(writer.used == size);
    weft_assert(memcmp(again, bytes, size) == 0);
}

static void tell_all(weft_ns *now)
{
    uint32_t peer;
    uint32_t origin;
    uint32_t told = 0;

    for (;; *now = agent.wake_at) {
        while (weft_agent_next(&agent, *now, &peer, &origin)) {
            weft_agent_told(&agent, peer, origin, *now);
            weft_assert(++told <= WEFT_AGENT_PEERS_MAX * WEFT_AGENT_ORIGINS_MAX);
        }
        if (agent.wake_at == WEFT_NEVER)
            return;
        weft_assert(agent.wake_at > *now);
        weft_assert(agent.wake_at <= *now + GAP);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct weft_reader reader = weft_reader_of(bytes, size);
    weft_ns now = 0;

    memset(&agent, 0, sizeof(agent));
    weft_agent_init(&agent, 1, 1, GAP, GAP);
    while (!reader.failed && reader.used < reader.size) {
        uint32_t step = (uint32_t)weft_reader_number(&reader, 1);
        uint32_t peer = (uint32_t)weft_reader_number(&reader, 1) % WEFT_AGENT_PEERS_MAX;
        size_t length = weft_reader_number(&reader, 1);
        const uint8_t *part = weft_reader_take(&reader, length);

        if (reader.failed)
            break;
        now++;
        switch (step % 4) {
        case 0:
            hear(peer, part, length, now);
            break;
        case 1:
            weft_agent_join(&agent, peer, now);
            break;
        case 2:
            weft_agent_leave(&agent, peer);
            break;
        default:
            (void)weft_agent_say(&agent, part, (uint32_t)length, now);
        }
    }
    tell_all(&now);
    return 0;
}
