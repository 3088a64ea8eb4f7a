/* The name of a case: printing. fi/case_parse.c reads it. */
#include "fi/case.h"

#include <stdio.h>
#include <string.h>

#include "fi/case_words.h"

const struct fit__case_word fit__case_words[] = {
    { "error", FIT_W_ERROR, true }, { "short", FIT_W_SHORT, true },
    { "return", FIT_W_RETURN, true }, { "delay", FIT_W_DELAY, true },
    { "order", FIT_W_ORDER, true }, { "thread", FIT_W_THREAD, true },
    { "eof", FIT_W_EOF, false }, { "silent", FIT_W_SILENT, false },
    { "never", FIT_W_NEVER, false }, { "raise", FIT_W_RAISE, false },
    { "early", FIT_W_EARLY, false }, { "timers-first", FIT_W_TIMERS_FIRST, false },
    { "spurious", FIT_W_SPURIOUS, false }, { "twice", FIT_W_TWICE, false },
    { NULL, FIT_W_NONE, false },
};

struct out {                     /* as snprintf: `used` goes on where the room ends */
    char *text;
    size_t size, used;
};

static void put_byte(struct out *o, char byte)
{
    if (o->used + 1 < o->size) o->text[o->used] = byte;
    o->used++;
}

static void put(struct out *o, const char *text)
{
    while (*text) put_byte(o, *text++);
}

static void put_number(struct out *o, int64_t number)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)number);
    put(o, text);
}

static void put_escaped(struct out *o, char byte)
{
    static const char digits[] = "0123456789ABCDEF";
    put_byte(o, '%');
    put_byte(o, digits[(unsigned char)byte >> 4]);
    put_byte(o, digits[(unsigned char)byte & 15]);
}

/* A dash in front would make the whole text an option of a command. */
static void put_word(struct out *o, const char *word, bool slashes)
{
    for (const char *p = word; *p; p++) {
        if (*p == '-' && o->used == 0) put_escaped(o, *p);
        else if (fit__case_plain(*p) || (*p == '/' && slashes)) put_byte(o, *p);
        else put_escaped(o, *p);
    }
}

static void put_where(struct out *o, const char *key, const char *word, bool slashes)
{
    if (!word) return;
    put(o, key);
    put_word(o, word, slashes);
}

static void put_time(struct out *o, int64_t ms)
{
    bool seconds = ms && ms % 1000 == 0;
    put_number(o, seconds ? ms / 1000 : ms);
    put(o, seconds ? "s" : "ms");
}

static void put_order(struct out *o, int64_t order)
{
    const char *between = "";
    for (uint64_t rest = (uint64_t)order; rest; rest >>= 4) {
        put(o, between);
        put_number(o, (int64_t)(rest & 15));
        between = "-";
    }
}

static void put_value(struct out *o, const struct fit__alternative *a)
{
    const char *name;
    switch (a->what) {
    case FIT_W_ERROR:
        name = fit__code_name(a->space, a->value);
        if (name) put(o, name);
        else put_number(o, a->value);
        break;
    case FIT_W_DELAY: put_time(o, a->value); break;
    case FIT_W_ORDER: put_order(o, a->value); break;
    default:          put_number(o, a->value);
    }
}

static void put_what(struct out *o, const struct fit__alternative *a)
{
    for (const struct fit__case_word *w = fit__case_words; w->text; w++) {
        if (w->what != a->what) continue;
        put_byte(o, ':');
        put(o, w->text);
        if (!w->takes_value) return;
        put_byte(o, '=');
        put_value(o, a);
    }
}

static void put_when(struct out *o, const struct fit__fault *f)
{
    unsigned from = f->when ? f->when : 1;
    bool onwards = f->what.until == FIT_U_ONWARDS || (f->when && !f->when_last);
    bool range = !onwards && f->when_last > from;
    if (from == 1 && !onwards && !range) return;
    put(o, ":when=");
    put_number(o, from);
    if (onwards) put_byte(o, '+');
    if (!range) return;
    put(o, "..");
    put_number(o, f->when_last);
}

static void put_until(struct out *o, const struct fit__alternative *a)
{
    if (a->until == FIT_U_CLOSE) put(o, ":until=close");
    if (a->until == FIT_U_FREE) put(o, ":until=free");
    if (a->until != FIT_U_TIME) return;
    put(o, ":until=");
    put_time(o, a->until_ms);
}

static void put_fault(struct out *o, const struct fit__fault *f)
{
    put_word(o, f->point, false);
    put_where(o, ":in=", f->in, true);
    put_where(o, ":on=", f->on, true);
    put_where(o, ":at=", f->at, true);
    put_where(o, ":op=", f->op, false);
    put_where(o, ":after=", f->after, false);
    put_what(o, &f->what);
    put_when(o, f);
    put_until(o, &f->what);
}

static size_t finish(struct out *o)
{
    if (o->size) o->text[o->used < o->size ? o->used : o->size - 1] = '\0';
    return o->used;
}

size_t fit__what_print(char *text, size_t size, const struct fit__alternative *what)
{
    struct out o = { text, size, 0 };
    put_what(&o, what);
    put_until(&o, what);
    finish(&o);
    if (!o.used || !size) return 0;
    memmove(text, text + 1, strlen(text));       /* the colon in front */
    return o.used - 1;
}

size_t fit__fault_print(char *text, size_t size, const struct fit__fault *fault)
{
    struct out o = { text, size, 0 };
    put_fault(&o, fault);
    return finish(&o);
}

size_t fit__case_print(char *text, size_t size, const struct fit__case *c)
{
    struct out o = { text, size, 0 };
    put_word(&o, c->test, false);
    for (unsigned i = 0; i < c->count; i++) {
        put_byte(&o, i ? ',' : ':');
        put_fault(&o, &c->faults[i]);
    }
    return finish(&o);
}
