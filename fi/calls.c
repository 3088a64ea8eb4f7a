/* The calls by their names, and what of the table of faults is theirs. */
#include <assert.h>

#include "fi/catalogue.h"

static struct range { uint16_t first, count; } ranges[FIT_FAMILIES];

/* Once: a question must not cost the length of the table. */
static void index_facts(void)
{
    for (size_t i = 0; i < fit__fact_count; i++) {
        struct range *r = &ranges[fit__facts[i].family];
        if (!r->count) r->first = (uint16_t)i;
        assert(r->first + r->count == i && "the facts of a family stand together");
        r->count++;
    }
}

const struct fit__fact *fit__facts_of(enum fit__family family, size_t *count)
{
    static bool indexed;
    assert(family < FIT_FAMILIES);
    if (!indexed) index_facts();
    indexed = true;
    *count = ranges[family].count;
    return &fit__facts[ranges[family].first];
}

static const struct { const char *name; enum fit__family family; } calls[] = {
#define ROW(family, name) { #name, family },
    FIT_CALLS(ROW)
#undef ROW
};

const char *fit__call_name(enum fit__call_id id)
{
    assert(id < FIT_CALL_COUNT);
    return calls[id].name;
}

enum fit__family fit__call_family(enum fit__call_id id)
{
    assert(id < FIT_CALL_COUNT);
    return calls[id].family;
}
