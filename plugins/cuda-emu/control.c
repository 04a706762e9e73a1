/* weftEmu*: what emu.h promises, on the one machine of the process. */
#include "driver.h"

#include "base/text.h"

WEFT_EMU_EXPORT weft_emu_open_fn weftEmuOpen;
WEFT_EMU_EXPORT weft_emu_link_fn weftEmuLink;
WEFT_EMU_EXPORT weft_emu_fail_copies_fn weftEmuFailCopies;
WEFT_EMU_EXPORT weft_emu_place_fn weftEmuPlace;
WEFT_EMU_EXPORT weft_emu_bytes_fn weftEmuBytes;
WEFT_EMU_EXPORT weft_emu_now_fn weftEmuNow;
WEFT_EMU_EXPORT weft_emu_submit_ns_fn weftEmuSubmitNs;

static int refuse_closed(char why[WEFT_EMU_WHY_BYTES])
{
    weft_text_copy(why, WEFT_EMU_WHY_BYTES,
                   "no machine is open; call weftEmuOpen, or cuInit with WEFT_EMULATE set");
    return -1;
}

int weftEmuOpen(const char *node, unsigned dilation, char why[WEFT_EMU_WHY_BYTES])
{
    return weft_emu_open(node, dilation, why);
}

int weftEmuLink(const char *link, enum weft_emu_link_state state, unsigned permille,
                char why[WEFT_EMU_WHY_BYTES])
{
    struct weft_emu *emu = weft_emu_enter_any();
    int result;

    if (emu == NULL)
        return refuse_closed(why);
    result = weft_emu_machine_set_link(&emu->machine, link, state, permille, why);
    if (result == 0)
        weft_emu_apply(emu);
    weft_emu_leave(emu);
    return result;
}

int weftEmuFailCopies(const char *device, unsigned count, char why[WEFT_EMU_WHY_BYTES])
{
    struct weft_emu *emu = weft_emu_enter_any();
    uint32_t index;

    if (emu == NULL)
        return refuse_closed(why);
    index = weft_emu_machine_device(&emu->machine, device, why);
    if (index != WEFT_NONE)
        emu->machine.failing[index] = count;
    weft_emu_leave(emu);
    return index == WEFT_NONE ? -1 : 0;
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
        bytes = emu->machine.bytes[index][direction];
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
