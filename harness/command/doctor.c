/* harness/command/doctor.c - `faulttest doctor`: what of a program goes past libfaulttest. */
#include <stdlib.h>
#include <string.h>

#include "harness/command/commands.h"
#include "harness/command/covered.h"
#include "harness/command/objects.h"
#include "harness/command/options.h"
#include "harness/report/places.h"

enum { SHOWN = 12 };                     /* of one kind of trouble */

struct audit {
    struct fit__record **escapes, **bounds, **tests;
    size_t escape_count, bound_count, test_count, excused;
    char *unarmed, *error;
};

struct doctor {
    const char *binary;
    struct fit__program program;
    struct audit audit;
    unsigned troubles, kind;             /* in all; of the kind that is being shown */
};

/* ---- the screen -------------------------------------------------------------------------- */

static void fine(const char *what, char *text)
{
    char *head = fit__print("%-14sok    ", what);
    fit__wrap(stdout, head, text);
    free(head);
    free(text);
}

/* A trouble: what, who, and what to do. */
static void trouble(struct doctor *doctor, const char *what, char *text, const char *fix)
{
    doctor->troubles++;
    if (++doctor->kind <= SHOWN) {
        char *head = fit__print("%-14s%s!!%s    ", what, fit__look(stdout, FIT_RED),
                                fit__look(stdout, FIT_PLAIN));
        char *plain = fit__print("%-14s!!    ", what);
        fit__wrap(stdout, *fit__look(stdout, FIT_RED) ? head : plain, text);
        fit__wrap(stdout, "              do    ", fix);
        free(head);
        free(plain);
    }
    free(text);
}

static void more(const struct doctor *doctor)
{
    if (doctor->kind > SHOWN) printf("                    and %u more\n", doctor->kind - SHOWN);
}

static void note(const char *what, char *text)
{
    char *head = fit__print("%-14snote  ", what);
    fit__wrap(stdout, head, text);
    free(head);
    free(text);
}

/* ---- what the process says --------------------------------------------------------------- */

static void keep(struct fit__record ***list, size_t *count, struct fit__record *record)
{
    *list = fit__grow(*list, *count, sizeof **list);
    (*list)[(*count)++] = record;
}

static long number(const struct fit__record *record, const char *key)
{
    return strtol(fit__value_or_empty(record, key), NULL, 10);
}

static const char *excuse(const struct fit__record *r)
{
    return fit__call_excused(number(r, "number"), fit__value(r, "entry"), number(r, "first"),
                             number(r, "second"));
}

static void on_record(void *arg, struct fit__record *record)
{
    struct audit *audit = arg;
    const char *kind = fit__value(record, "kind");
    if (strcmp(kind, "test") == 0) {
        keep(&audit->tests, &audit->test_count, record);
        return;
    }
    if (strcmp(kind, "bound") == 0) {
        keep(&audit->bounds, &audit->bound_count, record);
        return;
    }
    if (strcmp(kind, "escape") == 0 && !excuse(record)) {
        keep(&audit->escapes, &audit->escape_count, record);
        return;
    }
    audit->excused += strcmp(kind, "escape") == 0;
    if (strcmp(kind, "error") == 0 && !audit->error)
        audit->error = fit__copy(fit__value_or_empty(record, "text"));
    if (strcmp(kind, "hello") == 0 && strcmp(fit__value_or_empty(record, "armed"), "0") == 0)
        audit->unarmed = fit__copy(fit__value_or_empty(record, "why"));
    fit__record_free(record);
}

static void run_audit(struct doctor *doctor, const struct fit__words *tests)
{
    struct fit__orders orders = { .job = "audit", .jobs = 1, .tests = *tests };
    struct fit__session session = { .path = doctor->binary, .orders = &orders,
                                    .record = on_record, .arg = &doctor->audit };
    if (fit__session_run(&session) != 0) {
        doctor->audit.error = fit__copy(session.failure);
    } else if (!session.bye && !doctor->audit.unarmed && !doctor->audit.error) {
        char *end = fit__session_end_text(&session);
        doctor->audit.error = fit__print("%s %s before the end of its tests", doctor->binary, end);
        free(end);
    }
    fit__session_free(&session);
}

/* ---- the four checks --------------------------------------------------------------------- */

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* The same call of the same function counts once, whatever the test. */
static bool told(const struct audit *audit, size_t index)
{
    static const char *const keys[] = { "number", "entry", "stack", "function", "object" };
    for (size_t i = 0; i < index; i++) {
        bool same = true;
        for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++)
            same &= strcmp(fit__value_or_empty(audit->escapes[i], keys[k]),
                           fit__value_or_empty(audit->escapes[index], keys[k])) == 0;
        if (same) return true;
    }
    return false;
}

/* "via a (a.c:3) < b (b.c:4)": who called, up to the test. */
static char *chain(const struct fit__record *escape)
{
    enum { MOST = 5 };
    struct fit__frame frames[FIT_FRAMES_MAX];
    struct fit__text text = { 0 };
    size_t count = fit__frames(fit__value(escape, "stack"), frames);
    for (size_t i = 0; i < count && i < MOST; i++) {
        char *where = fit__frame_where(&frames[i]);
        fit__text_add(&text, "%s%s (%s)", i ? " < " : "", frames[i].function, where);
        free(where);
    }
    return text.data ? text.data : fit__copy("an unknown place");
}

static void show_escape(struct doctor *doctor, const struct fit__record *r)
{
    const char *entry = fit__value(r, "entry"), *call = fit__system_call_name(number(r, "number"));
    char *stack = chain(r);
    const char *file = file_name(fit__value_or_empty(r, "object"));
    if (entry)
        trouble(doctor, "system calls", fit__print("%s, made by %s() of libc for %s, called from "
                "%s in test %s", call, entry, file, stack, fit__value_or_empty(r, "test")),
                "the simulated kernel does not see it: leave this call out of the test, or call a "
                "function that is simulated");
    else
        trouble(doctor, "system calls", fit__print("%s, by an instruction of %s itself, in %s, in "
                "test %s", call, file, stack, fit__value_or_empty(r, "test")),
                "call libc's function, which libfaulttest can define, instead of the instruction");
    free(stack);
}

static void check_calls(struct doctor *doctor)
{
    const struct audit *audit = &doctor->audit;
    size_t ran = 0;
    doctor->kind = 0;
    for (size_t i = 0; i < audit->test_count; i++)
        ran += strcmp(fit__value_or_empty(audit->tests[i], "state"), "ready") == 0;
    for (size_t i = 0; i < audit->escape_count; i++)
        if (!told(audit, i)) show_escape(doctor, audit->escapes[i]);
    more(doctor);
    if (audit->error)
        trouble(doctor, "system calls", fit__print("not checked to the end: %s", audit->error),
                "see what stands there, and run doctor again");
    else if (!doctor->program.ours || audit->unarmed)
        note("system calls", fit__copy("not checked: the tests were not run"));
    else if (audit->test_count && !ran)
        trouble(doctor, "system calls", fit__copy("not checked: no test ran to its end"),
                "see why with `faulttest run`, and run doctor again");
    else if (!doctor->kind)
        fine("system calls", fit__print("%zu of %zu tests ran without faults; no system call came "
             "from outside libfaulttest%s", ran, audit->test_count, audit->excused
             ? " but a few that libc makes for itself and that are harmless" : ""));
    for (size_t i = 0; i < audit->test_count && !audit->unarmed; i++) {
        const char *state = fit__value_or_empty(audit->tests[i], "state");
        if (strcmp(state, "ready") != 0)
            note("", fit__print("%s did not run to its end: %s",
                                fit__value_or_empty(audit->tests[i], "test"), state));
    }
}

/* Libraries that we step or whose callbacks we see, by a function of each. */
static void check_static_loops(struct doctor *doctor, const struct fit__object *object)
{
    static const struct { const char *function, *library, *link; } loops[] = {
        { "uv_run", "libuv", "-luv" }, { "curl_easy_perform", "libcurl", "-lcurl" },
        { "event_base_loop", "libevent", "-levent" },
    };
    for (size_t i = 0; i < sizeof loops / sizeof loops[0]; i++) {
        if (!fit__names_have(&object->defines, loops[i].function)) continue;
        char *fix = fit__print("link %s as a shared library (%s): else neither its callbacks fail "
                               "nor is a cancel tried at its turns", loops[i].library,
                               loops[i].link);
        trouble(doctor, "definitions", fit__print("%s is linked into %s statically (it defines "
                "%s itself)", loops[i].library, object->name, loops[i].function), fix);
        free(fix);
    }
}

static bool bound_elsewhere(const struct doctor *doctor, const char *function)
{
    for (size_t i = 0; i < doctor->audit.bound_count; i++)
        if (strcmp(fit__value_or_empty(doctor->audit.bounds[i], "function"), function) == 0)
            return true;
    return false;
}

static void check_own_definitions(struct doctor *doctor, const struct fit__object *ours,
                                  const struct fit__object *object)
{
    for (size_t i = 0; i < object->defines.count; i++) {
        const char *name = object->defines.list[i];
        if (!fit__names_have(&ours->exports, name)) continue;
        if (!fit__names_have(&doctor->program.libc->exports, name)) continue;
        if (bound_elsewhere(doctor, name)) continue;
        trouble(doctor, "definitions", fit__print("%s defines %s itself: calls from there never "
                "reach libfaulttest", object->name, name),
                "leave that definition out of the program that is tested, or rename it");
    }
}

/* The functions that one file got from one other, together. */
static void show_bound(struct doctor *doctor, size_t from)
{
    const struct audit *audit = &doctor->audit;
    const struct fit__record *first = audit->bounds[from];
    const char *object = fit__value_or_empty(first, "object");
    const char *found = fit__value_or_empty(first, "found");
    struct fit__text names = { 0 };
    unsigned count = 0;
    for (size_t i = 0; i < audit->bound_count; i++) {
        if (strcmp(fit__value_or_empty(audit->bounds[i], "object"), object) != 0
            || strcmp(fit__value_or_empty(audit->bounds[i], "found"), found) != 0) continue;
        if (i < from) return;
        const char *name = fit__value_or_empty(audit->bounds[i], "function");
        if (names.data && strstr(names.data, name)) continue;
        fit__text_add(&names, "%s%s", count++ ? ", " : "", name);
    }
    trouble(doctor, "definitions", fit__print("%s of %s %s found in %s, not in libfaulttest",
            names.data, file_name(object), count == 1 ? "is" : "are", file_name(found)),
            strcmp(found, doctor->program.objects[0].path) == 0
            ? "leave that definition out of the program that is tested, or rename it"
            : "put `pkg-config --libs faulttest` before all other libraries when you link");
    free(names.data);
}

static void check_definitions(struct doctor *doctor)
{
    const struct fit__program *p = &doctor->program;
    const struct fit__object *ours = p->ours ? p->ours : &p->unlinked;
    size_t count = 0;
    doctor->kind = 0;
    if (!p->ours)
        trouble(doctor, "definitions", fit__print("%s has no libfaulttest in it", doctor->binary),
                "link it with `pkg-config --libs faulttest`, before all other libraries");
    for (size_t i = 0; i < doctor->audit.bound_count; i++) show_bound(doctor, i);
    for (size_t i = 0; i < p->count; i++) {
        const struct fit__object *o = &p->objects[i];
        if (!o->users) continue;
        check_own_definitions(doctor, ours, o);
        check_static_loops(doctor, o);
    }
    if (doctor->audit.unarmed && !doctor->kind)
        trouble(doctor, "definitions", fit__copy(doctor->audit.unarmed), "see what stands there");
    more(doctor);
    for (size_t i = 0; i < p->count; i++)
        for (size_t j = 0; j < p->objects[i].imports.count && &p->objects[i] != p->ours; j++)
            count += fit__names_have(&ours->exports, p->objects[i].imports.list[j]);
    if (!doctor->kind)
        fine("definitions", fit__print("all %zu imports that libfaulttest defines, in %zu files, "
                                       "are bound to it", count, p->count));
}

/* ---- imports ----------------------------------------------------------------------------- */

static bool skipped(const struct fit__program *p, const struct fit__object *object)
{
    static const char *const known[] = { "libfiu.so", "libcmocka.so", "libc.so", "libm.so",
                                         "libpthread.so", "libdl.so", "librt.so", "libgcc_s.so",
                                         "libresolv.so" };
    if (object == p->ours) return true;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strncmp(object->name, known[i], strlen(known[i])) == 0) return true;
    return false;
}

struct tally { unsigned simulated, passing; };

/* The functions of libc that `object` imports and nobody here knows, as a list for people. */
static char *unknown_imports(const struct fit__program *p, const struct fit__object *object,
                             struct tally *tally, unsigned *count)
{
    enum { LISTED = 8 };
    const struct fit__object *ours = p->ours ? p->ours : &p->unlinked;
    struct fit__text text = { 0 };
    *count = 0;
    for (size_t i = 0; i < object->imports.count; i++) {
        const char *name = object->imports.list[i];
        if (fit__names_have(&ours->exports, name)) {
            tally->simulated++;
            continue;
        }
        if (!fit__names_have(&p->libc->exports, name)) continue;
        if (fit__passes_through(name, NULL)) {
            tally->passing++;
        } else if (++*count <= LISTED) {
            fit__text_add(&text, "%s%s", *count > 1 ? ", " : "", name);
        }
    }
    if (*count > LISTED) fit__text_add(&text, " and %u more", *count - LISTED);
    return text.data;
}

/* The system's libraries import much that they hardly ever call: whether they do, the first check
 * has shown. */
static void note_imports(const struct fit__program *p)
{
    enum { MOST = 400 };
    struct tally tally = { 0, 0 };
    struct fit__text text = { 0 };
    unsigned files = 0, count;
    for (size_t i = 0; i < p->count; i++) {
        const struct fit__object *o = &p->objects[i];
        if (skipped(p, o) || o->users) continue;
        char *list = unknown_imports(p, o, &tally, &count);
        if (count && text.size < MOST)
            fit__text_add(&text, "%s%.*s: %s", files ? "; " : "", (int)strcspn(o->name, "."),
                          o->name, list);
        files += count > 0;
        free(list);
    }
    if (files)
        note("", fit__print("not covered, and harmless as long as no test makes these libraries "
                            "call them, which shows above: %s%s", text.data,
                            text.size < MOST ? "" : "; and more"));
    free(text.data);
}

static void check_imports(struct doctor *doctor)
{
    const struct fit__program *p = &doctor->program;
    struct tally users = { 0, 0 };
    unsigned files = 0, count;
    doctor->kind = 0;
    for (size_t i = 0; i < p->count; i++) {
        const struct fit__object *o = &p->objects[i];
        if (skipped(p, o) || !o->users) continue;
        files++;
        char *list = unknown_imports(p, o, &users, &count);
        if (count)
            trouble(doctor, "imports", fit__print("%s imports %s of libc, which libfaulttest does "
                    "not cover", o->name, list), "they reach the real system: keep them out of "
                    "what a test runs, or ask for them to be covered");
        free(list);
    }
    more(doctor);
    if (!doctor->kind)
        fine("imports", fit__print("of libc's functions %u own %s import%s %u are simulated, %u "
             "pass through, harmless; none is unknown", files, files == 1 ? "file" : "files",
             files == 1 ? "s" : "", users.simulated, users.passing));
    note_imports(p);
}

static void check_instructions(struct doctor *doctor)
{
    const struct fit__program *p = &doctor->program;
    struct fit__text files = { 0 };
    doctor->kind = 0;
    for (size_t i = 0; i < p->count; i++) {
        const struct fit__object *o = &p->objects[i];
        if (!o->users) continue;
        fit__text_add(&files, "%s%s", files.size ? ", " : "", o->name);
        for (size_t j = 0; j < o->calls.count; j++) {
            char *place = fit__place(o->calls.list[j]);
            trouble(doctor, "instructions", fit__print("%s: a system call instruction in %s",
                    o->name, place ? place : "an unknown function"), "call libc's function, which "
                    "libfaulttest can define, instead");
            free(place);
        }
    }
    more(doctor);
    if (!doctor->kind)
        fine("instructions", fit__print("no system call instruction in %s", files.data));
    free(files.data);
}

int fit__command_doctor(int count, char **arguments)
{
    struct fit__options options;
    struct doctor doctor = { 0 };
    int status = fit__options_read(&options, "doctor", count, arguments);
    if (status != FIT_X_OK) return status;
    if (options.words.count != 1)
        return fit__fail_with(FIT_X_USAGE, fit__copy("doctor takes one program: faulttest doctor "
                                                     "TEST-BINARY"));
    doctor.binary = options.words.list[0];
    char *refused = fit__binary_refused(doctor.binary);
    if (refused) return fit__fail_with(FIT_X_USAGE, refused);
    if (!fit__program_read(doctor.binary, &doctor.program)) return FIT_X_USAGE;
    fit__catch_interrupts();
    if (doctor.program.ours) run_audit(&doctor, &options.tests);
    if (fit__interrupted()) return FIT_X_INTERRUPTED;
    check_calls(&doctor);
    check_definitions(&doctor);
    check_imports(&doctor);
    check_instructions(&doctor);
    if (doctor.troubles)
        printf("\nfaulttest: %s: %u %s past libfaulttest\n", doctor.binary, doctor.troubles,
               doctor.troubles == 1 ? "thing goes" : "things go");
    else
        printf("\nfaulttest: %s: nothing goes past libfaulttest\n", doctor.binary);
    return doctor.troubles ? FIT_X_FINDINGS : FIT_X_OK;
}
