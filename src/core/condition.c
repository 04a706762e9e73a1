/* Conditions of servers; see condition.h. */
#include "condition.h"

/* Its place in the list, or that of the first behind it. */
static uint32_t place_of(const struct weft_condition *condition, uint32_t link)
{
    uint32_t place = 0;

    while (place < condition->count && condition->links[place].link < link)
        place++;
    return place;
}

static bool is_listed(const struct weft_condition *condition, uint32_t place, uint32_t link)
{
    return place < condition->count && condition->links[place].link == link;
}

static void take_off(struct weft_condition *condition, uint32_t place)
{
    condition->count--;
    for (uint32_t i = place; i < condition->count; i++)
        condition->links[i] = condition->links[i + 1];
}

bool weft_condition_set(struct weft_condition *condition, uint32_t link, uint64_t rate_bytes_per_us,
                        uint64_t described_bytes_per_us)
{
    uint32_t place = place_of(condition, link);
    uint32_t rate = (uint32_t)weft_min(rate_bytes_per_us, UINT32_MAX);

    weft_assert(link <= UINT16_MAX);
    if (is_listed(condition, place, link)) {
        if (condition->links[place].rate_bytes_per_us == rate)
            return false;
        condition->links[place].rate_bytes_per_us = rate;
        if (rate_bytes_per_us == described_bytes_per_us)
            take_off(condition, place);
        return true;
    }
    if (rate_bytes_per_us == described_bytes_per_us || condition->count == WEFT_CONDITION_LINKS_MAX)
        return false;
    for (uint32_t i = condition->count; i > place; i--)
        condition->links[i] = condition->links[i - 1];
    condition->count++;
    condition->links[place] = (struct weft_condition_link){link, rate};
    return true;
}

uint64_t weft_condition_rate(const struct weft_condition *condition, uint32_t link,
                             uint64_t described_bytes_per_us)
{
    uint32_t place = place_of(condition, link);

    return is_listed(condition, place, link) ? condition->links[place].rate_bytes_per_us
                                             : described_bytes_per_us;
}

void weft_condition_write(const struct weft_condition *condition, struct weft_writer *writer)
{
    weft_writer_number(writer, condition->count, 2);
    for (uint32_t i = 0; i < condition->count; i++) {
        weft_writer_number(writer, condition->links[i].link, 2);
        weft_writer_number(writer, condition->links[i].rate_bytes_per_us, 4);
    }
}

bool weft_condition_read(struct weft_condition *condition, struct weft_reader *reader)
{
    uint64_t count = weft_reader_number(reader, 2);
    uint32_t last = 0;

    condition->count = 0;
    if (reader->failed || count > WEFT_CONDITION_LINKS_MAX)
        return false;
    for (uint64_t i = 0; i < count; i++) {
        uint32_t link = (uint32_t)weft_reader_number(reader, 2);
        uint32_t rate = (uint32_t)weft_reader_number(reader, 4);

        if (reader->failed || (i > 0 && link <= last)) {
            condition->count = 0;
            return false;
        }
        condition->links[i] = (struct weft_condition_link){link, rate};
        last = link;
    }
    condition->count = (uint32_t)count;
    return true;
}
