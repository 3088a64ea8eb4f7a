/* The faults of a case, one after the other. The first is found in the reference; a further one by
 * the words of its name among the questions that are asked after the fault before it, of which
 * `when` counts those that the words fit. So a name means the same in another process. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fi/arena.h"
#include "fi/hot.h"
#include "harness/explore/explore.h"
#include "harness/judge/judge.h"

enum { ASKED_MAX = 4096, OTHERS_MAX = 256 /* questions after faults that are remembered */ };
enum { SIMPLER_MAX = 6, SAID_MAX = 700, LIST_MAX = 8000 };

FIT_HOT static struct {
    struct fit__case wanted;             /* count 0: whatever comes is the case */
    unsigned met;                        /* questions that the next wanted fault's words fitted */
    bool came;                           /* it was asked, but does not go wrong in this way */
    struct fit__point *asked, **last;    /* since the first fault */
    struct fit__point *since;            /* of these, the first after the last fault, if any */
    unsigned count;
    char name[FIT_CASE_MAX];
} steps;

/* ---- what is asked after a fault --------------------------------------------------------- */

static void note_asked(struct fit__point *p)
{
    if (!steps.last) steps.last = &steps.asked;
    *steps.last = p;
    steps.last = &p->next;
    steps.count++;
    if (!steps.since) steps.since = p;
}

/* Of the questions from `p` on, up to `end` itself, how many do the words fit? */
static unsigned count_fitting(const struct fit__fault *f, const struct fit__point *p,
                              const struct fit__point *end)
{
    unsigned n = 0;
    for (; p; p = p == end ? NULL : p->next) n += fit__fault_fits(f, p);
    return n;
}

struct fit__point *fit__step_ask(const struct fit__question *q)
{
    struct fit__point *p;
    struct fit__fault words;
    if (steps.count == ASKED_MAX) return NULL;
    p = fit__point_after(q);
    note_asked(p);
    fit__point_fault(p, &p->alternatives[0], &words);
    p->when = count_fitting(&words, steps.since, p);
    return p;
}

/* ---- a fault comes ----------------------------------------------------------------------- */

/* The name with one fault more; its length. */
static size_t longer_name(const struct fit__point *point, unsigned alternative, char *out,
                          size_t size)
{
    size_t have = fit__session.faults.count
                ? (size_t)snprintf(out, size, "%s,", fit__session.case_text) : 0;
    if (have >= size) return have;
    return have + fit__point_case(point, &point->alternatives[alternative], out + have,
                                  size - have);
}

static bool has_room(const struct fit__point *point, unsigned alternative)
{
    char name[FIT_CASE_MAX];
    return fit__session.faults.count < FIT_FAULTS_MAX
        && longer_name(point, alternative, name, sizeof name) < sizeof name - strlen("t:");
}

/* Of this process, or of the machine. */
static bool is_full_table(const struct fit__point *p, unsigned alternative)
{
    const struct fit__alternative *what = &p->alternatives[alternative];
    int64_t error = what->value < 0 ? -what->value : what->value;
    return what->what == FIT_W_ERROR && (error == EMFILE || error == ENFILE);
}

/* Nobody cancels the same operation twice. */
static bool is_cancelled(const struct fit__point *p)
{
    const struct fit__steps *s = &fit__session.faults;
    bool before = false;
    for (unsigned i = 0; i < s->count && !strcmp(p->name, "cancel"); i++) {
        const struct fit__point *one = s->list[i].point;
        before |= !strcmp(one->name, "cancel") && p->op && one->op && !strcmp(p->op, one->op);
    }
    return before;
}

/* After EMFILE or ENFILE the code under test often closes a descriptor to have one free: then it
 * has. That the table stays full is a case of one fault. */
bool fit__step_possible(const struct fit__point *point, unsigned alternative)
{
    const struct fit__steps *s = &fit__session.faults;
    for (unsigned i = 0; i < s->count && is_full_table(point, alternative); i++)
        if (is_full_table(s->list[i].point, s->list[i].alternative)) return false;
    return !is_cancelled(point) && has_room(point, alternative);
}

static void make(const struct fit__point *point, unsigned alternative)
{
    struct fit__steps *s = &fit__session.faults;
    char name[FIT_CASE_MAX];
    assert(s->count < FIT_FAULTS_MAX);
    longer_name(point, alternative, name, sizeof name);
    memcpy(steps.name, name, sizeof name);
    fit__session.case_text = steps.name;
    s->list[s->count++] = (struct fit__step){ point, alternative };
    steps.since = NULL;
    steps.met = 0;
}

/* Points that the test itself enables in libfiu still have to be asked for. */
static void settle(void)
{
    fit__chooser = fit__answer_nothing;
    fit__settled = !fit__session.reference->named;
}

void fit__expect_more(int (*answers)(struct fit__question *))
{
    fit__chooser = answers;
    fit__settled = false;
}

int fit__answer_nothing(struct fit__question *q)
{
    (void)q;
    fit__session.questions++;
    return -1;
}

static void arm(void)
{
    if (!fit__session.orders.real)       /* there it is armed since the test began */
        fit__watchdog_case(true);
}

void fit__case_another(const struct fit__point *point, unsigned alternative)
{
    make(point, alternative);
    fit__session.run = FIT_RUN_CASE;
    settle();
    arm();
    fit__judge_next_fault();
}

static bool wants(const char *point)
{
    for (unsigned i = 0; i < steps.wanted.count; i++)
        if (!strcmp(steps.wanted.faults[i].point, point)) return true;
    return false;
}

/* One of the wanted faults may be due. Of other questions a few are remembered, to be told if it
 * does not come: a replay asks what the sweep did not (each malloc). */
static int answer_following(struct fit__question *q)
{
    const struct fit__fault *next = &steps.wanted.faults[fit__session.faults.count];
    struct fit__point *p = NULL;
    fit__session.questions++;
    if (wants(q->point) || steps.count < OTHERS_MAX) p = fit__step_ask(q);
    if (!p || steps.came || !fit__fault_fits(next, p) || ++steps.met != next->when) return -1;
    for (unsigned a = 0; a < p->count; a++) {
        if (!fit__same_what(&next->what, &p->alternatives[a]) || !has_room(p, a))
            continue;
        fit__case_another(p, a);
        if (fit__session.faults.count < steps.wanted.count) fit__expect_more(answer_following);
        return (int)a;
    }
    steps.came = true;
    return -1;
}

void fit__case_follow(const struct fit__case *c)
{
    steps.wanted = *c;
}

void fit__case_enter(const struct fit__point *point, unsigned alternative)
{
    make(point, alternative);
    fit__session.run = FIT_RUN_CASE;
    if (steps.wanted.count > 1) fit__expect_more(answer_following);
    else settle();
    arm();
    fit__judge_case_start();
}

size_t fit__steps_mode(const struct fit__steps *s, char *out, size_t size)
{
    size_t have = 0;
    *out = 0;
    for (unsigned i = 0; i < s->count && have < size; i++)
        have += (size_t)snprintf(out + have, size - have, "%s%s", i ? "+" : "", fit__mode_name(
                                     fit__point_mode(s->list[i].point, s->list[i].alternative)));
    return have < size ? have : size - 1;
}

/* ---- a fault that did not come ----------------------------------------------------------- */

bool fit__step_missing(const struct fit__finding *ended, char *why, size_t size)
{
    unsigned have = fit__session.faults.count;
    char text[FIT_CASE_MAX], said[SAID_MAX], end[300] = "";
    if (have == 0 || have >= steps.wanted.count) return false;
    fit__case_print(steps.name, sizeof steps.name, &steps.wanted);
    fit__session.case_text = strchr(steps.name, ':') + 1;
    fit__fault_print(text, sizeof text, &steps.wanted.faults[have]);
    fit__nearest(steps.since, text, steps.wanted.faults[have].point, ", ", said, sizeof said);
    if (ended)
        snprintf(end, sizeof end, ", and ended there: %s: %.200s", ended->verdict, ended->symptom);
    if (steps.came)
        snprintf(why, size, "fault %u of the case, %s: its question came, but in this run that "
                 "could not go wrong there%s", have + 1, text, end);
    else
        snprintf(why, size, "fault %u of the case, %s, did not come: after the fault before it "
                 "the run asked %s%s%s", have + 1, text, *said ? "instead: " : "nothing more",
                 said, end);
    return true;
}

/* ---- smaller cases ----------------------------------------------------------------------- */

static void words_of(const struct fit__step *step, struct fit__fault *f)
{
    fit__point_fault(step->point, &step->point->alternatives[step->alternative], f);
}

/* The question of the reference that words with this `when` mean, counted from its start. */
static const struct fit__point *in_reference(const struct fit__fault *f)
{
    unsigned met = 0;
    for (const struct fit__point *p = fit__session.reference->points; p; p = p->next)
        if (fit__fault_fits(f, p) && ++met == f->when) return p;
    return NULL;
}

/* The second fault becomes the first, and gets the name that it has in the reference. */
static bool make_first(struct fit__fault *f)
{
    const struct fit__point *p = in_reference(f);
    for (unsigned a = 0; p && a < p->count; a++)
        if (fit__same_what(&f->what, &p->alternatives[a])) {
            fit__point_fault(p, &p->alternatives[a], f);
            return true;
        }
    return false;
}

/* Without the fault before it, `when` counts from the fault before that one, or from the start: so
 * it is `shifted` by what was asked in between; or left as it is, which is an earlier time. */
static bool without(const struct fit__steps *s, unsigned out, bool shifted, struct fit__case *c)
{
    struct fit__fault *next;
    const struct fit__point *from;
    c->count = 0;
    for (unsigned i = 0; i < s->count; i++)
        if (i != out) words_of(&s->list[i], &c->faults[c->count++]);
    if (out + 1 == s->count) return true;
    next = &c->faults[out];
    from = out == 0 ? fit__session.reference->points
         : out == 1 ? steps.asked : s->list[out - 1].point->next;
    if (shifted) next->when += count_fitting(next, from, s->list[out].point);
    if (next->when_last) next->when_last = next->when;
    return out > 0 || make_first(next);
}

struct list { char text[LIST_MAX]; size_t size; };

/* Names that have no room any more are left out. */
static void list_case(struct list *list, const struct fit__case *c)
{
    char text[FIT_CASE_MAX];
    const char *name = text + strlen("t:");
    size_t size = fit__case_print(text, sizeof text, c);
    if (size >= sizeof text || list->size + size >= sizeof list->text) return;
    list->size += (size_t)sprintf(list->text + list->size, "%s%s", list->size ? "\n" : "", name);
}

void fit__steps_add_smaller(struct fit__record *rec)
{
    const struct fit__steps *s = &fit__session.faults;
    struct fit__case c = { .test = "t" };
    struct list *list = fit__alloc(sizeof *list);
    for (unsigned out = 0; s->count > 1 && out < s->count; out++) {
        if (without(s, out, true, &c)) list_case(list, &c);
        if (out + 1 < s->count && without(s, out, false, &c)) list_case(list, &c);
    }
    for (unsigned i = 0; i < s->count; i++)
        for (unsigned a = 0; a < s->list[i].alternative && a < SIMPLER_MAX; a++) {
            c.count = s->count;
            for (unsigned k = 0; k < s->count; k++) words_of(&s->list[k], &c.faults[k]);
            fit__point_fault(s->list[i].point, &s->list[i].point->alternatives[a], &c.faults[i]);
            list_case(list, &c);
        }
    if (list->size) fit__record_add(rec, "smaller", "%s", list->text);
}
