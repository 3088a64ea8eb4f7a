/* Records to the command: lines "key value", ended by an empty line (record.h). */
#include "harness/explore/record.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fi/raw.h"
#include "fi/symbols.h"
#include "harness/explore/explore.h"

static void put(struct fit__record *r, const char *bytes, size_t size)
{
    if (r->size + size > r->capacity) size = r->capacity - r->size;
    memcpy(r->text + r->size, bytes, size);
    r->size += size;
}

/* The empty line at the end must always fit: keep room for it. */
enum { ROOM_FOR_END = 2 };

void fit__record_begin(struct fit__record *r, char *memory, size_t capacity, const char *kind)
{
    r->text = memory;
    r->size = 0;
    r->capacity = capacity - ROOM_FOR_END;
    fit__record_add(r, "kind", "%s", kind);
}

static void put_value(struct fit__record *r, const char *key, const char *value)
{
    put(r, key, strlen(key));
    put(r, " ", 1);
    for (; *value; value++) {
        if (*value == '\n') put(r, "\\n", 2);
        else if (*value == '\\') put(r, "\\\\", 2);
        else put(r, value, 1);
    }
    put(r, "\n", 1);
}

void fit__record_add(struct fit__record *r, const char *key, const char *format, ...)
{
    char value[8192];
    va_list args;
    va_start(args, format);
    vsnprintf(value, sizeof value, format, args);
    va_end(args);
    put_value(r, key, value);
}

void fit__record_stack(struct fit__record *r, const char *key, void *const *frames,
                       unsigned depth)
{
    char value[FIT_STACK_MAX * 160];
    size_t have = 0;
    struct fit__symbol s;
    const char *test = fit__test_function();
    value[0] = 0;
    for (unsigned i = 0; i < depth && have < sizeof value; i++) {
        if (!fit__symbol_of(frames[i], &s) || s.ours || s.sanitizer) continue;
        have += (size_t)snprintf(value + have, sizeof value - have, "%s%lx@%s",
                                 have ? " " : "",
                                 (unsigned long)((uintptr_t)frames[i] - s.load_address), s.object);
        /* Below the test there is only what runs it. */
        if (s.users && s.function && test && !strcmp(s.function, test)) break;
    }
    if (value[0]) put_value(r, key, value);
}

/* Which shard this is of, if of any: equal counts of two are not the same. */
void fit__record_shard(struct fit__record *r)
{
    const struct fit__orders *o = &fit__session.orders;
    if (o->shards) fit__record_add(r, "shard", "%u/%u", o->shard, o->shards);
}

void fit__records_write(const char *text, size_t size)
{
    while (size) {
        long n = fit__raw(SYS_write, fit__session.orders.results, text, size);
        if (n <= 0) return;              /* the command is gone: nobody wants to know */
        text += n;
        size -= (size_t)n;
    }
}

void fit__record_send(struct fit__record *r)
{
    if (r->size && r->text[r->size - 1] != '\n') r->text[r->size++] = '\n';
    r->text[r->size++] = '\n';
    fit__records_write(r->text, r->size);
}

void fit__send_note(const char *format, ...)
{
    char text[1024], memory[2048];
    struct fit__record r;
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    fit__record_begin(&r, memory, sizeof memory, "note");
    fit__record_add(&r, "text", "%s", text);
    fit__record_send(&r);
}

void fit__send_error(int status, const char *format, ...)
{
    char text[2000], memory[4096];
    struct fit__record r;
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    fit__record_begin(&r, memory, sizeof memory, "error");
    fit__record_add(&r, "status", "%d", status);
    fit__record_add(&r, "text", "%s", text);
    fit__record_send(&r);
}
