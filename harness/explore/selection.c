/* Which of a test's cases are run here: a shard of them, no more than the budget, and not what was
 * tried before. Every case has a number, its place among all cases of the ordered modes, which
 * none of these changes: results of several runs can be put together in order. */
#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fi/arena.h"
#include "harness/explore/explore.h"
#include "harness/explore/record.h"

_Static_assert(FIT_ALTERNATIVES_MAX <= 64, "left_out has a bit for each alternative");

static struct {
    uint64_t done;                       /* tried before, up to this number */
    const char *last;                    /* which was this case, and more text behind a blank */
} taken;

/* ---- cases by name ----------------------------------------------------------------------- */

static struct { unsigned *slots, room; } names;      /* indices + 1: open addressing */

static unsigned *name_slot(const char *text)
{
    unsigned at = (unsigned)fit__hash(text, strlen(text));
    for (;; at++) {
        unsigned *slot = &names.slots[at & (names.room - 1)];
        if (!*slot || !strcmp(fit__session.orders.cases[*slot - 1], text)) return slot;
    }
}

bool fit__case_ordered(const char *name)
{
    const struct fit__orders *o = &fit__session.orders;
    const struct fit__test *test = fit__session.test;
    char full[FIT_CASE_MAX + 300];
    if (!names.room) {
        for (names.room = 16; names.room < o->case_count * 2;) names.room *= 2;
        names.slots = fit__alloc(names.room * sizeof *names.slots);
        for (unsigned i = 0; i < o->case_count; i++) *name_slot(o->cases[i]) = i + 1;
    }
    snprintf(full, sizeof full, "%s.%s:%s", test->group, test->name, name);
    return *name_slot(full) || *name_slot(full + strlen(test->group) + 1);
}

/* ---- shards ------------------------------------------------------------------------------ */

bool fit__in_shard(const struct fit__point *p, unsigned alternative)
{
    const struct fit__orders *o = &fit__session.orders;
    const struct fit__test *test = fit__session.test;
    char full[FIT_CASE_MAX + 300];
    int head;
    if (!o->shards) return true;
    head = snprintf(full, sizeof full, "%s.%s:", test->group, test->name);
    if (head >= 300) head = 299;         /* a name so long is cut, the same in every shard */
    fit__point_case(p, &p->alternatives[alternative], full + head, sizeof full - (size_t)head);
    return fit__hash(full, strlen(full)) % o->shards == o->shard - 1;
}

/* What it will do is not known before. */
bool fit__run_in_shard(unsigned run)
{
    const struct fit__orders *o = &fit__session.orders;
    return !o->shards || run % o->shards == o->shard - 1;
}

/* ---- budget: cases of the same kind at the same call stack are thinned ------------------- */

struct class { uint64_t key; unsigned members, met, quota; };
static struct { struct class *list; unsigned room, count; unsigned *order; } classes;

static uint64_t class_key(const struct fit__point *p, unsigned a)
{
    const struct fit__alternative *what = &p->alternatives[a];
    uint64_t parts[8];
    memset(parts, 0, sizeof parts);
    parts[0] = (uintptr_t)p->name;       /* these texts and stacks are shared: equal if the same */
    parts[1] = (uintptr_t)p->frames;
    parts[2] = (uintptr_t)p->on;
    parts[3] = (uintptr_t)p->at;
    parts[4] = (uintptr_t)p->after;
    parts[5] = a;
    parts[6] = what->mode | (unsigned)what->what << 8 | (unsigned)what->until << 16;
    return fit__hash(parts, sizeof parts) | 1;
}

static struct class *class_of(const struct fit__point *p, unsigned a)
{
    uint64_t key = class_key(p, a);
    unsigned at = (unsigned)(key >> 1);
    for (;; at++) {
        struct class *c = &classes.list[at & (classes.room - 1)];
        if (c->key == key) return c;
        if (c->key) continue;
        classes.order[classes.count++] = at & (classes.room - 1);
        c->key = key;
        return c;
    }
}

static void each_wanted(void (*function)(struct fit__point *p, unsigned a))
{
    for (struct fit__point *p = fit__session.reference->points; p; p = p->next)
        for (unsigned a = 0; a < p->count; a++)
            if (fit__case_wanted(p, a)) function(p, a);
}

static void count_member(struct fit__point *p, unsigned a)
{
    class_of(p, a)->members++;
}

/* How many there are if no class has more than `level`. */
static unsigned long at_level(unsigned level)
{
    unsigned long sum = 0;
    for (unsigned i = 0; i < classes.count; i++) {
        unsigned members = classes.list[classes.order[i]].members;
        sum += members < level ? members : level;
    }
    return sum;
}

/* As many of each class as fit; what is then left of the budget goes to some of them, spread over
 * the test. */
static void share_out(unsigned budget)
{
    unsigned long level = 0, high = budget, larger = 0, left, given = 0, seen = 0;
    while (level < high) {
        unsigned long middle = (level + high + 1) / 2;
        if (at_level((unsigned)middle) <= budget) level = middle;
        else high = middle - 1;
    }
    left = budget - at_level((unsigned)level);
    for (unsigned i = 0; i < classes.count; i++)
        larger += classes.list[classes.order[i]].members > level;
    for (unsigned i = 0; i < classes.count; i++) {
        struct class *c = &classes.list[classes.order[i]];
        c->quota = c->members < level ? c->members : (unsigned)level;
        if (!larger || c->members <= level) continue;
        if (++seen * left / larger > given) {
            given++;
            c->quota++;
        }
    }
}

/* Of `members` in a row, `quota` are chosen: the first, the last, and evenly between. */
static bool is_chosen(unsigned long i, unsigned long members, unsigned long quota)
{
    unsigned long near;
    if (quota == members) return true;
    if (quota <= 1) return quota && i == 0;
    near = i * (quota - 1) / (members - 1);
    for (unsigned long j = near; j <= near + 1; j++)
        if ((j * (members - 1) + (quota - 1) / 2) / (quota - 1) == i) return true;
    return false;
}

static void choose_member(struct fit__point *p, unsigned a)
{
    struct class *c = class_of(p, a);
    if (!is_chosen(c->met++, c->members, c->quota)) p->left_out |= UINT64_C(1) << a;
}

static unsigned total, kept, mine;

static void count_case(struct fit__point *p, unsigned a)
{
    (void)p, (void)a;
    total++;
}

static void count_kept(struct fit__point *p, unsigned a)
{
    if (p->left_out >> a & 1) return;
    kept++;
    mine += fit__in_shard(p, a);
}

static void thin(unsigned budget)
{
    memset(&classes, 0, sizeof classes);
    for (classes.room = 64; classes.room < total * 2;) classes.room *= 2;
    classes.list = fit__shared_take(classes.room * sizeof *classes.list);
    classes.order = fit__shared_take(total * sizeof *classes.order);
    each_wanted(count_member);
    share_out(budget);
    each_wanted(choose_member);
}

/* ---- the plan ---------------------------------------------------------------------------- */

/* The order "NUMBER CASE GROUP.NAME" for this test; NULL: none. */
static const char *done_before(const struct fit__test *test)
{
    const struct fit__orders *o = &fit__session.orders;
    char full[300];
    snprintf(full, sizeof full, "%s.%s", test->group, test->name);
    for (unsigned i = 0; i < o->done_count; i++) {
        const char *name = strchr(o->done[i], ' ');
        name = name ? strchr(name + 1, ' ') : NULL;
        if (name && !strcmp(name + 1, full)) return o->done[i];
    }
    return NULL;
}

/* A program that was built anew may number its cases otherwise. */
static void check_done(const struct fit__point *p, unsigned alternative)
{
    char name[FIT_CASE_MAX];
    size_t size = strcspn(taken.last, " ");
    fit__point_case(p, &p->alternatives[alternative], name, sizeof name);
    if (taken.last[0] == '-' || (!strncmp(taken.last, name, size) && !name[size])) return;
    fit__send_error(FIT_X_USAGE, "what was tried before is of another program: its case %llu was "
                    "%.*s, now it is %s; run it without --resume",
                    (unsigned long long)taken.done, (int)size, taken.last, name);
    fit__die();
}

static void send_plan(const struct fit__test *test)
{
    char memory[600];
    struct fit__record rec;
    fit__record_begin(&rec, memory, sizeof memory, "plan");
    fit__record_add(&rec, "test", "%s.%s", test->group, test->name);
    fit__record_add(&rec, "cases", "%u", total);
    fit__record_add(&rec, "kept", "%u", kept);
    fit__record_add(&rec, "mine", "%u", mine);
    fit__record_send(&rec);
}

static void number_cases(struct fit__reference *r)
{
    unsigned number = 0;
    for (struct fit__point *p = r->points; p; p = p->next) {
        p->before = number;
        for (unsigned a = 0; a < p->count; a++) number += fit__mode_wanted(fit__point_mode(p, a));
    }
}

/* What failed when it was tried before. Both come in the order of their numbers. */
static void bury(const struct fit__test *test, struct fit__reference *r)
{
    const struct fit__orders *o = &fit__session.orders;
    struct fit__point *p = r->points;
    char full[300];
    snprintf(full, sizeof full, "%s.%s", test->group, test->name);
    for (unsigned i = 0; i < o->dead_count; i++) {
        unsigned number = (unsigned)strtoul(o->dead[i], NULL, 10);
        const char *its = strchr(o->dead[i], ' ');
        if (!its || strcmp(its + 1, full)) continue;
        while (p && p->next && p->next->before < number) p = p->next;
        for (unsigned a = 0; p && a < p->count; a++)
            if (fit__mode_wanted(fit__point_mode(p, a)) && fit__case_number(p, a) == number)
                p->dead_ends |= UINT64_C(1) << a;
    }
}

void fit__selection_plan(const struct fit__test *test, struct fit__reference *r)
{
    const struct fit__orders *o = &fit__session.orders;
    unsigned budget = o->budget ? o->budget : r->budget;
    const char *done = done_before(test);
    if (o->job == FIT_J_REPLAY) return;
    total = kept = mine = 0;
    taken.done = done ? strtoull(done, NULL, 10) : 0;
    taken.last = done ? strchr(done, ' ') + 1 : NULL;
    number_cases(r);
    bury(test, r);
    each_wanted(count_case);
    if (budget && total > budget && !o->case_count) thin(budget);
    each_wanted(count_kept);
    send_plan(test);
}

unsigned fit__case_number(const struct fit__point *p, unsigned alternative)
{
    unsigned number = p->before;
    for (unsigned a = 0; a <= alternative; a++) number += fit__mode_wanted(fit__point_mode(p, a));
    return number;
}

unsigned fit__case_take(const struct fit__point *p, unsigned alternative)
{
    unsigned number;
    if (!fit__mode_wanted(fit__point_mode(p, alternative))) return 0;
    number = fit__case_number(p, alternative);
    if (number == taken.done) check_done(p, alternative);
    if (number <= taken.done || (p->left_out >> alternative & 1)) return 0;
    return fit__case_wanted(p, alternative) && fit__in_shard(p, alternative) ? number : 0;
}

/* ---- what comes behind the cases of one fault -------------------------------------------- */

uint64_t fit__several_number(unsigned first, unsigned place)
{
    assert(place < FIT_SEVERAL_OF_FIRST);
    return FIT_SEVERAL_FROM + (uint64_t)first * FIT_SEVERAL_OF_FIRST + place;
}

bool fit__number_done(uint64_t number)
{
    return number <= taken.done;
}

unsigned fit__budget_left(void)
{
    unsigned budget = fit__session.orders.budget ? fit__session.orders.budget
                                                 : fit__session.reference->budget;
    return !budget ? UINT_MAX : budget > kept ? budget - kept : 0;
}
