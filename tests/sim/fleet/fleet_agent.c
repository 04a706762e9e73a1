/* Agents of a fleet, compared with each other. */
#include "fleet_agent.h"

#include <string.h>

#include "fleet.h"
#include "host/peers.h"

uint64_t sim_agent_name(const struct sim_fleet *fleet, uint32_t server)
{
    return weft_hash_word(fleet->source.seed, UINT64_MAX - server);
}

static bool is_older(struct weft_agent_version a, struct weft_agent_version b)
{
    return a.incarnation < b.incarnation ||
           (a.incarnation == b.incarnation && a.sequence < b.sequence);
}

static const struct weft_agent *agent_of(const struct sim_fleet *fleet, uint32_t server)
{
    return fleet->servers[server].loop->peers->agent;
}

/* What the server has of what another, or it itself, says; NULL: nothing. */
static const struct weft_agent_origin *find(const struct sim_fleet *fleet, uint32_t server,
                                            uint32_t origin)
{
    const struct weft_agent *agent = agent_of(fleet, server);

    for (uint32_t i = 0; i < WEFT_AGENT_ORIGINS_MAX; i++)
        if (agent->origins[i].version.sequence > 0 &&
            agent->origins[i].name == sim_agent_name(fleet, origin))
            return &agent->origins[i];
    return NULL;
}

void sim_agent_check(struct sim_fleet *fleet, uint32_t index)
{
    struct sim_server *server = &fleet->servers[index];
    const struct weft_agent *agent = agent_of(fleet, index);
    uint64_t news = agent->heard_count + agent->origins[WEFT_AGENT_SELF].version.sequence;

    if (news == server->news)
        return;
    server->news = news;
    for (uint32_t i = 0; i < fleet->server_count && !fleet->shape.is_plain; i++) {
        const struct weft_agent_origin *origin = find(fleet, index, i);

        if (origin == NULL)
            continue;
        SIM_CHECK(&fleet->history, !is_older(origin->version, server->heard[i]), NEWS,
                  "server %u has taken what server %u said before what it had", index, i);
        server->heard[i] = origin->version;
        if (i == index)
            server->said = origin->version;
        SIM_CHECK(&fleet->history, !is_older(fleet->servers[i].said, origin->version), NEWS,
                  "server %u has what server %u never said", index, i);
    }
}

void sim_agents_check_rest(struct sim_fleet *fleet)
{
    for (uint32_t i = 0; i < fleet->server_count * fleet->server_count; i++) {
        uint32_t server = i / fleet->server_count;
        uint32_t other = i % fleet->server_count;
        const struct weft_agent_origin *said = find(fleet, other, other);
        const struct weft_agent_origin *heard = find(fleet, server, other);

        SIM_CHECK(&fleet->history,
                  said != NULL && heard != NULL && !is_older(heard->version, said->version) &&
                      heard->size_bytes == said->size_bytes &&
                      memcmp(heard->bytes, said->bytes, said->size_bytes) == 0,
                  NEWS, "server %u does not know at rest what server %u says of itself", server,
                  other);
    }
}
