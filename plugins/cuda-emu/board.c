/* The board's lock, its seats and bells.
 *
 * The word is version << 32 | up << 8 | owner: `up` is seat * 2 + which of its states, `owner` the
 * seat with the lock, counted from 1; the version rises with every taking. So one compare and
 * exchange says "I still have the lock", gives it back and puts the new state up, all at once. */
#include "board.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "clock.h"

#define VERSION   1ull /* of what the fields mean */
#define LAYOUT    (VERSION << 32 | sizeof(struct weft_emu_common))
#define SECOND    1000000000ull
#define SPINS     20    /* looks at the lock before the first pause */
#define PAUSE_NS  20000 /* real */
#define OWNER_OF  0xffu
#define UP_SHIFT  8
#define VERSIONED 32

static bool init_life(pthread_mutex_t *life)
{
    pthread_mutexattr_t attributes;
    bool is_made;

    if (pthread_mutexattr_init(&attributes) != 0)
        return false;
    is_made = pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED) == 0 &&
              pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST) == 0 &&
              pthread_mutex_init(life, &attributes) == 0;
    pthread_mutexattr_destroy(&attributes);
    return is_made;
}

bool weft_emu_common_init(struct weft_emu_common *common, const struct weft_emu_machine *machine,
                          unsigned dilation)
{
    bool is_made = true;

    weft_text_copy(common->node, sizeof(common->node), machine->node);
    common->hash = weft_emu_machine_hash(machine);
    common->origin_ns = weft_emu_clock_real_now();
    common->dilation = dilation;
    for (uint32_t i = 0; i < WEFT_EMU_SEATS_MAX; i++)
        is_made = init_life(&common->seats[i].life) && is_made;
    common->layout = is_made ? LAYOUT : 0;
    return is_made;
}

bool weft_emu_common_is_ours(const struct weft_emu_common *common)
{
    return common->layout == LAYOUT;
}

/* True when nobody holds the life, or its holder has died; the caller holds it then. */
static bool take_life(pthread_mutex_t *life)
{
    int result = pthread_mutex_trylock(life);

    if (result == EOWNERDEAD)
        pthread_mutex_consistent(life);
    return result == 0 || result == EOWNERDEAD;
}

static bool is_alive(struct weft_emu_common *common, uint32_t seat)
{
    if (!take_life(&common->seats[seat].life))
        return true;
    pthread_mutex_unlock(&common->seats[seat].life);
    return false;
}

bool weft_emu_common_is_inhabited(struct weft_emu_common *common)
{
    for (uint32_t i = 0; i < WEFT_EMU_SEATS_MAX; i++)
        if (is_alive(common, i))
            return true;
    return false;
}

bool weft_emu_board_init(struct weft_emu_board *board, const struct weft_emu_machine *machine,
                         unsigned dilation)
{
    board->file = -1;
    board->seat = WEFT_NONE;
    board->common = calloc(1, sizeof(*board->common));
    if (board->common == NULL || !weft_emu_common_init(board->common, machine, dilation))
        return false;
    weft_emu_state_init(&board->state, machine);
    return true;
}

bool weft_emu_board_sit(struct weft_emu_board *board)
{
    uint32_t seat = 0;

    while (seat < WEFT_EMU_SEATS_MAX && !take_life(&board->common->seats[seat].life))
        seat++;
    if (seat == WEFT_EMU_SEATS_MAX)
        return false;
    board->seat = seat;
    do {
        if (!weft_emu_board_lock(board, WEFT_EMU_BOARD_CALL_NS)) {
            pthread_mutex_unlock(&board->common->seats[seat].life);
            board->seat = WEFT_NONE;
            return false;
        }
        weft_emu_state_join(&board->state, seat);
    } while (!weft_emu_board_unlock(board));
    return true;
}

void weft_emu_board_rise(struct weft_emu_board *board)
{
    /* What cannot be put up now is done by others, who find the life ended. */
    if (weft_emu_board_lock(board, WEFT_EMU_BOARD_CALL_NS)) {
        weft_emu_state_leave(&board->state, board->seat);
        weft_emu_board_unlock(board);
    }
    pthread_mutex_unlock(&board->common->seats[board->seat].life);
}

static const struct weft_emu_state *state_up(const struct weft_emu_board *board, uint64_t word)
{
    uint32_t up = (uint32_t)(word >> UP_SHIFT) & 0xffffu;

    return &board->common->seats[up / 2].states[up % 2];
}

/* Takes the lock from `word`, whoever has it there, and copies the state that is up. */
static bool take(struct weft_emu_board *board, uint64_t word)
{
    uint64_t mine = ((word >> VERSIONED) + 1) << VERSIONED |
                    (word & ((1ull << VERSIONED) - 1) & ~(uint64_t)OWNER_OF) | (board->seat + 1);

    /* acquire: pairs with the release in unlock; the state that is up was written before */
    if (!atomic_compare_exchange_strong_explicit(&board->common->word, &word, mine,
                                                 memory_order_acq_rel, memory_order_relaxed))
        return false;
    weft_emu_state_copy(&board->state, state_up(board, mine));
    board->word = mine;
    /* One who took the lock from us meanwhile may have let somebody write what was up. */
    atomic_thread_fence(memory_order_acquire);
    return atomic_load_explicit(&board->common->word, memory_order_relaxed) == mine;
}

/* True when the lock may be taken from its owner. */
static bool is_forfeit(struct weft_emu_board *board, uint64_t word)
{
    uint64_t now_ns = weft_emu_clock_real_now();
    uint32_t owner = (uint32_t)(word & OWNER_OF);

    if (word != board->seen_word) {
        board->seen_word = word;
        board->seen_since_ns = now_ns;
    }
    if (now_ns > board->seen_since_ns + WEFT_EMU_BOARD_PATIENCE_NS)
        return true;
    return now_ns > board->seen_since_ns + WEFT_EMU_BOARD_LIFE_NS &&
           !is_alive(board->common, owner - 1);
}

static void pause_a_while(uint32_t tries)
{
    struct timespec wait = {0, PAUSE_NS};

    if (tries < SPINS)
        sched_yield();
    else
        nanosleep(&wait, NULL);
}

bool weft_emu_board_lock(struct weft_emu_board *board, uint64_t wait_ns)
{
    uint64_t until_ns = WEFT_NEVER;

    for (uint32_t tries = 0; board->is_shared; tries++) {
        uint64_t word = atomic_load_explicit(&board->common->word, memory_order_relaxed);

        if (((word & OWNER_OF) == 0 || is_forfeit(board, word)) && take(board, word))
            return true;
        if (tries == 0)
            until_ns = weft_emu_clock_real_now() + wait_ns;
        else if (weft_emu_clock_real_now() > until_ns)
            return false;
        pause_a_while(tries);
    }
    return true;
}

bool weft_emu_board_unlock(struct weft_emu_board *board)
{
    uint64_t word = board->word;
    uint32_t own = 2 * board->seat;
    uint32_t next = ((word >> UP_SHIFT) & 0xffffu) == own ? own + 1 : own;
    uint64_t to_ring;

    if (!board->is_shared)
        return true;
    to_ring = weft_emu_state_surprise(&board->state, board->seat);
    weft_emu_state_copy(&board->common->seats[board->seat].states[next - own], &board->state);
    /* release: pairs with the acquire in take */
    if (!atomic_compare_exchange_strong_explicit(&board->common->word, &word,
                                                 word >> VERSIONED << VERSIONED | (uint64_t)next
                                                                                      << UP_SHIFT,
                                                 memory_order_release, memory_order_relaxed))
        return false;
    weft_emu_board_ring(board, to_ring);
    return true;
}

void weft_emu_board_bury(struct weft_emu_board *board)
{
    for (uint32_t i = 0; i < board->state.seat_end; i++)
        if (i != board->seat && board->state.members[i].is_taken && !is_alive(board->common, i))
            weft_emu_state_leave(&board->state, i);
}

void weft_emu_board_ring(struct weft_emu_board *board, uint64_t seats)
{
    int operation = board->is_shared ? FUTEX_WAKE : FUTEX_WAKE_PRIVATE;

    for (uint32_t i = 0; i < WEFT_EMU_SEATS_MAX; i++) {
        _Atomic uint32_t *bell = &board->common->seats[i].bell;

        if ((seats & 1ull << i) == 0)
            continue;
        /* release: pairs with the acquire in bell */
        atomic_fetch_add_explicit(bell, 1, memory_order_release);
        syscall(SYS_futex, bell, operation, INT_MAX, NULL, NULL, 0);
    }
}

uint32_t weft_emu_board_bell(const struct weft_emu_board *board)
{
    /* acquire: pairs with the release in ring */
    return atomic_load_explicit(&board->common->seats[board->seat].bell, memory_order_acquire);
}

void weft_emu_board_listen(struct weft_emu_board *board, uint32_t bell, uint64_t until_ns)
{
    struct timespec time = {(time_t)(until_ns / SECOND), (long)(until_ns % SECOND)};
    int operation = board->is_shared ? FUTEX_WAIT_BITSET : FUTEX_WAIT_BITSET_PRIVATE;

    syscall(SYS_futex, &board->common->seats[board->seat].bell, operation, bell,
            until_ns == WEFT_NEVER ? NULL : &time, NULL, FUTEX_BITSET_MATCH_ANY);
}
