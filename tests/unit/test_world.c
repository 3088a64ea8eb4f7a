/* Virtual time and descriptor tables. Linked with the library's objects. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fi/raw.h"
#include "harness/world/world.h"

/* assert() must count in every build. */
#undef assert
#define assert(condition)                                                               \
    ((condition) ? (void)0 : (fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__,       \
                                      #condition), abort()))

/* ---- Events ----------------------------------------------------------------------------- */

static int fired[200], fired_count;
static struct fit__event events[200];

static void fire(struct fit__event *event)
{
    fired[fired_count++] = (int)(event - events);
}

static void test_events(void)
{
    fit_ns start;
    fit__enter();
    start = fit__now();
    for (int i = 0; i < 200; i++)
        fit__event_set(&events[i], start + (i * 37 % 50 + 1) * FIT_MS, fire);
    for (int i = 0; i < 200; i += 4) fit__event_cancel(&events[i]);
    fit__event_cancel(&events[0]);
    assert(fit__next_event() > start);
    fit__spend(FIT_S);
    assert(fired_count == 150 && fit__next_event() == FIT_NEVER);
    for (int i = 1; i < fired_count; i++) {
        int a = fired[i - 1], b = fired[i];
        assert(events[a].due < events[b].due || (a < b && events[a].due == events[b].due));
    }
    fit__leave();
}

/* ---- Descriptors ------------------------------------------------------------------------ */

static int released;
static void release(struct fit__file *file)
{
    (void)file;
    released++;
}

static void test_descriptors(void)
{
    static const struct fit__file_ops ops = { .kind = "test", .release = release };
    struct fit__process *process = fit__service_process();
    struct fit__file *file;
    int first, fd;
    fit__enter();
    file = fit__file_new(&ops, NULL, 0);
    first = fit__install(file, 0, true);
    assert(first >= 3 && fit__file_of(first) == file);
    file->references++;
    fd = fit__install(file, 0, false);
    assert(fd == first + 1 && fit__raw(SYS_fcntl, fd, 1 /* F_GETFD */) == 1);
    file->references++;
    assert(fit__install_at(file, 900, false) == 900);
    assert(!fit__uninstall(first) && fit__uninstall(first) == -EBADF);
    file->references++;
    assert(fit__install(file, 0, false) == first);
    process->budget = process->open_count;
    process->budget_until_close = true;
    assert(fit__room_for(1) == -EMFILE && fit__install(file, 0, false) == -EMFILE);
    process->budget++;                       /* room for one is none for two */
    assert(fit__room_for(1) == 0 && fit__room_for(2) == -EMFILE);
    process->budget--;
    assert(!fit__uninstall(900) && fit__room_for(1) == 0 && released == 0);
    assert(!fit__uninstall(first) && !fit__uninstall(fd) && released == 1);
    assert(fit__host_named("10.0.0.2", false) == process->host);
    assert(fit__host_named("localhost", false) == process->host);
    assert(fit__host_named("origin.test", true)->address == htonl(0x0a000003));
    assert(fit__host_named("10.0.0.4", true)->address == htonl(0x0a000004));
    assert(fit__host_named("sink.test", true)->address == htonl(0x0a000005));
    fit__leave();
}

static void all_tests(void *arg)
{
    (void)arg;
    test_events();
    puts("ok events");
    test_descriptors();
    puts("ok descriptors");
}

int main(void)
{
    assert(!fit__world_new());
    fit__world_run(all_tests, NULL);
    fit__world_drop();
    return 0;
}
