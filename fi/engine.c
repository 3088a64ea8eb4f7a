/* libfiu as registry and decision engine: every question passes it as a point of its own name.
 *
 * One wildcard with an external callback stands for "ask the explorer"; a point that somebody
 * enabled by its exact name (fiu_enable, fiu-ctrl) is found by libfiu before the wildcard and
 * fails without the explorer being asked. Facts about libfiu (measured): the callback gets the
 * wildcard and not the name, so the question travels in a variable; it runs under the registry's
 * read lock, which a snapshot survives. */
#include "fi/choice.h"

#include <assert.h>
#include <string.h>

#define FIU_ENABLE
#include <fiu-control.h>
#include <fiu.h>

#include "fi/export.h"
#include "fi/guard.h"
#include "fi/hot.h"

FIT_HOT int (*fit__chooser)(struct fit__question *q);
FIT_HOT unsigned fit__faults_off;
bool fit__counting;
unsigned fit__unasked;
unsigned fit__modes_asked = ~0u;
FIT_HOT bool fit__settled, fit__named;
void (*fit__on_not_fired)(const char *why);
void (*fit__on_injected)(const struct fit__question *q, const struct fit__alternative *what);

#define ROW(id, word, usual, meaning) { word, usual },
static const struct { const char *name; bool usual; } modes[FIT_MODES] = { FIT_EACH_MODE(ROW) };
#undef ROW

/* The names that libfiu's own POSIX module gave to these calls; users of fiu-ctrl know them. */
static const struct { const char *call, *name; } posix_names[] = {
    { "accept", "posix/io/net/accept" },   { "accept4", "posix/io/net/accept" },
    { "bind", "posix/io/net/bind" },       { "connect", "posix/io/net/connect" },
    { "listen", "posix/io/net/listen" },   { "open", "posix/io/oc/open" },
    { "poll", "posix/io/rw/poll" },        { "read", "posix/io/rw/read" },
    { "readv", "posix/io/rw/readv" },      { "recv", "posix/io/net/recv" },
    { "recvfrom", "posix/io/net/recvfrom" }, { "recvmsg", "posix/io/net/recvmsg" },
    { "select", "posix/io/rw/select" },    { "send", "posix/io/net/send" },
    { "sendmsg", "posix/io/net/sendmsg" }, { "sendto", "posix/io/net/sendto" },
    { "shutdown", "posix/io/net/shutdown" }, { "socket", "posix/io/net/socket" },
    { "write", "posix/io/rw/write" },      { "writev", "posix/io/rw/writev" },
};

FIT_HOT static struct {
    bool ready;
    struct fit__question *question;      /* what is being asked right now */
    int answer;                          /* index into its alternatives, or -1 */
    bool asked;                          /* the explorer was asked */
} engine;

const char *fit__mode_name(enum fit__mode mode)
{
    assert(mode < FIT_MODES);
    return modes[mode].name;
}

bool fit__mode_usual(enum fit__mode mode)
{
    assert(mode < FIT_MODES);
    return modes[mode].usual;
}

void fit__offer(struct fit__question *q, enum fit__mode mode, enum fit__what what,
                enum fit__space space, int64_t value, enum fit__until until)
{
    assert(q->count < FIT_ALTERNATIVES_MAX);
    q->alternatives[q->count++] = (struct fit__alternative){
        .mode = (uint8_t)mode, .what = (uint8_t)what, .space = (uint8_t)space,
        .until = (uint8_t)until, .value = value,
    };
}

void fit__offer_extended(struct fit__question *q, enum fit__mode mode, enum fit__what what,
                         enum fit__space space, int64_t value, enum fit__until until)
{
    fit__offer(q, mode, what, space, value, until);
    q->alternatives[q->count - 1].extended = true;
}

static int ask_explorer(const char *pattern, int *failnum, void **failinfo, unsigned *flags)
{
    (void)pattern; (void)flags;
    engine.asked = true;
    engine.answer = fit__chooser ? fit__chooser(engine.question) : -1;
    *failnum = 1;
    *failinfo = NULL;
    return engine.answer >= 0;
}

void fit__engine_start(void)
{
    if (engine.ready) return;
    engine.ready = true;
    fiu_init(0);
    /* It says yes once: what that takes for the first time need not be done in each case anew. */
    fiu_enable("faulttest/first", 1, NULL, 0);
    (void)fiu_fail("faulttest/first");
    fiu_disable("faulttest/first");
    fiu_enable_external("*", 1, NULL, 0, ask_explorer);
}

/* Asked at every question of every case: no printf, and few comparisons. */
static const char *point_name(const struct fit__question *q, char *buffer, size_t size)
{
    static const char folder[] = "faulttest/";
    const size_t head = sizeof folder - 1;
    size_t length;
    if (q->at) return q->at;
    for (size_t i = 0; i < sizeof posix_names / sizeof posix_names[0]; i++)
        if (*q->point == *posix_names[i].call && !strcmp(q->point, posix_names[i].call))
            return posix_names[i].name;
    length = strnlen(q->point, size - head - 1);
    memcpy(buffer, folder, head);
    memcpy(buffer + head, q->point, length);
    buffer[head + length] = 0;
    return buffer;
}

/* Enabled by name through libfiu: its failinfo is an errno, as in libfiu's POSIX module. */
static int enabled_by_name(const struct fit__question *q)
{
    int64_t code = (int64_t)(intptr_t)fiu_failinfo();
    for (unsigned i = 0; i < q->count; i++)
        if (q->alternatives[i].what == FIT_W_ERROR && q->alternatives[i].value == code)
            return (int)i;
    return 0;
}

const struct fit__alternative *fit__choose(struct fit__question *q)
{
    char name[128];
    int answer = -1;
    if (!fit__active || fit__settled || !q->count) return NULL;
    if (fit__guard->exempt && !q->world) return NULL;
    if (fit__faults_off) return NULL;
    if (fit__counting) {
        fit__unasked++;
        return NULL;
    }
    fit__enter();
    fit__engine_start();
    assert(!engine.question);
    engine.question = q;
    engine.asked = false;
    engine.answer = -1;
    if (fiu_fail(point_name(q, name, sizeof name))) {
        answer = engine.asked ? engine.answer : enabled_by_name(q);
        fit__named |= !engine.asked;
    }
    engine.question = NULL;
    if (answer >= 0) {
        if (fit__on_injected) fit__on_injected(q, &q->alternatives[answer]);
        fit_fault_here();
    }
    fit__leave();
    assert(answer < (int)q->count);
    return answer >= 0 ? &q->alternatives[answer] : NULL;
}

void fit__not_fired(const char *why)
{
    if (fit__on_not_fired) fit__on_not_fired(why);
}

FIT_EXPORT __attribute__((noinline)) void fit_fault_here(void)
{
    __asm__ volatile("" ::: "memory");
}
