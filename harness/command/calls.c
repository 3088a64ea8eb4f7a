/* harness/command/calls.c - the calls of one run, compared with those of another. */
#include "harness/command/calls.h"

#include <stdlib.h>
#include <string.h>

#include "harness/report/places.h"

enum { DESCRIPTORS = 1024, EPHEMERAL = 32768 };

static bool is_one_of(const char *name, const char *const *list)
{
    for (; *list; list++)
        if (strcmp(*list, name) == 0) return true;
    return false;
}

/* ---- objects ----------------------------------------------------------------------------- */

static char *new_object(struct fit__calls *calls, const char *name, unsigned long thread)
{
    char *base = thread ? fit__print("%s of thread %lu", name, thread) : fit__copy(name);
    unsigned long count = 1;
    for (size_t i = 0; i < calls->made.count; i++)
        count += strcmp(calls->made.list[i], base) == 0;
    fit__words_add(&calls->made, base);
    char *object = fit__print("%s %lu", base, count);
    free(base);
    return object;
}

static void opened(struct fit__calls *calls, long fd, const char *object)
{
    if (fd < 0 || fd >= DESCRIPTORS) return;
    free(calls->open[fd].object);
    calls->open[fd].object = fit__copy(object);
}

static const char *object_at(const struct fit__calls *calls, long fd)
{
    return fd >= 0 && fd < DESCRIPTORS ? calls->open[fd].object : NULL;
}

/* ---- one line ---------------------------------------------------------------------------- */

struct line { char *name, *arguments, *outcome; long result; };

/* "recv(7, buf, 65536, 0) = 1448": false if it is not of that form. */
static bool take_apart(const char *text, struct line *line)
{
    const char *open = strchr(text, '('), *end = NULL;
    for (const char *at = strstr(text, ") = "); at; at = strstr(at + 1, ") = ")) end = at;
    if (!open || !end || end < open) return false;
    line->name = fit__print("%.*s", (int)(open - text), text);
    line->arguments = fit__print("%.*s", (int)(end - open - 1), open + 1);
    line->outcome = fit__copy(end + 4);
    line->result = strtol(line->outcome, NULL, 10);
    return true;
}

static void free_line(struct line *line)
{
    free(line->name);
    free(line->arguments);
    free(line->outcome);
}

/* Ports that the kernel chose differ; so do timeouts that were computed from the clock. */
static char *without_chance(const char *text)
{
    struct fit__text out = { 0 };
    fit__text_add(&out, "%s", "");
    for (const char *at = text; *at; ) {
        char *end;
        unsigned long port = *at == ':' ? strtoul(at + 1, &end, 10) : 0;
        if (port >= EPHEMERAL && port < 65536) {
            fit__text_add(&out, ":PORT");
            at = end;
        } else if (strncmp(at, "timeout=", 8) == 0) {
            at += 8;
            at += strspn(at, "-0123456789");
        } else {
            fit__text_bytes(&out, at++, 1);
        }
    }
    return out.data;
}

/* Two descriptors are made at once: "[4, 5], 0". */
static bool made_pair(struct fit__calls *calls, const struct line *line, unsigned long thread,
                      char **object)
{
    static const char *const pairs[] = { "pipe", "pipe2", "socketpair", NULL };
    const char *at = strchr(line->arguments, '[');
    char *end;
    if (!is_one_of(line->name, pairs) || line->result < 0 || !at) return false;
    *object = new_object(calls, line->name, thread);
    long first = strtol(at + 1, &end, 10), second = strtol(end + 1 + (*end == ','), NULL, 10);
    char *a = fit__print("%s, end 1", *object), *b = fit__print("%s, end 2", *object);
    opened(calls, first, a);
    opened(calls, second, b);
    free(a);
    free(b);
    return true;
}

static bool made_one(struct fit__calls *calls, const struct line *line, unsigned long thread,
                     char **object)
{
    static const char *const makers[] = { "socket", "open", "openat", "open64", "accept",
        "accept4", "dup", "eventfd", "epoll_create", "epoll_create1", "timerfd_create",
        "signalfd", "memfd_create", "inotify_init1", NULL };
    if (!is_one_of(line->name, makers) || line->result < 0) return false;
    *object = new_object(calls, line->name, thread);
    opened(calls, line->result, *object);
    return true;
}

/* Calls whose number and result are a matter of timing. */
static bool is_chance(const struct line *line, const char *object)
{
    static const char *const waits[] = { "epoll_wait", "epoll_pwait", "epoll_pwait2", "poll",
        "ppoll", "select", "pselect", "epoll_ctl", "clock_gettime", "gettimeofday", NULL };
    if (is_one_of(line->name, waits) && line->result >= 0) return true;
    if (strstr(line->outcome, "EAGAIN") || strstr(line->outcome, "EINTR")) return true;
    return strncmp(object, "eventfd", 7) == 0 || strncmp(object, "timerfd", 7) == 0;
}

static bool moves_bytes(const struct line *line)
{
    static const char *const movers[] = { "read", "readv", "recv", "recvfrom", "recvmsg",
                                          "write", "writev", "send", "sendto", "sendmsg", NULL };
    return is_one_of(line->name, movers) && line->result > 0;
}

/* What is compared, without the descriptor's number, which comes first or is the result. */
static char *key_of(const struct line *line, bool makes)
{
    char *chanceless = without_chance(line->arguments), *key;
    const char *rest = chanceless;
    if (moves_bytes(line)) {
        key = fit__print("%s", line->name);
    } else if (makes) {
        const char *after = strchr(rest, ']');
        key = fit__print("%s(%s)", line->name, after ? after : strncmp(line->name, "accept", 6)
                         ? rest : rest + strcspn(rest, ","));
    } else {
        rest += strspn(rest, "0123456789");
        key = fit__print("%s(%s) = %s", line->name, rest, line->outcome);
    }
    free(chanceless);
    return key;
}

static void understand(struct fit__calls *calls, struct fit__call *call, const struct line *line,
                       unsigned long thread, long fd)
{
    bool makes = made_pair(calls, line, thread, &call->object)
              || made_one(calls, line, thread, &call->object);
    if (!makes) {
        const char *object = object_at(calls, fd);
        call->object = object ? fit__copy(object) : fit__print("thread %lu", thread);
        if (!object && fd >= 0 && line->result >= 0) return;
    }
    if (!is_chance(line, call->object)) call->key = key_of(line, makes);
    if (call->key && moves_bytes(line)) call->moved = (unsigned long)line->result;
    if (strcmp(line->name, "close") == 0 && fd >= 0 && fd < DESCRIPTORS) {
        free(calls->open[fd].object);
        calls->open[fd].object = NULL;
    }
}

void fit__calls_add(struct fit__calls *calls, const struct fit__record *record)
{
    const char *text = fit__value_or_empty(record, "text");
    struct fit__call call = { .text = fit__copy(text) };
    struct line line;
    if (strcmp(fit__value_or_empty(record, "mark"), "  ") != 0 || !take_apart(text, &line)) {
        free(call.text);
        return;
    }
    understand(calls, &call, &line, fit__number(record, "thread"),
               strtol(fit__value_or_empty(record, "fd"), NULL, 10));
    free_line(&line);
    calls->list = fit__grow(calls->list, calls->count, sizeof *calls->list);
    calls->list[calls->count++] = call;
}

/* ---- comparing --------------------------------------------------------------------------- */

size_t fit__calls_on(const struct fit__calls *calls, const char *object, size_t position)
{
    for (size_t i = 0; i < calls->count; i++)
        if (calls->list[i].key && strcmp(calls->list[i].object, object) == 0 && position-- == 0)
            return i;
    return calls->count;
}

/* The next call on an object from *at on, with all the bytes that were moved in a row. */
struct step { const struct fit__call *call; size_t position; unsigned long moved; };

static struct step next_step(const struct fit__calls *calls, const char *object, size_t *at,
                             size_t *position)
{
    struct step step = { NULL, *position, 0 };
    for (; *at < calls->count; ++*at) {
        const struct fit__call *call = &calls->list[*at];
        if (!call->key || strcmp(call->object, object) != 0) continue;
        if (step.call && (!step.call->moved || strcmp(step.call->key, call->key) != 0)) break;
        if (!step.call) step.call = call;
        step.moved += call->moved;
        ++*position;
    }
    return step;
}

/* Of calls in a row whose bytes were added up: the first that is not like its counterpart. */
static size_t first_unlike(const struct fit__calls *one, const struct fit__calls *other,
                           const char *object, size_t position)
{
    for (;; position++) {
        size_t a = fit__calls_on(one, object, position);
        size_t b = fit__calls_on(other, object, position);
        if (a == one->count || b == other->count) return position;
        if (strcmp(one->list[a].key, other->list[b].key) != 0) return position;
        if (one->list[a].moved != other->list[b].moved) return position;
    }
}

static bool object_differs(const struct fit__calls *one, const struct fit__calls *other,
                           const char *object, size_t *position)
{
    size_t at = 0, at_other = 0, here = 0, there = 0;
    for (;;) {
        struct step a = next_step(one, object, &at, &here);
        struct step b = next_step(other, object, &at_other, &there);
        if (!a.call && !b.call) return false;
        if (a.call && b.call && strcmp(a.call->key, b.call->key) == 0 && a.moved == b.moved)
            continue;
        *position = first_unlike(one, other, object, a.position);
        return true;
    }
}

/* Objects in the order in which one run met them; then those that only the other met. */
static bool differ_in_order(const struct fit__calls *order, const struct fit__calls *one,
                            const struct fit__calls *other, struct fit__difference *difference)
{
    for (size_t i = 0; i < order->count; i++) {
        const char *object = order->list[i].object;
        bool first = true;
        for (size_t j = 0; j < i && first; j++)
            first = strcmp(order->list[j].object, object) != 0;
        if (!first || !object_differs(one, other, object, &difference->position)) continue;
        difference->object = object;
        return true;
    }
    return false;
}

bool fit__calls_differ(const struct fit__calls *one, const struct fit__calls *other,
                       struct fit__difference *difference)
{
    return differ_in_order(one, one, other, difference)
        || differ_in_order(other, one, other, difference);
}

char *fit__fill_place(const char *text)
{
    return fit__fill_in(text, "{symptom}", "the test");
}
