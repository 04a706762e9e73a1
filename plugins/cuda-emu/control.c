/* weftEmu*: what emu.h promises, on the one machine of the process. */
#include "driver.h"

#include "base/text.h"
#include "host/env.h"

WEFT_EMU_EXPORT weft_emu_open_fn weftEmuOpen;
WEFT_EMU_EXPORT weft_emu_join_fn weftEmuJoin;
WEFT_EMU_EXPORT weft_emu_link_fn weftEmuLink;
WEFT_EMU_EXPORT weft_emu_fail_copies_fn weftEmuFailCopies;
WEFT_EMU_EXPORT weft_emu_place_fn weftEmuPlace;
WEFT_EMU_EXPORT weft_emu_link_look_fn weftEmuLinkLook;
WEFT_EMU_EXPORT weft_emu_bytes_fn weftEmuBytes;
WEFT_EMU_EXPORT weft_emu_now_fn weftEmuNow;
WEFT_EMU_EXPORT weft_emu_submit_ns_fn weftEmuSubmitNs;

_Static_assert(WEFT_EMU_WHY_BYTES >= WEFT_ENV_WHY_BYTES, "a reason of the environment fits");

static int refuse_closed(char why[WEFT_EMU_WHY_BYTES])
{
    weft_text_copy(why, WEFT_EMU_WHY_BYTES,
                   "no machine is open; call weftEmuOpen, or cuInit with WEFT_EMULATE set");
    return -1;
}

static int refuse_busy(char why[WEFT_EMU_WHY_BYTES])
{
    weft_text_copy(why, WEFT_EMU_WHY_BYTES,
                   "the other processes of the machine leave no time for this; try again");
    return -1;
}

int weftEmuOpen(const char *node, unsigned dilation, char why[WEFT_EMU_WHY_BYTES])
{
    struct weft_config config;

    weft_config_init(&config);
    if (weft_env_read(&config, why) != weftSuccess)
        return -1;
    return weft_emu_open(node, dilation, config.emu_machine, why);
}

int weftEmuJoin(const char *node, unsigned dilation, const char *machine_name,
                char why[WEFT_EMU_WHY_BYTES])
{
    if (machine_name == NULL || machine_name[0] == '\0') {
        weft_text_copy(why, WEFT_EMU_WHY_BYTES, WEFT_EMU_NAMES);
        return -1;
    }
    return weft_emu_open(node, dilation, machine_name, why);
}

/* Sets a link on the board. */
static int set_link(struct weft_emu *emu, const char *link, enum weft_emu_link_state state,
                    unsigned permille, uint64_t *fault, char why[WEFT_EMU_WHY_BYTES])
{
    struct weft_emu_board *board = &emu->board;

    do {
        if (!weft_emu_board_lock(board, WEFT_EMU_BOARD_CALL_NS))
            return refuse_busy(why);
        if (weft_emu_machine_set_link(&emu->machine, link, state, permille, why) != 0) {
            weft_emu_board_unlock(board);
            return -1;
        }
        *fault = ++board->state.fault_count;
        if (board->is_shared) { /* a private machine's worker lets the model come up to now first */
            board->state.is_stale = true;
            weft_emu_state_share(&board->state);
        }
    } while (!weft_emu_board_unlock(board));
    return 0;
}

int weftEmuLink(const char *link, enum weft_emu_link_state state, unsigned permille,
                char why[WEFT_EMU_WHY_BYTES])
{
    struct weft_emu *emu = weft_emu_enter_any();
    uint64_t fault;
    int result;

    if (emu == NULL)
        return refuse_closed(why);
    weft_emu_catch_up(emu);
    result = set_link(emu, link, state, permille, &fault, why);
    if (result == 0)
        weft_emu_apply_everywhere(emu, fault);
    weft_emu_leave(emu);
    return result;
}

static int fail_copies(struct weft_emu *emu, uint32_t device, unsigned count,
                       char why[WEFT_EMU_WHY_BYTES])
{
    do {
        if (!weft_emu_board_lock(&emu->board, WEFT_EMU_BOARD_CALL_NS))
            return refuse_busy(why);
        emu->machine.live->failing[device] = count;
    } while (!weft_emu_board_unlock(&emu->board));
    return 0;
}

int weftEmuFailCopies(const char *device, unsigned count, char why[WEFT_EMU_WHY_BYTES])
{
    struct weft_emu *emu = weft_emu_enter_any();
    uint32_t index;
    int result = -1;

    if (emu == NULL)
        return refuse_closed(why);
    index = weft_emu_machine_device(&emu->machine, device, why);
    if (index != WEFT_NONE)
        result = fail_copies(emu, index, count, why);
    weft_emu_leave(emu);
    return result;
}

int weftEmuPlace(const void *base, size_t size, int numa_node)
{
    struct weft_emu *emu = weft_emu_enter_any();
    bool is_placed;

    if (emu == NULL)
        return -1;
    is_placed = weft_emu_memory_place(&emu->memory, base, size, numa_node);
    weft_emu_leave(emu);
    return is_placed ? 0 : -1;
}

/* On the board; false when it could not be had. */
static bool look_at_link(struct weft_emu *emu, uint32_t link, struct weft_emu_link_now *now)
{
    const struct weft_emu_live *live = emu->machine.live;
    uint32_t reverse = emu->machine.topo.links[link].reverse;

    do {
        if (!weft_emu_board_lock(&emu->board, WEFT_EMU_BOARD_CALL_NS))
            return false;
        now->out_bytes_per_us = (uint64_t)live->links[link].rate_bytes_per_us;
        now->in_bytes_per_us = (uint64_t)live->links[reverse].rate_bytes_per_us;
        now->is_cut = live->cut[link];
        now->loss_one_in = live->loss_one_in[link];
        now->delay_us = live->delay_us[link];
    } while (!weft_emu_board_unlock(&emu->board));
    return true;
}

int weftEmuLinkLook(const char *link, struct weft_emu_link_now *now)
{
    struct weft_emu *emu = weft_emu_enter_any();
    uint32_t index;
    bool is_read = false;

    if (emu == NULL)
        return -1;
    index = weft_topo_link_find(&emu->machine.topo, link);
    if (index != WEFT_NONE)
        is_read = look_at_link(emu, index, now);
    weft_emu_leave(emu);
    return is_read ? 0 : -1;
}

uint64_t weftEmuBytes(const char *device, int direction)
{
    struct weft_emu *emu = weft_emu_enter_any();
    char why[WEFT_EMU_WHY_BYTES];
    uint64_t bytes = 0;
    uint32_t index;

    if (emu == NULL)
        return 0;
    index = weft_emu_machine_device(&emu->machine, device, why);
    if (index != WEFT_NONE && (direction == 0 || direction == 1))
        bytes = atomic_load(&emu->board.common->bytes[index][direction]);
    weft_emu_leave(emu);
    return bytes;
}

uint64_t weftEmuNow(void)
{
    struct weft_emu *emu = weft_emu_enter_any();
    uint64_t now;

    if (emu == NULL)
        return 0;
    now = weft_emu_clock_now(&emu->clock);
    weft_emu_leave(emu);
    return now;
}

uint64_t weftEmuSubmitNs(void)
{
    struct weft_emu *emu = weft_emu_enter_any();
    uint64_t submit_ns;

    if (emu == NULL)
        return 0;
    submit_ns = weft_counter_get(&emu->clock.submit_ns);
    weft_emu_leave(emu);
    return submit_ns;
}
