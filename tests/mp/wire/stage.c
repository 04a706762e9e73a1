/* A lock and a condition; see stage.h. */
#include "stage.h"

#include <string.h>
#include <time.h>

weft_ns mpwire_now(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (weft_ns)now.tv_sec * 1000000000 + (weft_ns)now.tv_nsec;
}

void mpwire_stage_init(struct mpwire_stage *stage)
{
    pthread_condattr_t attributes;

    *stage = (struct mpwire_stage){.phase = MPWIRE_MEET};
    (void)pthread_mutex_init(&stage->lock, NULL);
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&stage->changed, &attributes);
    (void)pthread_condattr_destroy(&attributes);
}

void mpwire_stage_fini(struct mpwire_stage *stage)
{
    (void)pthread_cond_destroy(&stage->changed);
    (void)pthread_mutex_destroy(&stage->lock);
}

void mpwire_stage_set(struct mpwire_stage *stage, enum mpwire_phase phase)
{
    (void)pthread_mutex_lock(&stage->lock);
    stage->phase = phase;
    (void)pthread_mutex_unlock(&stage->lock);
}

void mpwire_stage_cut(struct mpwire_stage *stage, uint32_t lane, bool is_cut)
{
    (void)pthread_mutex_lock(&stage->lock);
    stage->cut_lanes = (stage->cut_lanes & ~(1u << lane)) | (uint32_t)is_cut << lane;
    (void)pthread_mutex_unlock(&stage->lock);
}

enum mpwire_phase mpwire_stage_tell(struct mpwire_stage *stage, uint32_t side,
                                    const struct mpwire_news *news, uint32_t *cut_lanes)
{
    enum mpwire_phase phase;

    (void)pthread_mutex_lock(&stage->lock);
    if (stage->news[side].version != news->version) {
        stage->news[side] = *news;
        (void)pthread_cond_signal(&stage->changed);
    }
    phase = stage->phase;
    *cut_lanes = stage->cut_lanes;
    (void)pthread_mutex_unlock(&stage->lock);
    return phase;
}

void mpwire_stage_wait(struct mpwire_stage *stage, weft_ns until, struct mpwire_news news[2])
{
    const struct timespec deadline = {.tv_sec = (time_t)(until / 1000000000),
                                      .tv_nsec = (long)(until % 1000000000)};

    (void)pthread_mutex_lock(&stage->lock);
    while (stage->news[0].version == news[0].version && stage->news[1].version == news[1].version)
        if (pthread_cond_timedwait(&stage->changed, &stage->lock, &deadline) != 0)
            break;
    memcpy(news, stage->news, sizeof(stage->news));
    (void)pthread_mutex_unlock(&stage->lock);
}
