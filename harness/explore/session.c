/* What the command ordered, and where this process stands. */
#include "harness/explore/explore.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fi/allocate.h"
#include "fi/arena.h"
#include "fi/hot.h"
#include "fi/process.h"
#include "fi/raw.h"
#include "fi/symbols.h"
#include "harness/explore/audit.h"
#include "harness/explore/coverage.h"
#include "harness/explore/record.h"
#include "harness/judge/judge.h"

enum { ORDERS_MAX = 1 << 28 };           /* each case that failed may be named in them */

FIT_HOT struct fit__session fit__session;

static void __attribute__((noreturn, format(printf, 1, 2))) refuse(const char *format, ...)
{
    char text[400];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    fit__send_error(FIT_X_INTERNAL, "%s", text);
    fit__raw(SYS_exit_group, FIT_X_INTERNAL);
    __builtin_unreachable();
}

static char *read_all(int fd)
{
    struct stat st;
    char *text;
    size_t have = 0;
    long n;
    if (fit__raw(SYS_fstat, fd, &st) || st.st_size > ORDERS_MAX) return NULL;
    text = fit__alloc((size_t)st.st_size + 1);
    while (have < (size_t)st.st_size) {
        n = fit__raw(SYS_pread64, fd, text + have, (size_t)st.st_size - have, have);
        if (n <= 0) return NULL;
        have += (size_t)n;
    }
    return text;
}

static void unescape(char *s)
{
    char *out = s;
    for (; *s; s++) {
        if (*s == '\\' && s[1]) {
            s++;
            *out++ = *s == 'n' ? '\n' : *s;
        } else {
            *out++ = *s;
        }
    }
    *out = 0;
}

static void parse_modes(char *value)
{
    const char *unknown = fit__wanted_read(&fit__session.orders.wanted, value);
    if (unknown) refuse("the orders name an unknown mode: %s", unknown);
}

static void parse_memory(char *value)
{
    fit__session.orders.memory = fit__strdup(value);
    fit__memory_of = 0;
    for (char *save, *word = strtok_r(value, ",", &save); word;
         word = strtok_r(NULL, ",", &save))
        fit__memory_of |= !strcmp(word, "service") ? FIT_OF_SERVICE
                        : !strcmp(word, "library") ? FIT_OF_LIBRARY : FIT_OF_FRAMEWORK;
}

static void append(const char ***list, unsigned *count, const char *value)
{
    if (!(*count & (*count - 1)))        /* doubles: there may be very many cases */
        *list = fit__resize((void *)*list, (*count ? *count * 2 : 1) * sizeof **list);
    (*list)[(*count)++] = value;
}

/* Words of the command line that a test's fit_options() must give way to. */
static void parse_given(const char *value)
{
    struct fit__orders *o = &fit__session.orders;
    o->pairs_given |= !strcmp(value, "pairs");
    o->random_given |= !strcmp(value, "random");
    o->seed_given |= !strcmp(value, "seed");
    o->case_time_given |= !strcmp(value, "case-time");
}

static enum fit__job job_of(const char *word)
{
    static const struct { const char *word; enum fit__job job; } jobs[] = {
        { "list", FIT_J_LIST }, { "replay", FIT_J_REPLAY }, { "audit", FIT_J_AUDIT },
        { "trace", FIT_J_TRACE }, { "real", FIT_J_REAL },
    };
    for (size_t i = 0; i < sizeof jobs / sizeof jobs[0]; i++)
        if (!strcmp(word, jobs[i].word)) return jobs[i].job;
    return FIT_J_RUN;
}

/* Threads of an old suite that are its servers: told by the name of where they start. */
static bool is_peer_start(const void *start)
{
    const struct fit__orders *o = &fit__session.orders;
    struct fit__symbol s;
    /* A return address lies behind its call: the start itself is looked up one byte further. */
    if (!fit__symbol_of((const char *)start + 1, &s) || !s.function) return false;
    for (unsigned i = 0; i < o->peer_thread_count; i++)
        if (!fnmatch(o->peer_threads[i], s.function, 0)) return true;
    return false;
}

/* What is on or off. */
static void parse_switch(const char *key, bool on)
{
    struct fit__orders *o = &fit__session.orders;
    const struct { const char *key; bool *on; } switches[] = {
        { "extended", &o->extended }, { "setup", &o->setup }, { "own", &o->own },
        { "fill", &o->fill }, { "trace", &o->trace }, { "debugger", &o->debugger },
        { "stacks", &o->stacks },
    };
    for (size_t i = 0; i < sizeof switches / sizeof switches[0]; i++)
        if (!strcmp(key, switches[i].key)) *switches[i].on = on;
}

static void parse_line(char *key, char *value)
{
    struct fit__orders *o = &fit__session.orders;
    if (!strcmp(key, "version")) {
        if (atoi(value) != FIT_PROTOCOL_VERSION)
            refuse("libfaulttest " FIT_VERSION " and this faulttest command do not fit together: "
                   "relink the test, or use the command of the same installation");
    } else if (!strcmp(key, "results")) {
        o->results = fit__own_fd(atoi(value));
    } else if (!strcmp(key, "job")) {
        o->job = job_of(value);
    } else if (!strcmp(key, "world")) {
        o->real = !strcmp(value, "real");
    } else if (!strcmp(key, "test")) {
        append(&o->tests, &o->test_count, value);
    } else if (!strcmp(key, "case")) {
        append(&o->cases, &o->case_count, value);
    } else if (!strcmp(key, "done")) {
        append(&o->done, &o->done_count, value);
    } else if (!strcmp(key, "dead")) {
        append(&o->dead, &o->dead_count, value);
    } else if (!strcmp(key, "shard")) {
        o->shard = (unsigned)atoi(value);
        o->shards = (unsigned)atoi(strchr(value, '/') ? strchr(value, '/') + 1 : "0");
    } else if (!strcmp(key, "budget")) {
        o->budget = (unsigned)atoi(value);
    } else if (!strcmp(key, "peer-thread")) {
        append(&o->peer_threads, &o->peer_thread_count, value);
        fit__is_peer_start = is_peer_start;
    } else if (!strcmp(key, "modes")) {
        parse_modes(value);
    } else if (!strcmp(key, "memory")) {
        parse_memory(value);
    } else if (!strcmp(key, "pairs")) {
        o->pairs = (unsigned)atoi(value);
    } else if (!strcmp(key, "random")) {
        o->random = (unsigned)atoi(value);
    } else if (!strcmp(key, "given")) {
        parse_given(value);
    } else if (!strcmp(key, "from")) {
        o->from = (unsigned)atoi(value);
    } else if (!strcmp(key, "seed")) {
        o->seed = strtoull(value, NULL, 10);
    } else if (!strcmp(key, "jobs")) {
        o->jobs = (unsigned)atoi(value);
    } else if (!strcmp(key, "memcheck")) {
        o->memcheck = atoi(value) && fit__under_valgrind();
    } else if (!strcmp(key, "cpu_ms")) {
        o->cpu_ms = (unsigned)atoi(value);
    } else if (!strcmp(key, "wall_ms")) {
        o->wall_ms = (unsigned)atoi(value);
    } else if (!strcmp(key, "logs")) {
        o->logs = value;
    } else if (!strcmp(key, "coverage")) {
        o->coverage = value;
    } else {
        parse_switch(key, atoi(value));
    }
}

static void set_defaults(void)
{
    struct fit__orders *o = &fit__session.orders;
    bool slow = fit__under_valgrind();
    if (!o->jobs) o->jobs = 1;
    if (!o->cpu_ms) o->cpu_ms = slow ? 30000 : 1000;
    if (!o->wall_ms) o->wall_ms = slow ? 120000 : 10000;
    if (!o->wanted.given) fit__wanted_usual(&o->wanted);
}

static void say_hello(void)
{
    char memory[2048], path[600] = "";
    struct fit__record r;
    const char *why = fit__unarmed_reason();
    long n = fit__raw(SYS_readlink, "/proc/self/exe", path, sizeof path - 1);
    path[n > 0 ? n : 0] = 0;
    fit__record_begin(&r, memory, sizeof memory, "hello");
    fit__record_add(&r, "pid", "%ld", fit__raw(SYS_getpid));
    fit__record_add(&r, "version", "%d", FIT_PROTOCOL_VERSION);
    fit__record_add(&r, "library", "%s", FIT_VERSION);
    fit__record_add(&r, "binary", "%s", path);
    fit__record_add(&r, "armed", "%d", !why);
    if (why) fit__record_add(&r, "why", "%s", why);
    fit__record_send(&r);
    if (fit__session.orders.job == FIT_J_AUDIT) fit__bindings_send();
    if (why) fit__raw(SYS_exit_group, FIT_X_USAGE);
}

/* Tests of the program that were asked for or not: to say what there is instead. */
static struct { bool any; char names[600]; } seen;

static void say_no_such_test(void)
{
    if (fit__session.orders.job != FIT_J_REPLAY || seen.any) return;
    fit__send_error(FIT_X_NO_FIT, "this program has no test %s; its tests:%s",
                    fit__session.orders.tests[0], seen.names[0] ? seen.names : " none");
}

/* Snapshots end by a signal, so only the process that the command started says this. */
static void say_bye(void)
{
    char memory[64];
    struct fit__record r;
    if (fit__forked) return;
    say_no_such_test();
    fit__record_begin(&r, memory, sizeof memory, "bye");
    fit__record_send(&r);
}

/* A process that the code under test forks is no part of the sweep: it must not hold the command's
 * descriptor open, nor write to it. */
static void leave_session(void)
{
    fit__raw(SYS_close, fit__session.orders.results);
    fit__session.orders.results = -1;
}

/* What the program starts is not under test, whatever it is linked with. */
static void forget_orders(void)
{
    unsetenv(FIT_CONTROL_VARIABLE);
    unsetenv("LD_PRELOAD");
    fit__on_forked = leave_session;
}

bool fit__session_start(void)
{
    static bool started, ordered;
    const char *variable = getenv(FIT_CONTROL_VARIABLE);
    char *text;
    if (started) return ordered;
    started = true;
    if (!variable || !*variable) return false;
    text = read_all(atoi(variable));
    if (!text) refuse(FIT_CONTROL_VARIABLE "=%s is no descriptor with orders", variable);
    fit__raw(SYS_close, atoi(variable));
    forget_orders();
    ordered = true;
    for (char *save, *line = strtok_r(text, "\n", &save); line;
         line = strtok_r(NULL, "\n", &save)) {
        char *value = strchr(line, ' ');
        if (!value) continue;
        *value++ = 0;
        unescape(value);
        parse_line(line, value);
    }
    set_defaults();
    fit__sanitizers_watch();
    if (fit__session.orders.real) fit__world_over_real(true);
    if (fit__session.orders.job == FIT_J_REAL) fit__world_over_real(false);
    say_hello();
    if (fit__session.orders.memory)
        fit__send_note("in mode memory only allocations of these fail: %s (--memory)",
                       fit__session.orders.memory);
    if (fit__session.orders.coverage && fit__coverage_missing()) {
        fit__send_error(FIT_X_USAGE, "%s", fit__coverage_missing());
        fit__raw(SYS_exit_group, FIT_X_USAGE);
    }
    atexit(say_bye);
    return true;
}

bool fit__test_selected(const struct fit__test *test)
{
    const struct fit__orders *o = &fit__session.orders;
    char full[300];
    size_t have = strlen(seen.names);
    bool selected = !o->test_count;
    snprintf(full, sizeof full, "%s.%s", test->group, test->name);
    for (unsigned i = 0; i < o->test_count; i++)
        selected |= !strcmp(o->tests[i], full) || !strcmp(o->tests[i], test->name);
    seen.any |= selected;
    snprintf(seen.names + have, sizeof seen.names - have, " %s", full);
    return selected;
}
