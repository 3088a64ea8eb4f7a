/* Does what a caller was told name the cause that was injected? A code in any space that the
 * field knows, or the usual words in the text. */
#include <arpa/nameser.h>
#include <errno.h>
#include <netdb.h>
#include <string.h>

#include "harness/judge/judge.h"

/* What libcurl answers (curl/curl.h, stable numbers) when the cause is that errno. */
static const struct { int error, curl[4]; } curl_codes[] = {
    { ECONNREFUSED, { 7 } },      { ETIMEDOUT, { 28, 7 } },       { EHOSTUNREACH, { 7 } },
    { ENETUNREACH, { 7 } },       { ECONNRESET, { 56, 55, 52, 7 } }, { EPIPE, { 55, 56 } },
    { ENOMEM, { 27 } },           { EAGAIN, { 81 } },             { ECANCELED, { 42 } },
    { EADDRNOTAVAIL, { 7, 45 } }, { EADDRINUSE, { 45, 7 } },      { EIO, { 23, 26, 37 } },
    { ENOSPC, { 23, 70 } },       { EROFS, { 23 } },              { EACCES, { 9, 37, 7 } },
    { EPERM, { 7 } },             { ENOENT, { 37, 78 } },
};
/* What c-ares (ares.h) and evdns (event2/dns.h) call a response's code. */
static const struct { int response, ares, evdns; } resolver_codes[] = {
    { ns_r_formerr, 2, 1 }, { ns_r_servfail, 3, 2 }, { ns_r_nxdomain, 4, 3 },
    { ns_r_notimpl, 5, 4 }, { ns_r_refused, 6, 5 },
};
enum { ARES_TIMEOUT = 12, EVDNS_TIMEOUT = 67 };
enum { CURL_RESOLVE = 6, CURL_PARTIAL = 18, CURL_TIMEOUT = 28, CURL_ABORTED = 42,
       CURL_NOTHING = 52, CURL_RECV = 56, CURL_CONNECT = 7 };

static const char *const timeout_words[] = { "time", "deadline", "ETIMEDOUT", "too slow", NULL };
static const char *const end_words[] = {
    "closed", "end of", "eof", "partial", "truncated", "empty reply", "incomplete", "missing",
    "reset", "transfer", NULL
};
static const char *const cancel_words[] = { "cancel", "abort", "ECANCELED", NULL };
static const char *const disk_words[] = { "disk", "space", "write", "quota", NULL };
static const char *const resolve_words[] = { "resolv", "name", "dns", "host", NULL };

static bool text_has(const char *text, const char *const *words)
{
    for (; text && *words; words++)
        if (strcasestr(text, *words)) return true;
    return false;
}

static bool curl_names(int error, int code)
{
    for (size_t i = 0; i < sizeof curl_codes / sizeof curl_codes[0]; i++)
        for (int k = 0; curl_codes[i].error == error && k < 4; k++)
            if (curl_codes[i].curl[k] && curl_codes[i].curl[k] == code) return true;
    return false;
}

static bool errno_named(int error, int code, const char *text)
{
    const char *const words[] = { strerrorname_np(error), strerrordesc_np(error), NULL };
    if (code == error || code == -error || curl_names(error, code)) return true;
    return words[0] && text_has(text, words);
}

static bool timeout_named(int code, const char *text)
{
    return errno_named(ETIMEDOUT, code, text) || code == CURL_TIMEOUT
        || text_has(text, timeout_words);
}

static bool end_named(int code, const char *text)
{
    return code == CURL_PARTIAL || code == CURL_NOTHING || code == CURL_RECV
        || errno_named(ECONNRESET, code, text) || text_has(text, end_words);
}

static bool resolver_named(int64_t value, int code, const char *text)
{
    const char *const words[] = { gai_strerror((int)value), fit__code_name(FIT_S_EAI, value),
                                  NULL };
    return code == value || code == CURL_RESOLVE || text_has(text, words)
        || text_has(text, resolve_words);
}

/* A resolver may try again, or fall back, and then say so in general. */
static bool response_named(int64_t response, int code, const char *text)
{
    static const int general[] = { EAI_AGAIN, EAI_FAIL, EAI_NONAME, EAI_NODATA };
    for (size_t i = 0; i < sizeof resolver_codes / sizeof resolver_codes[0]; i++)
        if (resolver_codes[i].response == response
            && (code == resolver_codes[i].ares || code == resolver_codes[i].evdns)) return true;
    for (size_t i = 0; i < sizeof general / sizeof general[0]; i++)
        if (resolver_named(general[i], code, text)) return true;
    const char *const words[] = { fit__code_name(FIT_S_DNS, response), NULL };
    return words[0] && text_has(text, words);
}

static bool error_named(const struct fit__alternative *fault, int code, const char *text)
{
    switch ((enum fit__space)fault->space) {
    case FIT_S_ERRNO: {
        int error = (int)fault->value;
        if (errno_named(error, code, text)) return true;
        /* The two faces of one event: which one shows depends on who spoke last. */
        if (error == EPIPE) return errno_named(ECONNRESET, code, text);
        if (error == ENOSPC && text_has(text, disk_words)) return true;
        return error == ECONNRESET && errno_named(EPIPE, code, text);
    }
    case FIT_S_UV: return errno_named((int)-fault->value, code, text);
    case FIT_S_DNS: return response_named(fault->value, code, text);
    case FIT_S_EAI: return resolver_named(fault->value, code, text);
    default: return code == fault->value || errno_named((int)fault->value, code, text);
    }
}

static bool late_answer_named(int code, const char *text)
{
    return code == ARES_TIMEOUT || code == EVDNS_TIMEOUT || resolver_named(EAI_AGAIN, code, text);
}

bool fit__cause_named(const struct fit__alternative *fault, const char *point, int code,
                      const char *text)
{
    bool resolver = !strcmp(point, "getaddrinfo") || !strcmp(point, "gethostbyname");
    if (fault->mode == FIT_CANCEL)
        return errno_named(ECANCELED, code, text) || code == CURL_ABORTED
            || text_has(text, cancel_words);
    switch ((enum fit__what)fault->what) {
    case FIT_W_ERROR: return fault->value == EAGAIN || error_named(fault, code, text);
    case FIT_W_EOF: return end_named(code, text);
    case FIT_W_NEVER:
        return timeout_named(code, text) || code == CURL_CONNECT
            || (resolver && resolver_named(EAI_AGAIN, code, text))
            || (fault->mode == FIT_DNS && late_answer_named(code, text));
    case FIT_W_SILENT: case FIT_W_DELAY: case FIT_W_TIMERS_FIRST: case FIT_W_SPURIOUS:
    case FIT_W_EARLY: case FIT_W_LATE:
        return timeout_named(code, text)
            || (fault->mode == FIT_DNS && late_answer_named(code, text));
    case FIT_W_SHORT: return fault->mode != FIT_TIMEOUT || timeout_named(code, text);
    default: return true;                /* an exception, a callback's failure: no code of ours */
    }
}
