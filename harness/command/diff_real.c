/* harness/command/diff_real.c - `faulttest diff-real`: the same tests in the simulated kernel and
 * over the real one, without faults, and where their calls first differ. */
#include <stdlib.h>
#include <string.h>

#include "harness/command/calls.h"
#include "harness/command/commands.h"
#include "harness/command/options.h"

enum { BEFORE = 3, HALF = 47, TAIL = 16 };

struct test { char *name, *state, *text; struct fit__calls calls; };

struct side {
    const char *word;
    struct test *tests;
    size_t count;
    char *error;
};

static struct test *test_named(struct side *side, const char *name)
{
    for (size_t i = 0; i < side->count; i++)
        if (strcmp(side->tests[i].name, name) == 0) return &side->tests[i];
    side->tests = fit__grow(side->tests, side->count, sizeof *side->tests);
    side->tests[side->count] = (struct test){ .name = fit__copy(name) };
    return &side->tests[side->count++];
}

static void on_record(void *arg, struct fit__record *record)
{
    struct side *side = arg;
    const char *kind = fit__value(record, "kind"), *name = fit__value(record, "test");
    if (strcmp(kind, "call") == 0 && name)
        fit__calls_add(&test_named(side, name)->calls, record);
    if (strcmp(kind, "test") == 0 && name) {
        struct test *test = test_named(side, name);
        test->state = fit__copy(fit__value_or_empty(record, "state"));
        test->text = fit__copy(fit__value_or_empty(record, "text"));
    }
    if (strcmp(kind, "error") == 0 && !side->error)
        side->error = fit__copy(fit__value_or_empty(record, "text"));
    if (strcmp(kind, "hello") == 0 && strcmp(fit__value_or_empty(record, "armed"), "0") == 0)
        side->error = fit__copy(fit__value_or_empty(record, "why"));
    fit__record_free(record);
}

/* FIT_X_OK, or a sentence on standard error. */
static int run(struct side *side, const char *job, const char *binary,
               const struct fit__words *tests)
{
    struct fit__orders orders = { .job = job, .jobs = 1, .tests = *tests };
    struct fit__session session = { .path = binary, .orders = &orders, .record = on_record,
                                    .arg = side };
    int status = FIT_X_OK;
    if (fit__session_run(&session) != 0) {
        status = fit__fail_with(FIT_X_INTERNAL, fit__copy(session.failure));
    } else if (session.stopped) {
        status = FIT_X_INTERRUPTED;
    } else if (side->error) {
        status = fit__fail_with(FIT_X_USAGE, fit__print("%s: %s", binary, side->error));
    } else if (!session.hello) {
        status = fit__fail_with(FIT_X_USAGE, fit__print("%s has no libfaulttest in it: link it "
            "with `pkg-config --libs faulttest`", binary));
    } else if (!session.bye) {
        char *end = fit__session_end_text(&session);
        status = fit__fail_with(FIT_X_INTERNAL, fit__print("%s %s in the %s kernel", binary, end,
                                                           side->word));
        free(end);
    }
    fit__session_free(&session);
    return status;
}

/* ---- the screen -------------------------------------------------------------------------- */

/* A long line keeps its end, where the result stands. The caller frees it. */
static char *half(const char *text)
{
    if (strlen(text) <= HALF) return fit__copy(text);
    return fit__print("%.*s...%s", HALF - TAIL - 3, text, strchr(text, '\0') - TAIL);
}

static void columns(const char *mark, const char *left, const char *right)
{
    char *a = half(left), *b = half(right);
    printf("%-3s%-*s  %s\n", mark, HALF, a, b);
    free(a);
    free(b);
}

static const char *line_at(const struct fit__calls *calls, size_t index)
{
    return index < calls->count ? calls->list[index].text : "(nothing more on it)";
}

/* The calls on the object where the two differ, side by side. */
static void show_difference(const struct fit__difference *d, const struct test *world,
                            const struct test *real)
{
    size_t from = d->position > BEFORE ? d->position - BEFORE : 0;
    printf("   on %s\n", d->object);
    columns("", "simulated kernel", "real kernel");
    for (size_t i = from; i <= d->position; i++) {
        size_t left = fit__calls_on(&world->calls, d->object, i);
        size_t right = fit__calls_on(&real->calls, d->object, i);
        columns(i == d->position ? ">>" : "", line_at(&world->calls, left),
                line_at(&real->calls, right));
    }
}

static bool ready(const struct test *test)
{
    return test->state && strcmp(test->state, "ready") == 0;
}

/* True: they differ. */
static bool compare(const struct test *world, struct side *real_side, unsigned *skipped)
{
    const struct test *real = test_named(real_side, world->name);
    struct fit__difference d;
    char *head = fit__print("%-30s  ", world->name);
    bool differs = false;
    if (!ready(world) || !ready(real)) {
        const struct test *bad = real->state && strcmp(real->state, "skipped") == 0 ? real
                               : ready(world) ? real : world;
        bool skips = bad->state && (strcmp(bad->state, "skipped") == 0
                                    || strcmp(bad->state, "unsupported") == 0);
        char *text = fit__print("%s: %s%s%s", skips ? "skipped" : "differs", skips ? "" :
                                bad == real ? "over the real kernel only: " : "fails in the "
                                "simulated kernel: ", bad->text ? bad->text : "",
                                bad->state ? "" : "the program ended");
        char *clear = fit__fill_place(text);
        fit__wrap(stdout, head, clear);
        free(clear);
        free(text);
        differs = !skips && ready(world) != ready(real);
        *skipped += !differs;
    } else if (fit__calls_differ(&world->calls, &real->calls, &d)) {
        fit__wrap(stdout, head, "differs");
        show_difference(&d, world, real);
        differs = true;
    } else {
        char *text = fit__print("agrees, %zu calls", world->calls.count);
        fit__wrap(stdout, head, text);
        free(text);
    }
    free(head);
    return differs;
}

int fit__command_diff_real(int count, char **arguments)
{
    struct fit__options options;
    struct side world = { .word = "simulated" }, real = { .word = "real" };
    unsigned differ = 0, skipped = 0;
    int status = fit__options_read(&options, "diff-real", count, arguments);
    if (status != FIT_X_OK) return status;
    if (options.words.count != 1)
        return fit__fail_with(FIT_X_USAGE, fit__copy("diff-real takes one program: faulttest "
                                                     "diff-real TEST-BINARY [--test NAME]"));
    const char *binary = options.words.list[0];
    char *refused = fit__binary_refused(binary);
    if (refused) return fit__fail_with(FIT_X_USAGE, refused);
    fit__catch_interrupts();
    status = run(&world, "trace", binary, &options.tests);
    if (status == FIT_X_OK) status = run(&real, "real", binary, &options.tests);
    if (status != FIT_X_OK) return status;
    for (size_t i = 0; i < world.count; i++)
        differ += compare(&world.tests[i], &real, &skipped);
    printf("\nfaulttest: %zu test%s, %u differ, %u skipped\n", world.count,
           world.count == 1 ? "" : "s", differ, skipped);
    if (!world.count || skipped == world.count) return FIT_X_NOTHING;
    return differ ? FIT_X_FINDINGS : FIT_X_OK;
}
