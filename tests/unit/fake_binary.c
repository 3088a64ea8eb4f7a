/* tests/unit/fake_binary.c - plays a test binary for the tests of the command.
 *
 * It reads orders and answers with canned records; which ones, its own file name says
 * ("fake_findings"). Call stacks are its own, so that they can be resolved. */
#include <assert.h>
#include <link.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/explore/record.h"

static FILE *out;
static char orders[16384], stack_text[4096];
static const char *self;

static bool ordered(const char *line)
{
    char *text = NULL;
    bool found;
    assert(asprintf(&text, "\n%s\n", line) > 0);
    found = strstr(orders, text) != NULL;
    free(text);
    return found;
}

static void read_orders(int fd)
{
    ssize_t size = pread(fd, orders + 1, sizeof orders - 2, 0);
    assert(size > 0);
    orders[0] = '\n';
    FILE *copy = getenv("TMPDIR") ? fopen("orders.seen", "a") : NULL;
    if (copy) {
        fputs(orders, copy);
        fclose(copy);
    }
}

static int first_object(struct dl_phdr_info *info, size_t size, void *address)
{
    (void)size;
    *(uintptr_t *)address = info->dlpi_addr;
    return 1;
}

static void add_frame(const void *address)
{
    uintptr_t load = 0;
    dl_iterate_phdr(first_object, &load);
    sprintf(stack_text + strlen(stack_text), "%s%lx@%s", *stack_text ? " " : "",
            (unsigned long)((uintptr_t)address - load), self);
}

static __attribute__((noinline)) void innermost(void)
{
    add_frame(__builtin_return_address(0));
}

static inline __attribute__((always_inline)) void inlined_helper(void)
{
    innermost();
}

static __attribute__((noinline)) void on_readable(void)
{
    inlined_helper();
    add_frame(__builtin_return_address(0));
}

static void hello(const char *armed)
{
    fprintf(out, "kind hello\npid %d\narmed %s\nversion 1\nbinary %s\n", getpid(), armed, self);
    if (*armed == '0')
        fprintf(out, "why epoll_wait of libevil.so is found before ours\n");
    fprintf(out, "\n");
}

static void test(const char *name, const char *contract, const char *state, const char *more)
{
    fprintf(out, "kind test\ntest %s\ncontract %s\nstate %s\nvirtual_ns 6100000000\n"
            "setup_points 41\ncancel_places 3\n%s\n", name, contract, state, more);
}

static void result(const char *test, const char *name, const char *mode, const char *verdict,
                   const char *more)
{
    static unsigned seq;
    fprintf(out, "kind case\ntest %s\ncase %s\nmode %s\nverdict %s\nseq %u\nvirtual_ns 118000000\n"
            "turn 14\n%s\n", test, name, mode, verdict, seq++, more);
}

static void named(const char *test, const char *name, const char *mode)
{
    fprintf(out, "kind named\ntest %s\ncase %s\nmode %s\n\n", test, name, mode);
}

#define SHORT "recv:in=on_readable:short=1"
#define LEAK "site net_connect\nfault recv in {fault} gave 1 byte\nsymptom socket 7, connected " \
    "to origin.test:80, opened by {symptom}, still open\n"

static void list(void)
{
    test("fake.uploads", "strict", "ready", "");
    named("fake.uploads", SHORT, "partial");
    named("fake.uploads", "socket:error=EMFILE", "emfile");
    named("fake.uploads", "socket:error=EMFILE:until=close", "emfile");
    test("fake.sizes", "old", "no-calls", "");
    test("fake.db", "old", "unsupported", "text fork() is not simulated.\n");
}

static void call(const char *ns, const char *mark, const char *fd, const char *text)
{
    fprintf(out, "kind call\nns %s\nturn 14\nmark %s\nfd %s\ntext %s\n\n", ns, mark, fd, text);
}

static void replay(void)
{
    char more[16384];
    stack_text[0] = '\0';
    on_readable();
    test("fake.uploads", "strict", "ready", "");
    if (ordered("case recv:in=gone:short=1")) {
        fprintf(out, "kind error\nstatus 125\ntext no such place: in=gone; nearest: "
                SHORT "\n\n");
        return;
    }
    if (ordered("case bad")) {
        fprintf(out, "kind error\nstatus 2\ntext 'bad' is no point\n\n");
        return;
    }
    if (ordered("case recv:in=on_readable:error=EINTR")) {
        result("fake.uploads", "recv:in=on_readable:error=EINTR", "partial", "recovered",
               "fault recv in {fault} failed with EINTR\n");
        return;
    }
    if (ordered("case peer:on=sink.test/80:silent")) {
        result("fake.uploads", "peer:on=sink.test/80:silent", "timeout", "hang",
               "fault sink.test:80 says nothing more after the request line of PUT\n"
               "symptom nothing can run and no timer is set\n");
        return;
    }
    call("111000000", "pe", "-1", "origin.test:80 sends 1448");
    call("112000000", ">>", "7", "recv(7, \"<\", 65536) = 1");
    call("112000000", "--", "-1", "cb on_read");
    call("112000000", "  ", "7", "epoll_ctl(3, EPOLL_CTL_DEL, 7) = 0");
    call("112000000", "op", "-1", "download.1 failed: -71 \"bad header\"");
    call("118000000", "  ", "3", "epoll_wait(3, timeout=0) = 0");
    snprintf(more, sizeof more, LEAK "fault.stack %s\nsymptom.stack %s\nfault.ns 112000000\n"
             "fault.turn 14\nfault.call recv(7, buf, 65536, 0) = 1     (instead of 1448)\n"
             "symptom.ns 118000000\ndescriptors 7   tcp  10.0.0.2:40001 -> origin.test:80   "
             "LEAKED\\n8   pipe\ntimers none\noperations download.1 failed\n"
             "threads 4 idle in the pool\n%s", stack_text, stack_text,
             ordered("memcheck 1") ? "memcheck 16 bytes are definitely lost\n" : "");
    result("fake.uploads", SHORT, "partial", "leak-fd", more);
}

static void findings(void)
{
    bool memcheck = ordered("memcheck 1");
    test("fake.uploads", "strict", "ready", "");
    test("other.uploads", "old", "ready", "");
    result("fake.uploads", "recv:in=on_readable:error=EINTR", "partial", "recovered",
           "fault recv in {fault} failed with EINTR\n");
    result("fake.uploads", SHORT, "partial", "leak-fd", LEAK);
    result("fake.uploads", SHORT ":when=2", "partial", "leak-fd", LEAK);
    result("fake.uploads", "cancel:after=on_read", "cancel", "leak-fd", LEAK);
    result("fake.uploads", "peer:on=sink.test/80:silent", "timeout", "hang", "site sink\n"
           "fault sink.test:80 says nothing more after the request line of PUT\nsymptom nothing "
           "can run and no timer is set, at 4.210 s; download.1 waits for its outcome\n");
    result("other.uploads", "socket:error=EMFILE", "emfile", "swallowed", "site socket\n"
           "symptom caller was told success\\x, with \033[31m0 bytes; without the fault: 18204\n");
    result("other.uploads", "malloc:error=ENOMEM", "emfile", "leak-memory",
           "allowed kept for the life of the process\n");
    result("other.uploads", "read:short=1", "partial", memcheck ? "leak-memory" : "reported",
           "cause_named 1\nleft.blocks 1\nleft.bytes 16\nsite lost\n");
    result("other.uploads", "none", "none", "memory-error", "site uninitialised\n"
           "symptom uninitialised value in {symptom}\n");
    fprintf(out, "kind note\ntext setup: 41 points not tried\n\n");
}

static void passing(void)
{
    test("fake.uploads", "strict", "ready", "");
    result("fake.uploads", SHORT, "partial", "recovered", "");
    result("fake.uploads", "socket:error=EMFILE", "emfile", "reported", "cause_named 1\n");
    test("fake.sizes", "old", "no-calls", "");
}

static void play(void)
{
    const char *part = strrchr(self, '_') + 1;
    if (strcmp(part, "findings") == 0)
        findings();
    else if (strcmp(part, "empty") == 0)
        test("fake.sizes", "strict", "no-calls", "");
    else if (strcmp(part, "broken") == 0)
        test("fake.uploads", "strict", "broken-test",
             "text test_thumbnail.c:35: 18204 != 0x0        (assert_int_equal)\n");
    else if (strcmp(part, "differing") == 0)
        test("fake.uploads", "strict", "nondeterministic",
             "text call 212, 0.115000 s\\n  run 1   send(9)\\n  run 2   send(10)\n");
    else
        passing();
    if (strcmp(part, "unsupported") == 0)
        test("fake.db", "old", "unsupported", "text fork() is not simulated.\n");
    if (strcmp(part, "notfired") == 0)
        result("fake.uploads", "malloc:in=img_scale:error=ENOMEM", "partial", "not-fired",
               "detail the run without faults called malloc in img_scale once, at 0.115 s\n");
    if (strcmp(part, "garbage") == 0)
        fprintf(out, "\001\002 what\n???\n\nkind case\ntest fake.uploads\nkind note\n"
                "text still understood\n\nno_kind 1\n\n");
    if (strcmp(part, "slow") == 0)
        fflush(out), pause();
    if (strcmp(part, "dying") == 0) {
        fprintf(out, "kind case\ntest fake.uploads\ncase half:");
        fflush(out);
        puts("about to die");
        fflush(stdout);
        raise(SIGSEGV);
    }
}

int main(int count, char **arguments)
{
    const char *control = getenv(FIT_CONTROL_VARIABLE);
    assert(count == 1 && strrchr(arguments[0], '_'));
    self = arguments[0];
    if (!control || strstr(self, "_silent"))
        return 7;
    read_orders(atoi(control));
    int results = atoi(strstr(orders, "\nresults ") + strlen("\nresults "));
    assert(dup2(results, results) == results);
    out = fdopen(results, "w");
    assert(out && ordered("version 1"));
    hello(strstr(self, "_unarmed") ? "0" : "1");
    if (ordered("job list"))
        list();
    else if (ordered("job replay"))
        replay();
    else if (!strstr(self, "_unarmed"))
        play();
    fprintf(out, "kind bye\n\n");
    return fclose(out) == 0 ? 0 : 1;
}
