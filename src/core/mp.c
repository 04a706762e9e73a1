/* Sessions: making, submitting, events, looking in. */
#include "mp_tables.h"

#define PACKET_MOST 65000

void weft_mp_defaults(struct weft_mp_config *config)
{
    *config = (struct weft_mp_config){
        .path_count = 1,
        .group_count = 1,
        .packet_bytes = 1400,
        .burst_packets = 16,
        .ack_packets = 8,
        .ack_ns = 100000,
        .rto_ns_min = 500000,
        .rto_ns_first = 5000000,
        .host_ns = 200000,
        .probe_ns_max = 20000000,
        .keepalive_ns = 1000000000,
        .silence_ns = 2000000000,
        .first_window_bytes = WEFT_KIB(128),
        .unscheduled_bytes = WEFT_KIB(256),
        .room_bytes = WEFT_MIB(8),
    };
}

bool weft_mp_config_valid(const struct weft_mp_config *config, const char **why)
{
    const char *wrong = NULL;

    if (config->group_count < 1 || config->group_count > WEFT_MP_GROUPS_MAX)
        wrong = "group_count is 1 to 16";
    else if (config->path_count < config->group_count || config->path_count > WEFT_MP_PATHS_MAX)
        wrong = "path_count is group_count to 128";
    else if (config->packet_bytes < WEFT_MP_PACKET_LEAST || config->packet_bytes > PACKET_MOST)
        wrong = "packet_bytes is 1200 to 65000";
    else if (config->burst_packets < 1 || config->ack_packets < 1)
        wrong = "burst_packets and ack_packets are at least 1";
    else if (config->ack_packets > WEFT_MP_PACKETS / 4)
        wrong = "ack_packets is at most 256: a quarter of what may be out";
    else if (config->rto_ns_min == 0 || config->rto_ns_first == 0 || config->probe_ns_max == 0 ||
             config->keepalive_ns == 0 || config->silence_ns == 0)
        wrong = "times are more than 0";
    else if (config->unscheduled_bytes == 0)
        wrong = "unscheduled_bytes is at least 1: something must announce a message";
    if (wrong != NULL)
        *why = wrong;
    return wrong == NULL;
}

size_t weft_mp_size(const struct weft_mp_config *config)
{
    (void)config;
    return sizeof(struct weft_mp);
}

struct weft_mp *weft_mp_init(const struct weft_mp_config *config, void *memory, weft_ns now)
{
    struct weft_mp *mp = memory;

    memset(mp, 0, sizeof(*mp));
    mp->config = *config;
    mp->asked_at = WEFT_NEVER;
    mp->ask_at = WEFT_NEVER;
    mp->next_number = 1;
    mp->alive_count = config->path_count;
    weft_heap_init(&mp->timers, mp->timer_items, mp->timer_places,
                   config->path_count + config->group_count);
    for (uint32_t i = 0; i < config->path_count; i++)
        weft_mp_path_init(&mp->paths[i], i);
    for (uint32_t i = 0; i < config->group_count; i++) {
        weft_mp_group_init(&mp->groups[i], i, config);
        mp->groups[i].came_at = now;
        weft_mp_review(mp, &mp->groups[i], now);
    }
    weft_mp_seen_init(&mp->seen);
    weft_mp_inbox_init(&mp->inbox, config);
    weft_mp_messages_init(&mp->messages);
    weft_mp_sent_init(&mp->sent);
    return mp;
}

weftResult_t weft_mp_submit(struct weft_mp *mp, uint64_t cookie, uint32_t group,
                            uint64_t size_bytes, uint32_t own_head_bytes)
{
    return weft_mp_submit_in_class(mp, cookie, group, WEFT_MP_OWN, size_bytes, own_head_bytes);
}

weftResult_t weft_mp_submit_in_class(struct weft_mp *mp, uint64_t cookie, uint32_t group,
                                     enum weft_mp_class class, uint64_t size_bytes,
                                     uint32_t own_head_bytes)
{
    struct weft_mp_message message = {
        .queue = group == WEFT_MP_GROUP_ANY ? WEFT_MP_QUEUE_ANY
                                            : group * WEFT_MP_CLASSES + (uint32_t) class,
        .own_head_bytes = own_head_bytes,
        .size_bytes = (uint32_t)size_bytes,
        .allowed_bytes = (uint32_t)weft_min(size_bytes, mp->config.unscheduled_bytes),
        .cookie = cookie,
        .result = weftSuccess,
    };

    weft_assert((unsigned)class < WEFT_MP_CLASSES);
    weft_assert(group == WEFT_MP_GROUP_ANY || group < mp->config.group_count);
    weft_assert(size_bytes <= WEFT_MP_MESSAGE_BYTES);
    weft_assert(own_head_bytes <= WEFT_MP_OWN_HEAD_BYTES);
    if (mp->is_aborted || weft_mp_message_add(&mp->messages, &message) == WEFT_NONE)
        return weftNoResource;
    return weftSuccess;
}

void weft_mp_abort(struct weft_mp *mp, weftResult_t result)
{
    mp->is_aborted = true;
    for (uint32_t i = 0; i < WEFT_MP_MESSAGES; i++) {
        enum weft_mp_message_state state = mp->messages.table[i].state;

        if (state != WEFT_MP_MESSAGE_FREE && state != WEFT_MP_MESSAGE_ENDED)
            weft_mp_message_end(&mp->messages, i, result);
    }
}

static bool group_event(struct weft_mp *mp, struct weft_mp_event *event)
{
    for (uint32_t i = 0; i < mp->config.group_count; i++) {
        struct weft_mp_group *group = &mp->groups[i];
        bool is_up = group->dead_count < group->path_count;

        if (is_up == group->is_up_told)
            continue;
        group->is_up_told = is_up;
        event->kind = is_up ? WEFT_MP_GROUP_UP : WEFT_MP_GROUP_DOWN;
        event->group = i;
        return true;
    }
    return false;
}

bool weft_mp_event(struct weft_mp *mp, struct weft_mp_event *event)
{
    struct weft_mp_message was;

    *event = (struct weft_mp_event){.kind = WEFT_MP_ENDED, .group = WEFT_NONE};
    if (weft_mp_message_told(&mp->messages, &was)) {
        event->cookie = was.cookie;
        event->result = was.result;
        return true;
    }
    if (mp->is_aborted)
        return false;
    if (group_event(mp, event))
        return true;
    if (mp->is_lost == mp->is_lost_told)
        return false;
    mp->is_lost_told = mp->is_lost;
    event->kind = mp->is_lost ? WEFT_MP_LOST : WEFT_MP_FOUND;
    return true;
}

void weft_mp_room(struct weft_mp *mp, uint64_t room_bytes)
{
    weft_mp_inbox_room(&mp->inbox, room_bytes);
}

uint32_t weft_mp_messages(const struct weft_mp *mp)
{
    return WEFT_MP_MESSAGES - mp->messages.free.free_count;
}

const struct weft_mp_counts *weft_mp_counts_of(const struct weft_mp *mp)
{
    return &mp->counts;
}

const char *weft_mp_path_look(const struct weft_mp *mp, uint32_t path)
{
    weft_assert(path < mp->config.path_count);
    return weft_mp_path_state_name(mp->paths[path].state);
}
