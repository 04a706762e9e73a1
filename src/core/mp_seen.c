/* The log of what came: two bitmaps that lie in rings. */
#include "mp_seen.h"

static uint64_t bit_of(uint64_t sequence)
{
    return UINT64_C(1) << (sequence % 64);
}

static uint32_t word_of(uint64_t sequence)
{
    return (uint32_t)(sequence / 64 % WEFT_MP_WINDOW_WORDS);
}

static void check(const struct weft_mp_seen *seen)
{
    weft_assert(seen->cumulative <= seen->end);
    weft_assert(seen->end - seen->cumulative <= WEFT_MP_WINDOW);
    weft_assert(seen->floor <= seen->cumulative);
}

void weft_mp_seen_init(struct weft_mp_seen *seen)
{
    *seen = (struct weft_mp_seen){.cumulative = 0};
}

enum weft_mp_seen_answer weft_mp_seen_look(const struct weft_mp_seen *seen, uint64_t sequence)
{
    if (sequence < seen->cumulative)
        return WEFT_MP_SEEN_TWICE;
    if (sequence - seen->cumulative >= WEFT_MP_WINDOW)
        return WEFT_MP_SEEN_OUTSIDE;
    if ((seen->taken[word_of(sequence)] & bit_of(sequence)) != 0)
        return WEFT_MP_SEEN_TWICE;
    return WEFT_MP_SEEN_NEW;
}

bool weft_mp_seen_floor(struct weft_mp_seen *seen, uint64_t floor)
{
    uint32_t kept = 0;

    if (floor > seen->cumulative)
        return false;
    seen->floor = weft_max(seen->floor, floor);
    for (uint32_t i = 0; i < seen->refusal_count; i++)
        if (seen->refusals[i].sequence >= seen->floor)
            seen->refusals[kept++] = seen->refusals[i];
    seen->refusal_count = kept;
    return true;
}

void weft_mp_seen_take(struct weft_mp_seen *seen, uint64_t sequence)
{
    weft_assert(weft_mp_seen_look(seen, sequence) == WEFT_MP_SEEN_NEW);
    seen->taken[word_of(sequence)] |= bit_of(sequence);
    seen->end = weft_max(seen->end, sequence + 1);
    check(seen);
}

void weft_mp_seen_untake(struct weft_mp_seen *seen, uint64_t sequence)
{
    weft_assert(sequence >= seen->cumulative);
    weft_assert((seen->taken[word_of(sequence)] & bit_of(sequence)) != 0);
    weft_assert((seen->placed[word_of(sequence)] & bit_of(sequence)) == 0);
    seen->taken[word_of(sequence)] &= ~bit_of(sequence);
}

static void advance(struct weft_mp_seen *seen)
{
    while ((seen->placed[word_of(seen->cumulative)] & bit_of(seen->cumulative)) != 0) {
        seen->placed[word_of(seen->cumulative)] &= ~bit_of(seen->cumulative);
        seen->taken[word_of(seen->cumulative)] &= ~bit_of(seen->cumulative);
        seen->cumulative++;
    }
}

bool weft_mp_seen_placed(struct weft_mp_seen *seen, uint64_t sequence, weftResult_t result)
{
    weft_assert(sequence >= seen->cumulative);
    weft_assert((seen->taken[word_of(sequence)] & bit_of(sequence)) != 0);
    weft_assert((seen->placed[word_of(sequence)] & bit_of(sequence)) == 0);
    if (result != weftSuccess) {
        /* The last place is for the first gap: then the sender's floor can always move. */
        uint32_t most = WEFT_MP_WIRE_REFUSALS - (sequence != seen->cumulative);

        if (seen->refusal_count >= most)
            return false;
        seen->refusals[seen->refusal_count++] =
            (struct weft_mp_wire_refusal){sequence, (uint32_t)result};
    }
    seen->placed[word_of(sequence)] |= bit_of(sequence);
    advance(seen);
    check(seen);
    return true;
}

/* The ring's word that holds `cumulative` may hold the end of the window as well: the first word
 * told has the bits from there on, the last those before. */
void weft_mp_seen_tell(const struct weft_mp_seen *seen, struct weft_mp_wire_ack *ack)
{
    uint64_t base = seen->cumulative - seen->cumulative % 64;
    uint64_t before = bit_of(seen->cumulative) - 1;

    ack->cumulative = seen->cumulative;
    ack->word_count = 0;
    if (seen->end > seen->cumulative)
        ack->word_count = (uint32_t)((seen->end - 1 - base) / 64 + 1);
    for (uint32_t i = 0; i < ack->word_count; i++)
        ack->words[i] = seen->placed[word_of(base + (uint64_t)i * 64)];
    if (ack->word_count > 0)
        ack->words[0] &= ~before;
    if (ack->word_count == WEFT_MP_WIRE_WORDS)
        ack->words[WEFT_MP_WIRE_WORDS - 1] &= before;
    ack->refusal_count = seen->refusal_count;
    for (uint32_t i = 0; i < seen->refusal_count; i++)
        ack->refusals[i] = seen->refusals[i];
}
