/* error.c - errors with their chain of causes. Nothing here allocates memory: an error must be
 * reported all the more when there is none. */
#include "error.h"

#include <assert.h>
#include <dlfcn.h>
#include <execinfo.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "guard.h"

#define CAUSES_MAX (sizeof ((struct thumbnail_error *)0)->cause / sizeof(struct thumbnail_cause))
#define FRAMES_MAX (sizeof ((struct thumbnail_error *)0)->stack / sizeof(void *))

const char *thumbnail_code_text(enum thumbnail_code code)
{
    static const char *const texts[] = {
        [THUMBNAIL_OK] = "success",
        [THUMBNAIL_EINVAL] = "invalid request",
        [THUMBNAIL_ENOMEM] = "out of memory",
        [THUMBNAIL_EQUOTA] = "too many jobs",
        [THUMBNAIL_ECANCELED] = "cancelled",
        [THUMBNAIL_EDEADLINE] = "deadline passed",
        [THUMBNAIL_ETIMEOUT] = "timed out",
        [THUMBNAIL_ERESOLVE] = "name not resolved",
        [THUMBNAIL_ENETWORK] = "network failure",
        [THUMBNAIL_EHTTP] = "refused by the server",
        [THUMBNAIL_ETOOBIG] = "image too big",
        [THUMBNAIL_EIMAGE] = "not a usable image",
        [THUMBNAIL_EINTERNAL] = "internal error",
    };
    if ((unsigned)code >= sizeof texts / sizeof texts[0]) return "unknown error";
    return texts[code];
}

void error_set(struct thumbnail_error *err, enum thumbnail_code code, const char *operation)
{
    assert(code != THUMBNAIL_OK);
    memset(err, 0, sizeof *err);
    err->code = code;
    err->operation = operation;
    int frames = backtrace(err->stack, (int)FRAMES_MAX);
    err->frames = frames > 0 ? (unsigned)frames : 0;
}

void error_cause(struct thumbnail_error *err, const char *domain, int code, const char *format,
                 ...)
{
    va_list args;

    if (err->causes == CAUSES_MAX) return;
    struct thumbnail_cause *cause = &err->cause[err->causes++];
    cause->domain = domain;
    cause->code = code;
    va_start(args, format);
    vsnprintf(cause->text, sizeof cause->text, format, args);
    va_end(args);
}

void error_cause_errno(struct thumbnail_error *err, int number)
{
    const char *name = strerrorname_np(number), *text = strerrordesc_np(number);
    error_cause(err, "errno", number, "%s (%s)", text ? text : "unknown", name ? name : "?");
}

void error_cause_uv(struct thumbnail_error *err, int status)
{
    char name[32], text[96];
    error_cause(err, "uv", status, "%s (%s)", uv_strerror_r(status, text, sizeof text),
                uv_err_name_r(status, name, sizeof name));
}

void error_follows(struct thumbnail_error *err, const struct thumbnail_error *earlier)
{
    error_cause(err, "thumbnail", (int)earlier->code, "%s, attempt %u: %s", earlier->operation,
                earlier->attempt, thumbnail_code_text(earlier->code));
    for (unsigned i = 0; i < earlier->causes; i++)
        error_cause(err, earlier->cause[i].domain, earlier->cause[i].code, "%s",
                    earlier->cause[i].text);
}

void error_context(struct thumbnail_error *err, const char *url, unsigned long request,
                   unsigned attempt, size_t bytes)
{
    snprintf(err->url, sizeof err->url, "%s", url);
    err->request = request;
    err->attempt = attempt;
    err->bytes = bytes;
}

void guard_raise(struct guard *guard, struct thumbnail_error *err, const char *operation,
                 const char *where)
{
    error_set(err, THUMBNAIL_EINTERNAL, operation);
    error_cause(err, "thumbnail", THUMBNAIL_EINTERNAL, "exception in %s", where);
    longjmp(guard->place, 1);
}

/* ---- Text on demand ------------------------------------------------------------------ */

struct text {
    char *at;
    size_t size, length;
};

__attribute__((format(printf, 2, 3)))
static void put(struct text *text, const char *format, ...)
{
    va_list args;
    size_t left = text->length < text->size ? text->size - text->length : 0;

    va_start(args, format);
    int n = vsnprintf(left ? text->at + text->length : NULL, left, format, args);
    va_end(args);
    if (n > 0) text->length += (size_t)n;
}

size_t thumbnail_error_text(const struct thumbnail_error *err, char *text, size_t size)
{
    struct text out = { text, size, 0 };

    if (size) text[0] = 0;
    if (err->request) put(&out, "request %lu: ", err->request);
    put(&out, "%s", err->operation);
    if (err->url[0]) put(&out, " %s", err->url);
    put(&out, ": %s", thumbnail_code_text(err->code));
    if (err->attempt) put(&out, " (attempt %u, after %zu bytes)", err->attempt, err->bytes);
    for (unsigned i = 0; i < err->causes; i++)
        put(&out, "; caused by %s %d: %s", err->cause[i].domain, err->cause[i].code,
            err->cause[i].text);
    return out.length;
}

size_t thumbnail_error_stack(const struct thumbnail_error *err, char *text, size_t size)
{
    struct text out = { text, size, 0 };

    if (size) text[0] = 0;
    for (unsigned i = 0; i < err->frames; i++) {
        Dl_info info;
        char *at = err->stack[i];
        if (!dladdr(at, &info) || !info.dli_fname)
            put(&out, "  %p\n", (void *)at);
        else if (info.dli_sname)
            put(&out, "  %s+0x%zx (%s)\n", info.dli_sname,
                (size_t)(at - (char *)info.dli_saddr), info.dli_fname);
        else
            put(&out, "  %s+0x%zx\n", info.dli_fname, (size_t)(at - (char *)info.dli_fbase));
    }
    return out.length;
}
