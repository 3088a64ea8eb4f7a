/* inotify: watches, their limits, and what reading their events is like. */
#include <sys/stat.h>
#include <sys/syscall.h>

#include "tests/conformance/inotify.h"

static void making(void)
{
    int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC), old = inotify_init();
    char byte[64];
    note("flags %d %d", fcntl(fd, F_GETFD), fcntl(fd, F_GETFL) == O_NONBLOCK);
    note("flags %d %d", fcntl(old, F_GETFD), fcntl(old, F_GETFL));
    RUN(inotify_init1(1));
    RUN(read(fd, byte, sizeof byte));
    RUN(read(fd, byte, 1));
    RUN(write(fd, byte, 1));
    RUN(lseek(fd, 3, SEEK_SET));
    RUN(send(fd, byte, 1, 0));
    RUN(ftruncate(fd, 0));
    note_epoll("nothing", fd);
    note_poll("nothing", fd);
    close(fd);
    close(old);
}

static void adding(void)
{
    int fd = start(), pipes[2];
    put_file("a", "1");
    mkdir("d", 0755);
    symlink("a", "l");
    symlink("x", "m");
    pipe(pipes);
    note("%d", inotify_add_watch(fd, "a", IN_MODIFY));
    note("again %d", inotify_add_watch(fd, "a", IN_OPEN));
    note("by a link %d", inotify_add_watch(fd, "l", IN_OPEN));
    note("the link %d", inotify_add_watch(fd, "l", IN_OPEN | IN_DONT_FOLLOW));
    note("directory %d", inotify_add_watch(fd, "d", IN_OPEN | IN_ONLYDIR));
    note("directory %d", inotify_add_watch(fd, ".", IN_OPEN));
    RUN(inotify_add_watch(fd, "a", IN_OPEN | IN_ONLYDIR));
    RUN(inotify_add_watch(fd, "l", IN_OPEN | IN_ONLYDIR));
    RUN(inotify_add_watch(fd, "x", IN_OPEN));
    RUN(inotify_add_watch(fd, "m", IN_OPEN));
    RUN(inotify_add_watch(fd, "a/b", IN_OPEN));
    RUN(inotify_add_watch(fd, "", IN_OPEN));
    RUN(inotify_add_watch(fd, "a", 0));
    RUN(inotify_add_watch(fd, "a", 0x00010000));
    RUN(inotify_add_watch(fd, "a", IN_OPEN | 0x00010000));
    RUN(inotify_add_watch(fd, "a", IN_OPEN | IN_MASK_CREATE));
    RUN(inotify_add_watch(fd, "a", IN_OPEN | IN_MASK_CREATE | IN_MASK_ADD));
    RUN(inotify_add_watch(-1, "a", IN_OPEN));
    RUN(inotify_add_watch(pipes[0], "a", IN_OPEN));
    RUN(inotify_add_watch(pipes[0], "x", IN_OPEN));
    RUN(inotify_add_watch(pipes[0], "a", 0));
    RUN(inotify_rm_watch(fd, 1));
    RUN(inotify_rm_watch(fd, 1));
    RUN(inotify_rm_watch(fd, 77));
    RUN(inotify_rm_watch(pipes[0], 2));
    RUN(inotify_rm_watch(-1, 2));
    note("a new number %d", inotify_add_watch(fd, "a", IN_MODIFY));
    note("only a flag %d", inotify_add_watch(fd, "d", IN_ONLYDIR));
    note_events("removed", fd);
    close(fd);
    close(pipes[0]);
    close(pipes[1]);
}

static void once(void)
{
    int fd = start();
    put_file("a", "1");
    inotify_add_watch(fd, "a", IN_OPEN | IN_ONESHOT);
    note("%d", inotify_add_watch(fd, ".", IN_ALL_EVENTS | IN_ONESHOT));
    change_file("a");
    change_file("a");
    note_events("once", fd);
    RUN(inotify_rm_watch(fd, 1));
    note("%d", inotify_add_watch(fd, "a", IN_OPEN | IN_ONESHOT));
    note("%d", inotify_add_watch(fd, "a", IN_CLOSE));
    change_file("a");
    note_events("no more", fd);
    close(fd);
}

static void masks(void)
{
    int fd = start();
    put_file("a", "1");
    inotify_add_watch(fd, "a", IN_OPEN);
    note("%d", inotify_add_watch(fd, "a", IN_CLOSE_WRITE | IN_MASK_ADD));
    change_file("a");
    note_events("added", fd);
    note("%d", inotify_add_watch(fd, "a", IN_MODIFY));
    change_file("a");
    note_events("replaced", fd);
    close(fd);
}

static void coalescing(void)
{
    int fd = start(), waiting;
    put_file("a", "1");
    put_file("b", "1");
    inotify_add_watch(fd, ".", IN_MODIFY);
    int a = open("a", O_WRONLY), b = open("b", O_WRONLY);
    for (int i = 0; i < 3; i++)
        write(a, "x", 1);
    write(b, "x", 1);
    write(b, "x", 1);
    write(a, "x", 1);
    RUN(ioctl(fd, FIONREAD, &waiting));
    note("%d bytes", waiting);
    note_events("written", fd);
    RUN(ioctl(fd, FIONREAD, &waiting));
    note("%d bytes", waiting);
    close(a);
    close(b);
    close(fd);
}

static void short_buffers(void)
{
    char buffer[80];
    struct iovec two[2] = { { buffer, 32 }, { buffer + 32, 32 } };
    struct iovec small[2] = { { buffer, 8 }, { buffer + 8, 64 } };
    int fd = start();
    put_file("a", "1");
    inotify_add_watch(fd, ".", IN_OPEN | IN_CLOSE);
    inotify_add_watch(fd, "a", IN_OPEN);
    change_file("a");
    RUN(read(fd, buffer, 0));
    RUN(read(fd, buffer, 31));
    RUN(readv(fd, small, 2));
    RUN(readv(fd, two, 2));
    RUN(read(fd, buffer, 31));
    RUN(read(fd, buffer, 32));
    RUN(read(fd, buffer, 31));
    put_file("abcdefghijklmno", "1");
    put_file("abcdefghijklmnop", "1");
    RUN(read(fd, buffer, 40));
    note_events("names and their room", fd);
    unlink("abcdefghijklmno");
    unlink("abcdefghijklmnop");
    close(fd);
}

static void readiness(void)
{
    int fd = start(), ep = epoll_create1(0), outer = epoll_create1(0);
    char buffer[256];
    put_file("a", "1");
    inotify_add_watch(fd, "a", IN_OPEN | IN_CLOSE);
    watch(ep, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLET, 'i');
    watch(outer, EPOLL_CTL_ADD, ep, EPOLLIN, 'e');
    note_wait("nothing", ep, 4, 0);
    int a = open("a", O_RDONLY);
    note_wait("nested", outer, 4, 0);
    note_wait("opened", ep, 4, 0);
    note_wait("and now", ep, 4, 0);
    note_poll("opened", fd);
    close(a);
    note_wait("closed", ep, 4, 0);
    RUN(read(fd, buffer, sizeof buffer));
    note_poll("read", fd);
    close(ep);
    close(outer);
    close(fd);
}

static void *changes(void *arg)
{
    (void)arg;
    settle();
    change_file("a");
    return NULL;
}

static void blocking(void)
{
    char buffer[256];
    int fd = inotify_init1(0);
    put_file("a", "1");
    inotify_add_watch(fd, "a", IN_OPEN | IN_ONESHOT);
    pthread_t thread = on_thread(changes, NULL);
    ssize_t size = read(fd, buffer, sizeof buffer);
    note("%s", size >= 16 ? "woken" : "not woken");
    wait_for_thread(thread);
    set_nonblocking(fd, true);
    note_events("left", fd);
    close(fd);
}

static void by_number(void)
{
    int fd = (int)syscall(SYS_inotify_init1, IN_NONBLOCK);
    put_file("a", "1");
    note("%ld", syscall(SYS_inotify_add_watch, fd, "a", IN_ATTRIB));
    chmod("a", 0600);
    note("%ld", syscall(SYS_inotify_rm_watch, fd, 1));
    note_events("changed", fd);
    close(fd);
}

static void duplicates(void)
{
    int fd = start(), other = dup(fd);
    put_file("a", "1");
    inotify_add_watch(fd, "a", IN_ATTRIB);
    close(fd);
    chmod("a", 0600);
    note_events("by the duplicate", other);
    close(other);
    chmod("a", 0644);
}

static long limit(const char *name)
{
    char path[80], text[32] = "";
    snprintf(path, sizeof path, "/proc/sys/fs/inotify/%s", name);
    int fd = open(path, O_RDONLY);
    ssize_t size = read(fd, text, sizeof text - 1);
    close(fd);
    return size > 0 ? atol(text) : -1;
}

/* How many there are when reading them one by one, and what the last one is. */
static void overflow(void)
{
    _Alignas(struct inotify_event) char buffer[40];
    const struct inotify_event *event = (const void *)buffer;
    int fd = start();
    long most = limit("max_queued_events"), count = 0;
    put_file("a", "1");
    put_file("b", "1");
    inotify_add_watch(fd, ".", IN_ATTRIB);
    for (long i = 0; i < most + 10; i++)
        chmod(i % 2 ? "a" : "b", 0600);
    while (read(fd, buffer, sizeof buffer) > 0)
        count++;
    note("%ld more than the limit, the last: wd %d, %s, len %u", count - most, event->wd,
         event->mask == IN_Q_OVERFLOW ? "overflow" : "?", event->len);
    chmod("a", 0644);
    note_events("after that", fd);
    close(fd);
}

static void instances(void)
{
    enum { MOST = 1000 };
    int fds[MOST], count = 0;
    long most = limit("max_user_instances");
    while (count < MOST && count <= most && (fds[count] = inotify_init1(IN_CLOEXEC)) >= 0)
        count++;
    note("%s, not too late %d", strerrorname_np(errno), count <= most);
    close(fds[--count]);
    note("one more %d", (fds[count++] = inotify_init1(IN_CLOEXEC)) >= 0);
    while (count)
        close(fds[--count]);
}

#define ALL(X) \
    X(making) X(adding) X(once) X(masks) X(coalescing) X(short_buffers) X(readiness) X(blocking) \
    X(by_number) X(duplicates) X(overflow) X(instances)
ALL(IN_FOLDER)
const struct conformance_case inotify_cases[] = { ALL(INOTIFY_ROW) { NULL, NULL } };
