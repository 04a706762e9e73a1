/* Marks words and looks for those that have changed. */
#include "arrival.h"

#define MARK       UINT64_C(0x5ca1ab1e0ddba11e)
#define WORD_BYTES sizeof(uint64_t)

/* Word `index` of `count` in the place, or NULL where its block has no whole word. */
static _Atomic uint64_t *word_at(const struct weft_perf_arrival_place *place, uint32_t index,
                                 uint32_t count)
{
    uint64_t bytes = place->block_bytes * place->count;
    uint64_t position = bytes / count * index + bytes % count * index / count;
    uint64_t block = position / place->block_bytes;
    uint64_t within = position % place->block_bytes;
    uint64_t offset = (place->ids == NULL ? block : place->ids[block]) * place->stride;

    within -= within % WORD_BYTES;
    if (within + WORD_BYTES > place->block_bytes || offset % WORD_BYTES != 0)
        return NULL;
    return (_Atomic uint64_t *)(void *)((char *)place->memory + offset + within);
}

void weft_perf_arrival_init(struct weft_perf_arrival *arrival,
                            const struct weft_perf_arrival_place *places, uint32_t place_count)
{
    uint32_t share = place_count == 0 ? 0 : WEFT_PERF_ARRIVAL_WORDS / place_count;

    arrival->word_count = 0;
    arrival->arrived_count = 0;
    for (uint32_t i = 0; i < place_count; i++) {
        for (uint32_t k = 0; k < share; k++) {
            _Atomic uint64_t *word = word_at(&places[i], k, share);

            if (word == NULL)
                continue;
            atomic_store_explicit(word, MARK, memory_order_relaxed);
            arrival->words[arrival->word_count++] = word;
        }
    }
}

uint32_t weft_perf_arrival_permille(struct weft_perf_arrival *arrival)
{
    /* Relaxed: a word that is seen late is counted late, and nothing else hangs on it. */
    for (uint32_t i = arrival->arrived_count; i < arrival->word_count; i++) {
        _Atomic uint64_t *word = arrival->words[i];

        if (atomic_load_explicit(word, memory_order_relaxed) == MARK)
            continue;
        arrival->words[i] = arrival->words[arrival->arrived_count];
        arrival->words[arrival->arrived_count++] = word;
    }
    return arrival->word_count == 0 ? 0 : arrival->arrived_count * 1000 / arrival->word_count;
}
