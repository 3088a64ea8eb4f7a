/* Runs all cases over the real kernel and in a world, and compares. `conformance [-v] [NAME]`. */
#include <signal.h>
#include <stdarg.h>

#include "harness/world/world.h"
#include "tests/conformance/conformance.h"
#include "tests/conformance/known.h"

enum { LOG_SIZE = 16384 };
static char real_log[LOG_SIZE], world_log[LOG_SIZE], *current_log;

void note(const char *format, ...)
{
    size_t length = strlen(current_log);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(current_log + length, LOG_SIZE - length - 1, format, arguments);
    va_end(arguments);
    strcat(current_log, "\n");
}

long noted(const char *text, long result)
{
    int error = errno;
    if (result < 0)
        note("%s: %s", text, strerrorname_np(error));
    else
        note("%s: %ld", text, result);
    errno = error;
    return result;
}

static const char *bits_text(uint32_t bits, char *out)
{
    static const struct { uint32_t bit; const char *name; } names[] = {
        { EPOLLIN, "IN" }, { EPOLLPRI, "PRI" }, { EPOLLOUT, "OUT" }, { EPOLLERR, "ERR" },
        { EPOLLHUP, "HUP" }, { EPOLLRDHUP, "RDHUP" }, { POLLNVAL, "NVAL" },
    };
    *out = 0;
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
        if (bits & names[i].bit) {
            if (*out)
                strcat(out, "|");
            strcat(out, names[i].name);
        }
    return *out ? out : "nothing";
}

void note_epoll(const char *what, int fd)
{
    struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP };
    char text[64];
    int ep = epoll_create1(0);
    epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event);
    int count = epoll_wait(ep, &event, 1, 0);
    note("%s: epoll %s", what, bits_text(count == 1 ? event.events : 0, text));
    close(ep);
}

void note_poll(const char *what, int fd)
{
    struct pollfd one = { .fd = fd, .events = POLLIN | POLLOUT | POLLRDHUP | POLLPRI };
    char text[64];
    int count = poll(&one, 1, 0);
    note("%s: poll %d %s", what, count, bits_text((uint32_t)(unsigned short)one.revents, text));
}

void note_wait(const char *what, int ep, int most, int ms)
{
    struct epoll_event events[16];
    char line[512] = "", text[64];
    int count = epoll_wait(ep, events, most, ms);
    for (int i = 0; i < count; i++)
        snprintf(line + strlen(line), sizeof line - strlen(line), " %c:%s",
                 (char)events[i].data.u32, bits_text(events[i].events, text));
    note("%s: %d%s", what, count, line);
}

void watch(int ep, int operation, int fd, uint32_t events, char letter)
{
    struct epoll_event event = { .events = events, .data.u32 = (uint32_t)letter };
    noted(operation == EPOLL_CTL_ADD ? "add" : operation == EPOLL_CTL_MOD ? "mod" : "del",
          epoll_ctl(ep, operation, fd, &event));
}

void settle(void)
{
    usleep(3000);
}

void set_nonblocking(int fd, bool on)
{
    int flags = fcntl(fd, F_GETFL);
    fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK);
}

int nonblocking_tcp(void)
{
    return socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

int listen_loopback(int backlog, struct sockaddr_in *address)
{
    socklen_t size = sizeof *address;
    int fd = nonblocking_tcp();
    *address = (struct sockaddr_in){ .sin_family = AF_INET,
                                     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    bind(fd, (struct sockaddr *)address, sizeof *address);
    listen(fd, backlog);
    getsockname(fd, (struct sockaddr *)address, &size);
    return fd;
}

struct link link_up(void)
{
    struct link link;
    link.listener = listen_loopback(5, &link.address);
    link.client = nonblocking_tcp();
    connect(link.client, (struct sockaddr *)&link.address, sizeof link.address);
    settle();
    link.server = accept4(link.listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    /* The second call tells the socket that it is connected. */
    connect(link.client, (struct sockaddr *)&link.address, sizeof link.address);
    return link;
}

void link_down(struct link *link)
{
    if (link->client >= 0)
        close(link->client);
    if (link->server >= 0)
        close(link->server);
    close(link->listener);
}

pthread_t on_thread(void *(*body)(void *), void *arg)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, body, arg))
        abort();
    return thread;
}

void wait_for_thread(pthread_t thread)
{
    pthread_join(thread, NULL);
}

int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- the two runs ------------------------------------------------------------------------ */

static void run_in_world(void *arg)
{
    ((const struct conformance_case *)arg)->run();
}

static const char *known_reason(const char *name)
{
    for (unsigned i = 0; i < sizeof known_differences / sizeof known_differences[0]; i++)
        if (!strcmp(known_differences[i].name, name))
            return known_differences[i].reason;
    return NULL;
}

/* On a busy machine the real kernel may be late with what a case waits for a moment for: it is
 * asked again before a difference counts. The world is never late. */
enum { TRIES = 4 };

static void run_for_real(const struct conformance_case *one)
{
    for (int i = 0; i < TRIES && (!i || strcmp(real_log, world_log)); i++) {
        memset(real_log, 0, sizeof real_log);
        current_log = real_log;
        one->run();
    }
}

static bool differs(const struct conformance_case *one, bool verbose)
{
    memset(world_log, 0, sizeof world_log);
    current_log = world_log;
    if (fit__world_new()) {
        note("no world");
    } else {
        fit__world_run(run_in_world, (void *)(uintptr_t)one);
        fit__world_drop();
    }
    run_for_real(one);
    bool same = !strcmp(real_log, world_log);
    const char *reason = known_reason(one->name);
    if (reason) {
        printf("%s %s # %s: %s\n", same ? "not ok" : "ok", one->name,
               same ? "known to differ, but does not" : "known to differ", reason);
        return same;
    }
    if (!verbose && same)
        printf("ok %s\n", one->name);
    else
        printf("%s %s\n--- real\n%s--- world\n%s\n", same ? "ok" : "not ok", one->name, real_log,
               same ? "" : world_log);
    return !same;
}

int main(int argc, char **argv)
{
    const struct conformance_case *const tables[] = {
        connect_cases, stream_cases, close_cases, epoll_cases, poll_cases, local_cases,
        descriptor_cases, name_cases, corner_cases, lock_cases, thread_cases, watch_cases,
        datagram_cases, datagram_wait_cases, unix_cases, unix_datagram_cases, rights_cases,
        six_cases, futex_cases,
        file_cases, directory_cases, stdio_cases, signal_cases, signalfd_cases,
        inotify_cases, inotify_event_cases,
        cancel_cases, unwound_cases, splice_cases, patience_cases, ancillary_cases,
        lock_kind_cases, loaded_cases, thread_way_cases,
    };
    bool verbose = argc > 1 && !strcmp(argv[1], "-v");
    const char *wanted = argc > 1 + verbose ? argv[1 + verbose] : NULL;
    int cases = 0, differences = 0;
    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 4096);
    for (unsigned t = 0; t < sizeof tables / sizeof tables[0]; t++)
        for (const struct conformance_case *one = tables[t]; one->name; one++) {
            if (wanted && !strstr(one->name, wanted))
                continue;
            cases++;
            differences += differs(one, verbose);
        }
    printf("conformance: %d cases on both kernels, %d differences\n", cases, differences);
    return differences ? 1 : cases ? 0 : 4;
}
