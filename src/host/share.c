/* Shares of windows; see share.h. */
#include "share.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* Guards the list, and everything in its shares. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct weft_share *shares;
static uint64_t next_id = 1;
static uint8_t process[WEFT_KEY_TOKEN_BYTES];
static bool process_known;

void weft_shares_lock(void)
{
    pthread_mutex_lock(&lock);
}

void weft_shares_unlock(void)
{
    pthread_mutex_unlock(&lock);
}

bool weft_random(void *bytes, size_t size)
{
    /* Up to 256 bytes come whole or not at all. */
    weft_assert(size <= 256);
    return getrandom(bytes, size, 0) == (ssize_t)size;
}

/* Needs: the lock is held. */
static bool know_process(void)
{
    if (!process_known)
        process_known = weft_random(process, sizeof(process));
    return process_known;
}

bool weft_process_id(uint8_t bytes[WEFT_KEY_TOKEN_BYTES])
{
    bool is_known;

    weft_shares_lock();
    is_known = know_process();
    memcpy(bytes, process, sizeof(process));
    weft_shares_unlock();
    return is_known;
}

static bool same_token(const uint8_t *a, const uint8_t *b)
{
    uint8_t differs = 0;

    /* Every byte is looked at: the time says nothing about where the first difference is. */
    for (uint32_t i = 0; i < WEFT_KEY_TOKEN_BYTES; i++)
        differs |= (uint8_t)(a[i] ^ b[i]);
    return differs == 0;
}

struct weft_share *weft_share_open(void *base, uint64_t size, uint32_t server, uint32_t device,
                                   const char *device_name)
{
    struct weft_share *share = calloc(1, sizeof(*share));

    if (share == NULL)
        return NULL;
    if (!know_process() || !weft_random(share->tokens, sizeof(share->tokens))) {
        free(share);
        return NULL;
    }
    share->id = next_id++;
    share->base = base;
    share->size_bytes = size;
    share->epoch = 1;
    weft_flag_init(&share->revoked, 0);
    share->server = server;
    share->device = device;
    weft_text_copy(share->device_name, sizeof(share->device_name), device_name);
    share->next = shares;
    shares = share;
    return share;
}

void weft_share_describe(const struct weft_share *share, unsigned rights,
                         struct weft_window_key *key)
{
    *key = (struct weft_window_key){
        .id = share->id,
        .size_bytes = share->size_bytes,
        .epoch = share->epoch,
        .rights = rights,
        .server = share->server,
        .device = share->device,
    };
    memcpy(key->process, process, sizeof(key->process));
    memcpy(key->token, share->tokens[rights & WEFT_RIGHTS_ALL], sizeof(key->token));
}

bool weft_share_is_here(const struct weft_window_key *key)
{
    return process_known && same_token(key->process, process);
}

weftResult_t weft_share_find(const struct weft_window_key *key, struct weft_share **share,
                             const char **why)
{
    struct weft_share *found = shares;

    *why = "the key's window was revoked or deregistered; ask its owner for a new key";
    while (found != NULL && found->id != key->id)
        found = found->next;
    if (found == NULL || weft_share_is_revoked(found) || found->epoch != key->epoch)
        return weftInvalidUsage;
    *why = "the key was not made by the window's owner";
    if (key->rights == 0 || key->rights > WEFT_RIGHTS_ALL ||
        !same_token(key->token, found->tokens[key->rights]))
        return weftInvalidUsage;
    *share = found;
    return weftSuccess;
}

bool weft_share_join(struct weft_share *share, struct weft_loop *loop, uint32_t window)
{
    struct weft_share_user *user = malloc(sizeof(*user));

    if (user == NULL)
        return false;
    *user = (struct weft_share_user){loop, window, share->users};
    share->users = user;
    return true;
}

bool weft_share_is_revoked(const struct weft_share *share)
{
    return weft_flag_get(&share->revoked) != 0;
}

static void unlink_share(struct weft_share *share)
{
    struct weft_share **at = &shares;

    while (*at != share)
        at = &(*at)->next;
    *at = share->next;
    free(share);
}

void weft_share_leave(struct weft_share *share, const struct weft_loop *loop, uint32_t window)
{
    for (struct weft_share_user **at = &share->users; *at != NULL; at = &(*at)->next) {
        struct weft_share_user *user = *at;

        if (user->loop != loop || user->window != window)
            continue;
        *at = user->next;
        free(user);
        break;
    }
    if (share->orphan && share->users == NULL)
        unlink_share(share);
}

weftResult_t weft_share_revoke(struct weft_share *share)
{
    weftResult_t result = weftSuccess;

    if (weft_flag_move(&share->revoked, 0, 1))
        share->epoch++;
    /* Again for a share that was revoked before: a copy that hung then may have ended. */
    for (struct weft_share_user *user = share->users; user != NULL; user = user->next) {
        struct weft_command command = {
            .run = weft_command_window_revoke,
            .window = user->window,
            .deadline_at =
                weft_clock_after(&user->loop->clock, user->loop->config.abort_ms * WEFT_NS_PER_MS),
        };

        if (weft_loop_call(user->loop, &command) != weftSuccess)
            result = weftUnknown;
    }
    return result;
}

void weft_share_close(struct weft_share *share)
{
    if (share == NULL)
        return;
    weft_flag_set(&share->revoked, 1);
    share->orphan = true;
    if (share->users == NULL)
        unlink_share(share);
}
