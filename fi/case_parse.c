/* The name of a case: parsing. Works on a copy of the text, whose words are unescaped in place. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fi/arena.h"
#include "fi/case.h"
#include "fi/case_words.h"

#define EXAMPLE "uploads:recv:in=on_readable:short=1"

enum { ORDER_MOST = 15, NUMBER_MOST = 1000000000 };

struct parser {
    char *error;
    size_t error_size;
    bool have_when, have_until;  /* of the fault that is being read */
};

static int __attribute__((format(printf, 2, 3))) fail(struct parser *p, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(p->error, p->error_size, format, args);
    va_end(args);
    return -EINVAL;
}

static int hex(char digit)
{
    if (digit >= '0' && digit <= '9') return digit - '0';
    if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
    if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
    return -1;
}

/* Unescapes `word`, which is what `role` names. */
static int read_word(struct parser *p, char *word, const char *role, bool slashes)
{
    char *to = word;
    if (!*word) return fail(p, "%s is empty: a name must stand there", role);
    for (const char *from = word; *from; from++) {
        if (*from == '%') {
            int high = hex(from[1]), low = high < 0 ? -1 : hex(from[2]);
            if (low < 0 || (high == 0 && low == 0))
                return fail(p, "\"%.60s\" in %s: behind %% two hexadecimal digits must stand, "
                               "and not 00", from, role);
            *to++ = (char)(high * 16 + low);
            from += 2;
        } else if (fit__case_plain(*from) || (*from == '/' && slashes)) {
            *to++ = *from;
        } else {
            return fail(p, "\"%.60s\" in %s: only letters, digits, _ . -%s may stand there; "
                           "write its first byte as %%%02X", from, role, slashes ? " and /" : "",
                        (unsigned char)*from);
        }
    }
    *to = '\0';
    return 0;
}

/* Reads digits at *text and moves it behind them. False: none, or more than `most`. */
static bool read_number(char **text, int64_t most, int64_t *number)
{
    char *at = *text;
    int64_t sum = 0;
    for (; *at >= '0' && *at <= '9'; at++) {
        sum = sum * 10 + (*at - '0');
        if (sum > most) return false;
    }
    *number = sum;
    if (at == *text) return false;
    *text = at;
    return true;
}

static bool read_time(char *text, int64_t *ms)
{
    bool back = *text == '-';            /* a clock that is set back */
    if (back) text++;
    if (!read_number(&text, NUMBER_MOST, ms)) return false;
    if (strcmp(text, "ms") == 0) *ms *= back ? -1 : 1;
    else *ms *= back ? -1000 : 1000;
    return strcmp(text, "ms") == 0 || strcmp(text, "s") == 0;
}

static bool read_whole(char *text, bool negative_too, int64_t most, int64_t *number)
{
    bool negative = negative_too && *text == '-';
    if (negative) text++;
    if (!read_number(&text, most, number) || *text) return false;
    if (negative) *number = -*number;
    return true;
}

static bool read_order(char *text, int64_t *order)
{
    uint64_t packed = 0;
    for (unsigned i = 0; i < ORDER_MOST; i++) {
        int64_t number;
        if (!read_number(&text, ORDER_MOST, &number) || number < 1) return false;
        packed |= (uint64_t)number << (4 * i);
        *order = (int64_t)packed;
        if (!*text) return true;
        if (*text++ != '-') return false;
    }
    return false;
}

static int read_error(struct parser *p, char *text, struct fit__alternative *a)
{
    enum fit__space space = FIT_S_NUMBER;
    if (read_whole(text, true, NUMBER_MOST, &a->value)) {
        a->space = FIT_S_NUMBER;
        return 0;
    }
    if (fit__code_of(text, &space, &a->value) != 0)
        return fail(p, "\"error=%.60s\": no such error; behind error= a name such as ECONNRESET, "
                       "EAI_AGAIN, UV_ECANCELED or CURLE_GOT_NOTHING stands, or a number", text);
    a->space = (uint8_t)space;
    return 0;
}

static int read_value(struct parser *p, const char *key, char *text, struct fit__alternative *a)
{
    switch (a->what) {
    case FIT_W_ERROR:
        return read_error(p, text, a);
    case FIT_W_DELAY:
        if (read_time(text, &a->value)) return 0;
        return fail(p, "\"delay=%.60s\": behind delay= a time stands, as in 250ms or 30s", text);
    case FIT_W_ORDER:
        if (read_order(text, &a->value)) return 0;
        return fail(p, "\"order=%.60s\": behind order= numbers from 1 to 15 stand, as in 2-1-3",
                    text);
    default:
        if (read_whole(text, a->what == FIT_W_RETURN, INT64_MAX / 16, &a->value)) return 0;
        return fail(p, "\"%s=%.60s\": behind %s= a whole number stands", key, text, key);
    }
}

/* `value` is NULL when no '=' stands in the part. */
static int read_what(struct parser *p, char *key, char *value, struct fit__fault *f)
{
    for (const struct fit__case_word *w = fit__case_words; w->text; w++) {
        if (strcmp(w->text, key) != 0) continue;
        if (f->what.what != FIT_W_NONE)
            return fail(p, "\"%s\": the fault already says what goes wrong; a second fault is "
                           "written behind a comma", key);
        if (w->takes_value && !value)
            return fail(p, "\"%s\" lacks its value: write %s=...", key, key);
        if (!w->takes_value && value) return fail(p, "\"%s\" takes no value", key);
        f->what.what = (uint8_t)w->what;
        return value ? read_value(p, key, value, &f->what) : 0;
    }
    return fail(p, "\"%.60s\" is not known: behind the point stand in=, on=, at=, op=, after=, "
                   "when=, until= and one of error=, short=, return=, delay=, order=, thread=, "
                   "eof, silent, never, raise, early, timers-first, spurious, twice, again, late",
                key);
}

static int read_when(struct parser *p, char *text, struct fit__fault *f)
{
    int64_t from = 0, last;
    char *at = text;
    bool good = read_number(&at, NUMBER_MOST, &from) && from > 0;
    last = from;
    if (good && strcmp(at, "+") == 0) {
        last = 0;
    } else if (good && strncmp(at, "..", 2) == 0) {
        at += 2;
        good = read_number(&at, NUMBER_MOST, &last) && !*at && last >= from;
    } else {
        good = good && !*at;
    }
    if (!good || p->have_when)
        return fail(p, "\"when=%.60s\": %s", text,
                    p->have_when ? "given twice" : "behind when= stands 2, 2+ or 2..5");
    p->have_when = true;
    f->when = (unsigned)from;
    f->when_last = (unsigned)last;
    if (!last) f->what.until = FIT_U_ONWARDS;
    return 0;
}

static int read_until(struct parser *p, char *text, struct fit__fault *f)
{
    struct fit__alternative *a = &f->what;
    if (p->have_until) return fail(p, "\"until=%.60s\": given twice", text);
    p->have_until = true;
    if (strcmp(text, "close") == 0) a->until = FIT_U_CLOSE;
    else if (strcmp(text, "free") == 0) a->until = FIT_U_FREE;
    else if (read_time(text, &a->until_ms)) a->until = FIT_U_TIME;
    else return fail(p, "\"until=%.60s\": behind until= stands close, free, or a time, as in "
                        "250ms or 30s", text);
    return 0;
}

static int check_frames(struct parser *p, const char *in)
{
    size_t length = strlen(in);
    if (in[0] == '/' || in[length - 1] == '/' || strstr(in, "//"))
        return fail(p, "\"in=%.60s\": between slashes the name of a function must stand", in);
    return 0;
}

static int read_where(struct parser *p, const char *key, char *value, const char **where,
                      bool slashes)
{
    int err;
    if (*where) return fail(p, "\"%s=%.60s\": %s= is given twice", key, value, key);
    err = key[0] == 'i' ? check_frames(p, value) : 0;
    if (!err) err = read_word(p, value, key, slashes);
    *where = value;
    return err;
}

static int read_part(struct parser *p, char *part, struct fit__fault *f)
{
    const struct { const char *key; const char **where; bool slashes; } places[] = {
        { "in", &f->in, true }, { "on", &f->on, true }, { "at", &f->at, true },
        { "op", &f->op, false }, { "after", &f->after, false },
    };
    char *equals = strchr(part, '='), *value = NULL;
    if (!*part) return fail(p, "a part is empty: between two colons something must stand");
    if (equals) {
        *equals = '\0';
        value = equals + 1;
        if (!*value) return fail(p, "\"%.60s=\" lacks its value", part);
        if (strcmp(part, "when") == 0) return read_when(p, value, f);
        if (strcmp(part, "until") == 0) return read_until(p, value, f);
        for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
            if (strcmp(part, places[i].key) == 0)
                return read_where(p, part, value, places[i].where, places[i].slashes);
    }
    return read_what(p, part, value, f);
}

/* A cancel is all that happens; elsewhere somebody must say what goes wrong. "shutdown" is both
 * the end of the service and the call of that name, "raise" may say it twice, a signal may come
 * early, and its handler may run anywhere. */
static int check_fault(struct parser *p, const struct fit__fault *f)
{
    bool none = !strcmp(f->point, "none"), cancel = !strcmp(f->point, "cancel");
    bool end = cancel || !strcmp(f->point, "shutdown");
    bool later = f->what.what == FIT_W_AGAIN || f->what.what == FIT_W_LATE;
    bool may_lack = none || end || !strcmp(f->point, "raise")
        || !strcmp(f->point, "signal") || !strcmp(f->point, "handler");
    if (f->what.what == FIT_W_NONE && !may_lack)
        return fail(p, "\"%.60s\" does not say what goes wrong: error=, short=, return=, delay=, "
                       "order=, thread=, eof, silent, never, raise, early, timers-first, spurious "
                       "or twice must stand behind it", f->point);
    if (f->what.what != FIT_W_NONE
        && (none || (cancel && !later && f->what.what != FIT_W_TWICE)))
        return fail(p, "\"%s\" says it all: no error=, short= and the like may stand behind it",
                    f->point);
    if (f->what.what == FIT_W_AGAIN && !end)
        return fail(p, "\"again\" is for cancel and shutdown, not for \"%.60s\"", f->point);
    if (p->have_until && f->when_last != f->when)
        return fail(p, "when= with + or .. and until= contradict each other: only one of them "
                       "can say when the fault is over");
    return 0;
}

static int read_fault(struct parser *p, char *text, struct fit__fault *f)
{
    char *part = strsep(&text, ":");
    int err;
    p->have_when = p->have_until = false;
    *f = (struct fit__fault){ .point = part, .when = 1, .when_last = 1 };
    if (strchr(part, '='))
        return fail(p, "\"%.60s\" stands where the point must stand, a function or callback such "
                       "as recv: " EXAMPLE, part);
    err = read_word(p, part, "the point", false);
    while (!err && text) err = read_part(p, strsep(&text, ":"), f);
    return err ? err : check_fault(p, f);
}

int fit__case_parse(const char *text, struct fit__case *c, char *error, size_t error_size)
{
    struct parser p = { .error = error, .error_size = error_size };
    char *copy, *rest;
    int err;
    memset(c, 0, sizeof *c);
    if (strlen(text) >= FIT_CASE_MAX)
        return fail(&p, "a case has at most %d bytes", FIT_CASE_MAX - 1);
    rest = copy = fit__strdup(text);
    c->test = strsep(&rest, ":");
    err = rest ? read_word(&p, copy, "the test", false)
               : fail(&p, "\"%.60s\" is no case: behind the test's name a colon and a fault must "
                          "stand, as in " EXAMPLE, text);
    while (!err && rest) {
        if (c->count == FIT_FAULTS_MAX)
            err = fail(&p, "a case has at most %d faults", FIT_FAULTS_MAX);
        else
            err = read_fault(&p, strsep(&rest, ","), &c->faults[c->count++]);
    }
    if (!err) return 0;
    fit__free(copy);
    memset(c, 0, sizeof *c);
    return err;
}
