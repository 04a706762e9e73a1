/* The loop's part in sharing the links with other processes; see loads.h. */
#include "loads.h"
#include "log.h"
#include "loop.h"

void weft_loop_loads_open(struct weft_loop *loop)
{
    const struct weft_config *config = &loop->config;
    bool is_emulated = loop->machine->emulation.on;
    struct weft_process self;
    char why[WEFT_LOADS_WHY_BYTES];

    /* An emulated machine without a name is this process's alone. */
    if (!weft_text_equal(config->loads, "shared") ||
        (is_emulated && config->emu_machine[0] == '\0'))
        return;
    weft_process_self(is_emulated ? config->emu_machine : NULL, &self);
    if (weft_loads_open(&self, &loop->machine->topo, &loop->loads, why) != weftSuccess)
        weft_log(WEFT_LOG_INFO, loop->noun,
                 "other processes of this server do not know what this one takes of links: %s",
                 why);
}

void weft_loop_loads_close(struct weft_loop *loop)
{
    weft_loads_close(loop->loads);
    loop->loads = NULL;
}

/* In what all processes of this server call now. */
static uint64_t real_now(const struct weft_loop *loop)
{
    weft_ns now = weft_clock_now(&loop->clock);

    return loop->clock.origin_ns + weft_clock_real(&loop->clock, now);
}

static void tell(struct weft_loop *loop)
{
    struct weft_load own[WEFT_LINKS_MAX];
    uint64_t plans = weft_engine_plans(loop->engine);

    if (plans == loop->plans_told)
        return;
    loop->plans_told = plans;
    weft_engine_load(loop->engine, own, loop->machine->topo.link_count);
    weft_loads_tell(loop->loads, own);
}

void weft_loop_share_loads(struct weft_loop *loop)
{
    bool is_new[WEFT_LINKS_MAX];
    weft_ns now;

    if (loop->loads == NULL)
        return;
    tell(loop);
    if (!weft_loads_look(loop->loads, real_now(loop), is_new))
        return;
    now = weft_clock_now(&loop->clock);
    for (uint32_t i = 0; i < loop->loads->link_count; i++) {
        struct weft_event event = {
            .kind = WEFT_EVENT_LINK_LOAD, .link = i, .load = loop->loads->foreign[i]};

        if (is_new[i])
            weft_engine_event(loop->engine, &event, now);
    }
}
