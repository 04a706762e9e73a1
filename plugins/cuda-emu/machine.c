/* Builds the topology and keeps what its links carry. Rates are those of the topology times the
 * permille of the fault; a cut or hung link carries nothing. */
#include "machine.h"

#include "base/hash.h"
#include "base/text.h"
#include "core/preset.h"
#include "host/topo_xml.h"

#define NAME_BYTES   80
#define NUMBER_MAX   1000000u     /* of a lossy or far link */
#define MEMORY_BYTES WEFT_GIB(80) /* of a GPU that the file says nothing of */

static void list_presets(struct weft_text *text)
{
    for (uint32_t i = 0; weft_preset_name(i) != NULL; i++) {
        weft_text_add(text, i == 0 ? "" : ", ");
        weft_text_add(text, weft_preset_name(i));
    }
}

static int fill_topology(struct weft_emu_machine *machine, const char *node,
                         char why[WEFT_EMU_WHY_BYTES])
{
    char reason[WEFT_TOPO_WHY_BYTES] = "";
    struct weft_text text;

    if (weft_preset_fill(node, &machine->topo))
        return 0;
    if (weft_topo_xml_read(node, &machine->topo, reason) == weftSuccess)
        return 0;
    weft_text_init(&text, why, WEFT_EMU_WHY_BYTES);
    weft_text_add(&text, "'");
    weft_text_add(&text, node);
    weft_text_add(&text, "' is neither a preset (");
    list_presets(&text);
    weft_text_add(&text, ") nor a topology file that can be read: ");
    weft_text_add(&text, reason);
    return -1;
}

static void restore_link(struct weft_emu_live *live, const struct weft_topo *topo, uint32_t link,
                         unsigned permille)
{
    const struct weft_link *described = &topo->links[link];
    struct weft_emu_fluid_link *now = &live->links[link];

    now->rate_bytes_per_us = (double)described->rate_bytes_per_us * permille / 1000;
    now->duplex_bytes_per_us = (double)described->duplex_bytes_per_us * permille / 1000;
    now->reverse = described->reverse;
    live->cut[link] = false;
    live->loss_one_in[link] = 0;
    live->delay_us[link] = 0;
}

void weft_emu_live_init(struct weft_emu_live *live, const struct weft_topo *topo)
{
    for (uint32_t i = 0; i < topo->link_count; i++)
        restore_link(live, topo, i, 1000);
}

/* Topology files do not say all that a driver is asked. */
static void complete_gpu(struct weft_device *gpu)
{
    if (gpu->model[0] == '\0')
        weft_text_copy(gpu->model, sizeof(gpu->model), "Emulated GPU");
    if (gpu->memory_bytes == 0)
        gpu->memory_bytes = MEMORY_BYTES;
}

int weft_emu_machine_init(struct weft_emu_machine *machine, const char *node,
                          char why[WEFT_EMU_WHY_BYTES])
{
    uint32_t device;

    if (fill_topology(machine, node, why) != 0)
        return -1;
    weft_text_copy(machine->node, sizeof(machine->node), node);
    while (machine->gpu_count < WEFT_EMU_GPUS_MAX) {
        device = weft_topo_nth(&machine->topo, weftDeviceGpu, machine->gpu_count);
        if (device == WEFT_NONE)
            return 0;
        complete_gpu(&machine->topo.devices[device]);
        machine->gpus[machine->gpu_count++] = device;
    }
    return 0;
}

uint64_t weft_emu_machine_hash(const struct weft_emu_machine *machine)
{
    const struct weft_topo *topo = &machine->topo;
    uint64_t hash = WEFT_HASH_SEED;

    for (uint32_t i = 0; i < topo->device_count; i++) {
        const struct weft_device *device = &topo->devices[i];

        hash = weft_hash_word(hash, (uint64_t)device->kind << 32 | (uint32_t)device->numa_node);
        hash = weft_hash_word(hash, device->memory_bytes);
    }
    for (uint32_t i = 0; i < topo->link_count; i++) {
        const struct weft_link *link = &topo->links[i];

        hash = weft_hash_word(hash, (uint64_t)link->from << 32 | link->to);
        hash = weft_hash_word(hash, link->rate_bytes_per_us);
        hash = weft_hash_word(hash, link->duplex_bytes_per_us);
    }
    return hash;
}

static void list_links(const struct weft_topo *topo, struct weft_text *text)
{
    char name[NAME_BYTES];

    for (uint32_t i = 0; i < topo->link_count; i++) {
        weft_topo_link_name(topo, i, name, sizeof(name));
        if (weft_topo_link_find(topo, name) != i)
            continue;
        weft_text_char(text, ' ');
        weft_text_add(text, name);
    }
}

/* Whether the link can be in the state, with that number; else `why` says what is valid. */
static bool state_check(const struct weft_link *link, enum weft_emu_link_state state,
                        unsigned number, struct weft_text *why)
{
    bool is_of_nic = state == WEFT_EMU_LINK_LOSSY || state == WEFT_EMU_LINK_FAR;

    if ((unsigned)state >= WEFT_EMU_LINK_STATES) {
        weft_text_add(why, "a link is up (0), cut (1), hung (2), hung in its outgoing (3) or the "
                           "other direction (4), lossy (5) or far (6), not ");
        weft_text_number(why, (unsigned)state);
        return false;
    }
    if (state == WEFT_EMU_LINK_UP && (number < 1 || number > 1000)) {
        weft_text_add(why, "a link that is up has 1 to 1000 permille of its rate, not ");
        weft_text_number(why, number);
        return false;
    }
    if (is_of_nic && (link->kind != WEFT_LINK_NET || number < 1 || number > NUMBER_MAX)) {
        weft_text_add(why, "only a NIC's link to its network loses one packet in so many or is so "
                           "many us farther, as nic0-net, and the number is 1 to ");
        weft_text_number(why, NUMBER_MAX);
        return false;
    }
    return true;
}

/* Permille of what is described that a direction carries in the state; `hung` is the state in which
 * it alone carries nothing. */
static unsigned rate_of(enum weft_emu_link_state state, enum weft_emu_link_state hung,
                        unsigned permille)
{
    if (state == WEFT_EMU_LINK_UP)
        return permille;
    return state == WEFT_EMU_LINK_CUT || state == WEFT_EMU_LINK_HUNG || state == hung ? 0 : 1000;
}

int weft_emu_machine_set_link(struct weft_emu_machine *machine, const char *link,
                              enum weft_emu_link_state state, unsigned permille,
                              char why[WEFT_EMU_WHY_BYTES])
{
    uint32_t index = weft_topo_link_find(&machine->topo, link);
    uint32_t reverse;
    struct weft_text text;

    weft_text_init(&text, why, WEFT_EMU_WHY_BYTES);
    if (index == WEFT_NONE) {
        weft_text_add(&text, "no link '");
        weft_text_add(&text, link);
        weft_text_add(&text, "'; this machine has");
        list_links(&machine->topo, &text);
        return -1;
    }
    if (!state_check(&machine->topo.links[index], state, permille, &text))
        return -1;
    reverse = machine->topo.links[index].reverse;
    restore_link(machine->live, &machine->topo, index,
                 rate_of(state, WEFT_EMU_LINK_HUNG_OUT, permille));
    restore_link(machine->live, &machine->topo, reverse,
                 rate_of(state, WEFT_EMU_LINK_HUNG_IN, permille));
    machine->live->cut[index] = state == WEFT_EMU_LINK_CUT;
    machine->live->cut[reverse] = state == WEFT_EMU_LINK_CUT;
    machine->live->loss_one_in[index] = state == WEFT_EMU_LINK_LOSSY ? permille : 0;
    machine->live->delay_us[index] = state == WEFT_EMU_LINK_FAR ? permille : 0;
    return 0;
}

uint32_t weft_emu_machine_device(const struct weft_emu_machine *machine, const char *name,
                                 char why[WEFT_EMU_WHY_BYTES])
{
    uint32_t device = weft_topo_find(&machine->topo, name);
    struct weft_text text;

    if (device != WEFT_NONE)
        return device;
    weft_text_init(&text, why, WEFT_EMU_WHY_BYTES);
    weft_text_add(&text, "no device '");
    weft_text_add(&text, name);
    weft_text_add(&text, "'; this machine has");
    for (uint32_t i = 0; i < machine->topo.device_count; i++) {
        weft_text_char(&text, ' ');
        weft_text_add(&text, machine->topo.devices[i].name);
    }
    return WEFT_NONE;
}

static void path_add(const struct weft_emu_machine *machine, uint32_t from, uint32_t to, bool peer,
                     struct weft_emu_path *path)
{
    uint32_t links[WEFT_LINK_PATH_MAX];
    uint32_t count = weft_topo_links_between(&machine->topo, from, to, peer, links);

    for (uint32_t i = 0; i < count; i++) {
        bool known = false;

        for (uint32_t k = 0; k < path->count; k++)
            known = known || path->links[k] == links[i];
        if (!known)
            path->links[path->count++] = links[i];
    }
}

void weft_emu_machine_path(const struct weft_emu_machine *machine, uint32_t from, uint32_t to,
                           bool direct, struct weft_emu_path *path)
{
    const struct weft_topo *topo = &machine->topo;
    bool peers = from != to && topo->devices[from].kind == weftDeviceGpu &&
                 topo->devices[to].kind == weftDeviceGpu;
    uint32_t through = weft_topo_dram_of(topo, topo->devices[from].numa_node);

    path->count = 0;
    if (peers && !direct && through != WEFT_NONE) {
        path_add(machine, from, through, false, path);
        path_add(machine, through, to, false, path);
    } else {
        path_add(machine, from, to, peers, path);
    }
}

bool weft_emu_machine_is_cut(const struct weft_emu_machine *machine,
                             const struct weft_emu_path *path)
{
    for (uint32_t i = 0; i < path->count; i++)
        if (machine->live->cut[path->links[i]])
            return true;
    return false;
}

bool weft_emu_machine_take_failure(struct weft_emu_machine *machine, uint32_t from, uint32_t to)
{
    uint32_t *failing = machine->live->failing;
    uint32_t device = failing[from] > 0 ? from : to;

    if (failing[device] == 0)
        return false;
    failing[device]--;
    return true;
}
