/* The names of cases: parse and print are inverse, and wrong names are explained. */
#include <errno.h>
#include <netdb.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <curl/curl.h>
#include <uv.h>

#include "fi/arena.h"
#include "fi/case.h"

enum { RANDOM_CASES = 20000 };

static const char *const documented[] = {
    "uploads:recv:in=http_on_readable:short=1:when=2",
    "uploads:read:in=uv__read:on=origin.test/80:error=ECONNRESET",
    "uploads:socket:in=net_connect:error=EMFILE:until=close",
    "uploads:malloc:in=json_parse/on_body:error=ENOMEM:when=3+",
    "uploads:peer:on=sink.test/80:after=on_sent:silent",
    "uploads:getaddrinfo:on=origin.test:delay=30s",
    "uploads:cancel:op=download.1:after=on_read:when=2",
    "uploads:epoll_wait:after=on_connected:order=2-1",
    "thumbnail.retries:point:at=cache/insert:error=EBUSY",
    "uploads:connect:on=sink.test/80:error=ETIMEDOUT,cancel:op=upload.1:after=on_retry",
    "uploads:cancel:in=epoll_wait:op=download.1:after=on_read",
    "uploads:cancel:op=download.1:after=on_read:twice",
    "uploads:shutdown:after=on_read:again",
    "uploads:signal:on=SIGTERM:after=on_read",
    "uploads:handler:in=store:on=SIGUSR1:when=4",
};

static const char *printed(const struct fit__case *c)
{
    static char text[FIT_CASE_MAX * 4];
    size_t length = fit__case_print(text, sizeof text, c);
    assert_int_equal(length, strlen(text));
    return text;
}

static struct fit__case parsed(const char *text)
{
    struct fit__case c;
    char error[400] = "";
    if (fit__case_parse(text, &c, error, sizeof error) != 0) fail_msg("%s: %s", text, error);
    return c;
}

static void documented_examples_come_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof documented / sizeof documented[0]; i++) {
        struct fit__case c = parsed(documented[i]);
        assert_string_equal(printed(&c), documented[i]);
    }
}

static void fields_of_an_example(void **state)
{
    struct fit__case c = parsed(documented[9]);
    (void)state;
    assert_string_equal(c.test, "uploads");
    assert_int_equal(c.count, 2);
    assert_string_equal(c.faults[0].on, "sink.test/80");
    assert_int_equal(c.faults[0].what.value, ETIMEDOUT);
    assert_int_equal(c.faults[0].what.space, FIT_S_ERRNO);
    assert_string_equal(c.faults[1].point, "cancel");
    assert_string_equal(c.faults[1].op, "upload.1");
    assert_int_equal(c.faults[1].what.what, FIT_W_NONE);
    c = parsed(documented[3]);
    assert_string_equal(c.faults[0].in, "json_parse/on_body");
    assert_int_equal(c.faults[0].when, 3);
    assert_int_equal(c.faults[0].when_last, 0);
    assert_int_equal(c.faults[0].what.until, FIT_U_ONWARDS);
    c = parsed(documented[5]);
    assert_int_equal(c.faults[0].what.value, 30000);
}

static void other_spellings_become_canonical(void **state)
{
    static const char *const pairs[][2] = {
        { "t:recv:short=1:when=1", "t:recv:short=1" },
        { "t:recv:when=2..2:short=1:in=f", "t:recv:in=f:short=1:when=2" },
        { "t:recv:error=EWOULDBLOCK", "t:recv:error=EAGAIN" },
        { "t:recv:delay=2000ms", "t:recv:delay=2s" },
        { "t:recv:delay=0s", "t:recv:delay=0ms" },
        { "t:recv:until=1000ms:error=ENOSPC", "t:recv:error=ENOSPC:until=1s" },
        { "t:recv:op=%61%2d%3a:eof", "t:recv:op=a-%3A:eof" },
        { "uploads:peer:on=sink.test/80:silent:after=on_sent",
          "uploads:peer:on=sink.test/80:after=on_sent:silent" },
        { "t:point:at=x:error=007", "t:point:at=x:error=7" },
        { "%2Dt:none", "%2Dt:none" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct fit__case c = parsed(pairs[i][0]);
        assert_string_equal(printed(&c), pairs[i][1]);
    }
}

/* ---- random cases ---- */

static uint64_t seed = 20240607;

static unsigned dice(unsigned sides)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % sides;
}

/* Any bytes but zero; half of the words are tame. */
static char *random_word(bool frames)
{
    static const char tame[] = "abcXYZ019_.-";
    unsigned length = 1 + dice(12), wild = dice(2);
    char *word = fit__alloc(length + 1);
    for (unsigned i = 0; i < length; i++)
        word[i] = wild ? (char)(1 + dice(255)) : tame[dice(sizeof tame - 1)];
    for (unsigned i = 0; frames && i < length; i++)
        if (word[i] == '/' && (i == 0 || i + 1 == length || word[i - 1] == '/')) word[i] = '_';
    return word;
}

static const char *maybe(bool frames)
{
    return dice(3) ? NULL : random_word(frames);
}

static int64_t random_error(uint8_t *space)
{
    *space = (uint8_t)dice(5);
    for (;;) {
        int64_t value = (int64_t)dice(*space == FIT_S_UV ? 4200 : 200);
        if (*space == FIT_S_EAI || *space == FIT_S_UV) value = -value;
        if (*space == FIT_S_NUMBER || fit__code_name(*space, value)) return value;
    }
}

static int64_t random_value(struct fit__alternative *a)
{
    int64_t order = 0;
    unsigned places = 1 + dice(15);
    switch (a->what) {
    case FIT_W_ERROR:  return random_error(&a->space);
    case FIT_W_RETURN: return (int64_t)dice(2000) - 1000;
    case FIT_W_ORDER:
        for (unsigned i = 0; i < places; i++) order |= (int64_t)(1 + dice(15)) << (4 * i);
        return order;
    case FIT_W_SHORT: case FIT_W_DELAY: case FIT_W_THREAD:
        return dice(100000);
    default:           return 0;
    }
}

static struct fit__fault random_fault(void)
{
    struct fit__fault f = { .point = random_word(false), .in = maybe(true), .on = maybe(false),
                            .at = maybe(false), .op = maybe(false), .after = maybe(false),
                            .when = 1 + dice(3) };
    f.when_last = f.when;
    f.what.what = (uint8_t)(1 + dice(FIT_W_SPURIOUS));
    if (dice(6) == 0) {
        f.point = dice(2) ? "cancel" : "shutdown";
        f.what.what = (uint8_t)(dice(2) ? FIT_W_NONE : FIT_W_TWICE + dice(3));
    }
    f.what.value = random_value(&f.what);
    switch (dice(4)) {
    case 0: f.when_last += dice(4); break;
    case 1: f.when_last = 0; f.what.until = FIT_U_ONWARDS; break;
    case 2:
        f.what.until = (uint8_t)(FIT_U_CLOSE + dice(3));
        if (f.what.until == FIT_U_TIME) f.what.until_ms = dice(100000);
        break;
    default: break;
    }
    return f;
}

static void assert_same_text(const char *a, const char *b)
{
    if (a && b) assert_string_equal(a, b);
    else assert_true(a == b);
}

static void assert_same_fault(const struct fit__fault *a, const struct fit__fault *b)
{
    assert_same_text(a->point, b->point);
    assert_same_text(a->in, b->in);
    assert_same_text(a->on, b->on);
    assert_same_text(a->at, b->at);
    assert_same_text(a->op, b->op);
    assert_same_text(a->after, b->after);
    assert_int_equal(a->when, b->when);
    assert_int_equal(a->when_last, b->when_last);
    assert_memory_equal(&a->what, &b->what, sizeof a->what);
}

static void random_cases_come_back(void **state)
{
    unsigned tried = 0;
    (void)state;
    while (tried < RANDOM_CASES) {
        struct fit__case c = { .test = random_word(false), .count = 1 + dice(FIT_FAULTS_MAX) };
        struct fit__case back;
        char text[FIT_CASE_MAX];
        for (unsigned i = 0; i < c.count; i++) c.faults[i] = random_fault();
        if (fit__case_print(text, sizeof text, &c) >= sizeof text) continue;
        tried++;
        assert_int_equal(strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                      "0123456789_./:=,+%-"), strlen(text));
        assert_true(text[0] != '-');
        back = parsed(text);
        assert_string_equal(back.test, c.test);
        assert_int_equal(back.count, c.count);
        for (unsigned i = 0; i < c.count; i++) assert_same_fault(&c.faults[i], &back.faults[i]);
        assert_string_equal(printed(&back), text);
    }
}

/* Whatever bytes come, the answer is a case that prints well or a sentence. */
static void garbage_is_refused_or_canonical(void **state)
{
    static const char *const pieces[] = {
        "t", ":", ":", "recv", "in=", "f", "/", "error=", "EMFILE", "when=", "1", "+", "..", ",",
        "until=", "close", "2s", "%", "%41", "short=", "-", "cancel", "delay=", "eof", "=", " ",
    };
    (void)state;
    for (unsigned i = 0; i < RANDOM_CASES; i++) {
        char text[256] = "t:recv:", error[400] = "";
        struct fit__case c;
        for (unsigned n = dice(8); n > 0; n--)
            strcat(text, pieces[dice(sizeof pieces / sizeof pieces[0])]);
        if (fit__case_parse(text, &c, error, sizeof error)) {
            assert_true(strlen(error) > 10);
            assert_int_equal(c.count, 0);
        } else {
            char once[FIT_CASE_MAX];
            strcpy(once, printed(&c));
            c = parsed(once);
            assert_string_equal(printed(&c), once);
        }
    }
}

static void wrong_cases_are_explained(void **state)
{
    static const char *const wrong[][2] = {       /* text, what the sentence must hold */
        { "", "no case" }, { "uploads", "no case" }, { ":recv:eof", "the test is empty" },
        { "uploads:", "the point is empty" }, { "uploads::eof", "the point is empty" },
        { "uploads:in=f:eof", "where the point must stand" },
        { "uploads:recv", "does not say what goes wrong" },
        { "uploads:recv:in=f", "does not say what goes wrong" },
        { "uploads:recv:in=:eof", "\"in=\" lacks its value" },
        { "uploads:recv:in=f:in=g:eof", "in= is given twice" },
        { "uploads:recv:in=/f:eof", "between slashes" },
        { "uploads:recv:in=f//g:eof", "between slashes" },
        { "uploads:recv:op=a/b:eof", "%2F" },
        { "uploads:recv:error=EFOO", "no such error" },
        { "uploads:recv:error=econnreset", "no such error" },
        { "uploads:recv:error=UV_EFOO", "no such error" },
        { "uploads:recv:error", "lacks its value" }, { "uploads:recv:error=", "lacks its value" },
        { "uploads:recv:eof=1", "takes no value" },
        { "uploads:recv:eof:short=1", "already says what goes wrong" },
        { "uploads:recv:short=x", "whole number" }, { "uploads:recv:short=-1", "whole number" },
        { "uploads:recv:short=1x", "whole number" },
        { "uploads:recv:short=99999999999999999999", "whole number" },
        { "uploads:recv:delay=5", "250ms" }, { "uploads:recv:delay=5m", "250ms" },
        { "uploads:recv:order=2-", "1 to 15" }, { "uploads:recv:order=0", "1 to 15" },
        { "uploads:recv:order=1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1", "1 to 15" },
        { "uploads:recv:eof:when=0", "2+ or 2..5" }, { "uploads:recv:eof:when=x", "2+ or 2..5" },
        { "uploads:recv:eof:when=5..2", "2+ or 2..5" }, { "uploads:recv:eof:when=2++", "2+" },
        { "uploads:recv:eof:when=1:when=2", "twice" },
        { "uploads:recv:eof:until=dawn", "close, free" },
        { "uploads:recv:eof:until=close:until=free", "twice" },
        { "uploads:recv:eof:when=2+:until=close", "contradict" },
        { "uploads:recv:eof:until=close:when=2..3", "contradict" },
        { "uploads:recv:oops", "\"oops\" is not known" },
        { "uploads:recv:eof:", "a part is empty" },
        { "uploads:recv:wher=f:eof", "\"wher\" is not known" },
        { "uploads:cancel:error=EIO", "says it all" },
        { "uploads:recv:again", "is for cancel and shutdown" },
        { "uploads:none:eof", "says it all" },
        { "uploads:re cv:eof", "%20" }, { "up loads:recv:eof", "%20" },
        { "uploads:recv:in=%4:eof", "two hexadecimal" }, { "uploads:recv:in=%00:eof", "not 00" },
        { "uploads:recv:in=%zz:eof", "two hexadecimal" },
        { "uploads:recv:eof,", "the point is empty" },
        { "uploads:recv:eof,,cancel", "the point is empty" },
        { "t:cancel,cancel,cancel,cancel,cancel", "at most 4 faults" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct fit__case c;
        char error[400] = "";
        int err = fit__case_parse(wrong[i][0], &c, error, sizeof error);
        if (err != -EINVAL || !strstr(error, wrong[i][1]))
            fail_msg("\"%s\" gave %d, \"%s\"", wrong[i][0], err, error);
    }
}

static void too_long_cases_are_refused(void **state)
{
    char text[FIT_CASE_MAX + 1], error[200];
    struct fit__case c;
    (void)state;
    memset(text, 'a', sizeof text);
    memcpy(text + FIT_CASE_MAX - 5, ":eof", 5);
    text[1] = ':';
    assert_int_equal(fit__case_parse(text, &c, error, sizeof error), 0);
    memset(text, 'a', sizeof text);
    memcpy(text + FIT_CASE_MAX - 4, ":eof", 5);
    assert_int_equal(fit__case_parse(text, &c, error, sizeof error), -EINVAL);
    assert_non_null(strstr(error, "1023 bytes"));
}

static void printing_counts_beyond_the_room(void **state)
{
    struct fit__case c = parsed(documented[0]);
    char small[12];
    (void)state;
    assert_int_equal(fit__case_print(small, sizeof small, &c), strlen(documented[0]));
    assert_string_equal(small, "uploads:rec");
    assert_int_equal(fit__case_print(NULL, 0, &c), strlen(documented[0]));
    assert_int_equal(fit__fault_print(small, sizeof small, &c.faults[0]),
                     strlen(documented[0]) - strlen("uploads:"));
    assert_string_equal(small, "recv:in=htt");
}

static void codes_have_their_names(void **state)
{
    enum fit__space space;
    int64_t value;
    (void)state;
    assert_string_equal(fit__code_name(FIT_S_ERRNO, ECONNRESET), "ECONNRESET");
    assert_string_equal(fit__code_name(FIT_S_EAI, EAI_SYSTEM), "EAI_SYSTEM");
    assert_string_equal(fit__code_name(FIT_S_UV, UV_EOF), "UV_EOF");
    assert_string_equal(fit__code_name(FIT_S_CURLE, 52), "CURLE_GOT_NOTHING");
    assert_null(fit__code_name(FIT_S_ERRNO, 0));
    assert_null(fit__code_name(FIT_S_ERRNO, -5));
    assert_null(fit__code_name(FIT_S_NUMBER, 5));
    assert_int_equal(fit__code_of("UV_EAI_AGAIN", &space, &value), 0);
    assert_int_equal(space, FIT_S_UV);
    assert_int_equal(value, UV_EAI_AGAIN);
    assert_int_equal(fit__code_of("CURLE_OPERATION_TIMEDOUT", &space, &value), 0);
    assert_int_equal(value, CURLE_OPERATION_TIMEDOUT);
    assert_int_equal(fit__code_of("EAI_NONAME", &space, &value), 0);
    assert_int_equal(value, EAI_NONAME);
    assert_int_equal(fit__code_of("EOPNOTSUPP", &space, &value), 0);
    assert_int_equal(value, EOPNOTSUPP);
    assert_int_equal(fit__code_of("EVERYTHING", &space, &value), -1);
    for (int i = 0; i < CURL_LAST; i++)
        if (fit__code_name(FIT_S_CURLE, i))
            assert_int_equal(strncmp(fit__code_name(FIT_S_CURLE, i), "CURLE_", 6), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documented_examples_come_back),
        cmocka_unit_test(fields_of_an_example),
        cmocka_unit_test(other_spellings_become_canonical),
        cmocka_unit_test(random_cases_come_back),
        cmocka_unit_test(garbage_is_refused_or_canonical),
        cmocka_unit_test(wrong_cases_are_explained),
        cmocka_unit_test(too_long_cases_are_refused),
        cmocka_unit_test(printing_counts_beyond_the_room),
        cmocka_unit_test(codes_have_their_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
