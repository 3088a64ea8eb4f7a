/* Faults as sentences. {fault} stands for the place, which the command puts in, with file and
 * line, from the call stack that goes with it. */
#include <stdio.h>
#include <string.h>

#include "harness/judge/judge.h"

static const char *until_words(const struct fit__alternative *what)
{
    static char text[32];
    switch ((enum fit__until)what->until) {
    case FIT_U_TIME:
        snprintf(text, sizeof text, what->until_ms % 1000 ? " for %lld ms" : " for %lld s",
                 (long long)(what->until_ms % 1000 ? what->until_ms : what->until_ms / 1000));
        return text;
    case FIT_U_CLOSE: return " until a descriptor was closed";
    case FIT_U_FREE: return what->mode == FIT_DISK ? " until something was removed"
                                                   : " until memory was freed";
    case FIT_U_ONWARDS: return ", from then on";
    default: return "";
    }
}

/* "origin.test/80" is what people write as origin.test:80. */
static const char *object_words(const char *object, char *out, size_t size)
{
    char *slash;
    if (!object) return "";
    snprintf(out, size, "%s", object);
    slash = strrchr(out, '/');
    if (slash && slash != out && slash[1] >= '0' && slash[1] <= '9') *slash = ':';
    return out;
}

static size_t peer_text(const struct fit__point *p, const struct fit__alternative *what,
                        char *out, size_t size)
{
    char object[200];
    const char *who = object_words(p->on, object, sizeof object);
    const char *code = fit__code_name((enum fit__space)what->space, what->value);
    char after[200] = "";
    if (p->after) snprintf(after, sizeof after, ", after %s", p->after);
    switch ((enum fit__what)what->what) {
    case FIT_W_EOF:
        return (size_t)snprintf(out, size, "%s ended its side of the connection%s", who, after);
    case FIT_W_ERROR:
        if (what->space == FIT_S_DNS)
            return (size_t)snprintf(out, size, "%s answered %s%s", who, code ? code : "?", after);
        return (size_t)snprintf(out, size, "the connection to %s broke with %s%s", who,
                                code ? code : "?", after);
    case FIT_W_NEVER:
        return (size_t)snprintf(out, size, "a datagram from %s was lost%s", who, after);
    case FIT_W_DELAY:
        return (size_t)snprintf(out, size, "a datagram from %s came %lld ms late%s", who,
                                (long long)what->value, after);
    case FIT_W_TWICE:
        return (size_t)snprintf(out, size, "a datagram from %s came twice%s", who, after);
    case FIT_W_SPURIOUS:
        return (size_t)snprintf(out, size, "%s answered another query%s", who, after);
    default: break;
    }
    if (what->what == FIT_W_RETURN && !what->value)
        return (size_t)snprintf(out, size, "%s answered that there is no address%s", who, after);
    if (what->what == FIT_W_RETURN)
        return (size_t)snprintf(out, size, "%s gave %lld addresses, of which only the last "
                                "answers%s", who, (long long)what->value, after);
    if (what->what == FIT_W_SHORT && what->mode == FIT_DNS)
        return (size_t)snprintf(out, size, "%s gave a truncated answer%s", who, after);
    if (what->what == FIT_W_SHORT && what->until == FIT_U_ONWARDS)
        return (size_t)snprintf(out, size, "what %s sends comes byte by byte%s", who, after);
    if (what->what == FIT_W_SHORT)
        return (size_t)snprintf(out, size,
                                "%s sent %lld byte%s of its answer and said nothing more%s%s", who,
                                (long long)what->value, what->value == 1 ? "" : "s",
                                p->after ? ", after " : "",
                                p->after ? p->after : "");
    return (size_t)snprintf(out, size, "%s says nothing more%s%s", who, p->after ? " after " : "",
                            p->after ? p->after : "");
}

static size_t error_text(const struct fit__point *p, const struct fit__alternative *what,
                         const char *object, char *out, size_t size)
{
    const char *code = fit__code_name((enum fit__space)what->space, what->value);
    char number[32];
    snprintf(number, sizeof number, "%lld", (long long)what->value);
    if (p->at)
        return (size_t)snprintf(out, size, "fault point %s in {fault} gave %s", p->at,
                                code ? code : number);
    if (what->mode == FIT_MEMORY && p->in && p->in == p->chain && strchr(p->in, '/'))
        return (size_t)snprintf(out, size, "%s of %s, called by {fault}, failed with %s%s", p->name,
                                p->in, code, until_words(what));
    return (size_t)snprintf(out, size, "%s in {fault}%s%s failed with %s%s", p->name,
                            *object ? ", " : "", object, code ? code : number, until_words(what));
}

static size_t cancel_text(const struct fit__point *p, const struct fit__alternative *what,
                          char *out, size_t size)
{
    const char *how = what->what == FIT_W_TWICE ? " twice" : what->what == FIT_W_AGAIN
                    ? ", and again a turn later" : what->what == FIT_W_LATE
                    ? " after its outcome" : "";
    const char *when = p->at ? "at the end of " : p->after ? "after " : "before any callback";
    return (size_t)snprintf(out, size, "%s was %s%s%s%s, %s%s", p->op ? p->op : "the service",
                            p->op ? "cancelled" : "told to stop", how, p->in ? " in " : "",
                            p->in ? p->in : "", when, p->after ? p->after : "");
}

/* Points at which another thread comes before the call: it takes something. Else behind it. */
static bool takes(const char *point)
{
    return strstr(point, "_wait") || strstr(point, "timedwait") || strstr(point, "clockwait")
        || strstr(point, "_once") || (strstr(point, "lock") && !strstr(point, "unlock"));
}

static size_t thread_text(const struct fit__point *p, const struct fit__alternative *what,
                          const char *object, char *out, size_t size)
{
    const char *comma = *object ? ", " : "";
    if (what->until == FIT_U_ONWARDS)
        return (size_t)snprintf(out, size, "from %s in {fault}%s%s on, its thread ran only when no "
                                "other could", p->name, comma, object);
    if (p->world)
        return (size_t)snprintf(out, size, "thread %lld of those that could run did so first%s%s",
                                (long long)what->value, p->after ? ", after " : "",
                                p->after ? p->after : "");
    if (what->value == 1)
        return (size_t)snprintf(out, size, "another thread ran right %s %s in {fault}%s%s",
                                takes(p->name) ? "before" : "after", p->name, comma, object);
    return (size_t)snprintf(out, size, "%s in {fault} woke number %lld of those that waited",
                            p->name, (long long)what->value);
}

/* "2-1": the numbers are those of the usual order. */
static size_t order_text(const struct fit__point *p, const struct fit__alternative *what,
                         char *out, size_t size)
{
    char numbers[64] = "";
    size_t have = 0;
    unsigned count = 0;
    for (uint64_t rest = (uint64_t)what->value; rest && have < sizeof numbers; rest >>= 4, count++)
        have += (size_t)snprintf(numbers + have, sizeof numbers - have, "%s%u", have ? "-" : "",
                                 (unsigned)(rest & 15));
    return (size_t)snprintf(out, size, "%s in {fault} told what was ready in the order %s%s%s%s",
                            p->name, numbers, count == 1 ? ", and the rest only when asked again"
                            : "", p->after ? ", after " : "", p->after ? p->after : "");
}

/* What a name is said to stand for. */
static size_t addresses_text(const struct fit__point *p, const struct fit__alternative *what,
                             const char *object, char *out, size_t size)
{
    const char *comma = *object ? ", " : "";
    bool first = what->what == FIT_W_ORDER && (what->value & 15) == 1;
    if (what->what == FIT_W_ORDER)
        return (size_t)snprintf(out, size, "%s in {fault}%s%s gave 3 addresses, of which only the "
                                "%s answers", p->name, comma, object, first ? "first" : "second");
    if (!what->value)
        return (size_t)snprintf(out, size, "%s in {fault}%s%s gave an address of IPv6 and none of "
                                "IPv4", p->name, comma, object);
    return (size_t)snprintf(out, size, "%s in {fault}%s%s gave %lld addresses, of which only the "
                            "last answers", p->name, comma, object, (long long)what->value);
}

static size_t signal_text(const struct fit__point *p, const struct fit__alternative *what,
                          char *out, size_t size)
{
    const char *how = !strcmp(p->name, "handler") ? "was handled right after a call"
                      : what->what == FIT_W_EARLY ? "came just before the program waited"
                                                : "interrupted a wait";
    if (!strcmp(p->on, "SIGCONT")) how = "went on after a stop, and the wait with EINTR";
    return (size_t)snprintf(out, size, "%s %s in {fault}%s%s",
                            strcmp(p->on, "SIGCONT") ? p->on : "the process", how,
                            p->after ? ", after " : "", p->after ? p->after : "");
}

static size_t clock_text(const struct fit__point *p, const struct fit__alternative *what,
                         char *out, size_t size)
{
    long long seconds = (long long)what->value / 1000;
    bool date = !strcmp(p->on, "realtime");
    if (!strcmp(p->on, "ticks"))
        return (size_t)snprintf(out, size, "the clocks went on in steps of %lld ms, from a wait in "
                                "{fault} on%s%s", (long long)what->value,
                                p->after ? ", after " : "", p->after ? p->after : "");
    return (size_t)snprintf(out, size, "%s %lld s%s, before a wait in {fault}%s%s",
                            !date ? "the program did not run for"
                            : seconds < 0 ? "the wall clock was set back by"
                                          : "the wall clock was set forward by",
                            seconds < 0 ? -seconds : seconds, date ? "" : ", while all clocks did",
                            p->after ? ", after " : "", p->after ? p->after : "");
}

/* epoll_wait, poll and their like, and the timers that they wait for. 0: nothing of their own. */
static size_t wait_text(const struct fit__point *p, const struct fit__alternative *what,
                        const char *object, char *out, size_t size)
{
    char after[200] = "";
    if (p->after) snprintf(after, sizeof after, ", after %s", p->after);
    if (what->what == FIT_W_TIMERS_FIRST)
        return (size_t)snprintf(out, size, "%s let timers run before the data that was ready%s",
                                p->name, after);
    if (what->mode == FIT_TIMEOUT && (what->what == FIT_W_EARLY || what->what == FIT_W_LATE))
        return (size_t)snprintf(out, size, "what %s in {fault} waited for came just %s its time "
                                "was over%s", p->name,
                                what->what == FIT_W_EARLY ? "before" : "after", after);
    if (what->mode == FIT_CLOCK && what->what == FIT_W_TWICE)
        return (size_t)snprintf(out, size, "%s in {fault}, %s, came a period late%s", p->name,
                                object, after);
    if (what->mode != FIT_ORDER) return 0;
    if (what->what == FIT_W_SHORT)
        return (size_t)snprintf(out, size, "from a call of %s in {fault} on, things became ready "
                                "one after the other%s", p->name, after);
    if (what->what == FIT_W_ORDER && what->until == FIT_U_ONWARDS)
        return (size_t)snprintf(out, size, "from a call of %s in {fault} on, number %d of what was "
                                "ready came before all others%s", p->name, (int)what->value, after);
    if (what->what == FIT_W_SPURIOUS && p->on)
        return (size_t)snprintf(out, size, "%s in {fault} said that there is something to read at "
                                "%s, and there was not%s", p->name, object, after);
    return 0;
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), its = strlen(end);
    return length >= its && !strcmp(text + length - its, end);
}

/* What comes about between a loop and its callbacks, and in libuv's pool. */
static size_t late_text(const struct fit__point *p, const struct fit__alternative *what,
                        char *out, size_t size)
{
    long long ms = (long long)what->value;
    if (what->what == FIT_W_EARLY)
        return (size_t)snprintf(out, size, "%s in {fault}: the loop had looked at the clock a tick "
                                "before, and counts from there", p->name);
    if (!strncmp(p->name, "uv_", 3) && !ends_with(p->name, "_cb"))
        return (size_t)snprintf(out, size, "%s in {fault}: all threads of the pool were busy for "
                                "%lld ms", p->name, ms);
    return (size_t)snprintf(out, size, "%s %s %s %lld ms %s", p->name, p->in ? p->in : "",
                            p->at ? "took" : "came", ms, p->at ? "longer" : "late");
}

/* What is no error, of files and of memory. 0: as everywhere. */
static size_t storage_text(const struct fit__point *p, const struct fit__alternative *what,
                           const char *object, char *out, size_t size)
{
    if (what->mode == FIT_MEMORY && what->what == FIT_W_SHORT)
        return (size_t)snprintf(out, size, "%s in {fault} found no block of more than %lld bytes%s",
                                p->name, (long long)what->value, until_words(what));
    if (what->mode == FIT_DISK && what->what == FIT_W_EOF)
        return (size_t)snprintf(out, size, "%s in {fault}, %s, met the end of the file, which "
                                "somebody had cut", p->name, object);
    if (what->mode == FIT_DISK && what->what == FIT_W_NEVER)
        return (size_t)snprintf(out, size, "inotify in {fault} told of one event, and "
                                "IN_Q_OVERFLOW for the rest");
    return 0;
}

static size_t place_text(const struct fit__point *p, const struct fit__alternative *what,
                         const char *object, char *out, size_t size)
{
    const char *comma = *object ? ", " : "";
    bool sends = strchr("ws", p->name[0]) != NULL;   /* write, writev, send... */
    size_t length = wait_text(p, what, object, out, size);
    if (length) return length;
    switch ((enum fit__what)what->what) {
    case FIT_W_ERROR: return error_text(p, what, object, out, size);
    case FIT_W_SHORT:
        return (size_t)snprintf(out, size, "%s in {fault}%s%s %s %lld byte%s", p->name, comma,
                                object, sends ? "took only" : "gave only", (long long)what->value,
                                what->value == 1 ? "" : "s");
    case FIT_W_EOF:
        if (!strncmp(p->name, "accept", 6) || sends)
            return (size_t)snprintf(out, size, "%s in {fault}%s%s: the other side had gone",
                                    p->name, comma, object);
        return (size_t)snprintf(out, size, "%s in {fault}%s%s met the end of the stream", p->name,
                                comma, object);
    case FIT_W_NEVER:
        return (size_t)snprintf(out, size, "%s in {fault}%s%s was never answered", p->name, comma,
                                object);
    case FIT_W_ORDER:
        return what->mode == FIT_DNS ? addresses_text(p, what, object, out, size)
                                     : order_text(p, what, out, size);
    case FIT_W_THREAD: return thread_text(p, what, object, out, size);
    case FIT_W_EARLY:
        if (what->mode == FIT_CALLBACK) return late_text(p, what, out, size);
        return (size_t)snprintf(out, size, "the client at %s began before those named before it",
                                object);
    case FIT_W_DELAY:
        if (!strcmp(p->name, "pthread_create"))
            return (size_t)snprintf(out, size, "the thread of %s in {fault} began %lld ms late",
                                    p->name, (long long)what->value);
        if (what->mode == FIT_CALLBACK) return late_text(p, what, out, size);
        if (what->mode != FIT_ORDER)
            return (size_t)snprintf(out, size, "%s in {fault}%s%s took %lld ms longer", p->name,
                                    comma, object, (long long)what->value);
        return (size_t)snprintf(out, size, "%s in {fault} returned %lld ms late%s%s", p->name,
                                (long long)what->value, p->after ? ", after " : "",
                                p->after ? p->after : "");
    case FIT_W_SPURIOUS:
        return (size_t)snprintf(out, size, "%s in {fault} woke up although nobody had woken it",
                                p->name);
    case FIT_W_RETURN:
        if (what->mode == FIT_DNS) return addresses_text(p, what, object, out, size);
        return (size_t)snprintf(out, size, "%s %s failed: it returned %lld", p->name,
                                p->in ? p->in : "", (long long)what->value);
    case FIT_W_NONE: case FIT_W_RAISE:
        return (size_t)snprintf(out, size, "an exception was raised at %s in {fault}",
                                p->at ? p->at : "?");
    default:
        return (size_t)snprintf(out, size, "%s in {fault}", p->name);
    }
}

size_t fit__fault_text(const struct fit__point *p, const struct fit__alternative *what,
                       char *out, size_t size)
{
    char buffer[200];
    const char *object = object_words(p->on, buffer, sizeof buffer);
    if (!strcmp(p->name, "signal") || !strcmp(p->name, "handler"))
        return signal_text(p, what, out, size);
    if (!strcmp(p->name, "clock")) return clock_text(p, what, out, size);
    if (!strcmp(p->name, "peer")) return peer_text(p, what, out, size);
    if (what->mode == FIT_CANCEL) return cancel_text(p, what, out, size);
    size_t done = storage_text(p, what, object, out, size);
    return done ? done : place_text(p, what, object, out, size);
}
