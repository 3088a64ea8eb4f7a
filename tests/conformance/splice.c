/* splice, tee and sendfile: bytes that go from one descriptor to the other. */
#include <sys/eventfd.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "tests/conformance/conformance.h"

struct pipes { int in[2], out[2]; };

static struct pipes open_pipes(int flags)
{
    struct pipes p;
    pipe2(p.in, flags);
    pipe2(p.out, flags);
    return p;
}

static void close_pipes(struct pipes *p)
{
    for (int i = 0; i < 2; i++) {
        close(p->in[i]);
        close(p->out[i]);
    }
}

static void note_bytes(const char *what, int fd)
{
    char text[64];
    ssize_t size = read(fd, text, sizeof text);
    if (size < 0)
        note("%s: %s", what, strerrorname_np(errno));
    else
        note("%s: \"%.*s\"", what, (int)size, text);
}

static void note_place(const char *what, int fd)
{
    note("%s: at %ld", what, (long)lseek(fd, 0, SEEK_CUR));
}

static void from_a_file(void)
{
    struct pipes p = open_pipes(O_NONBLOCK);
    off64_t offset = 3;
    put_file("a", "0123456789");
    int file = open("a", O_RDONLY);
    RUN(splice(file, NULL, p.in[1], NULL, 4, 0));
    note_place("file", file);
    note_bytes("pipe", p.in[0]);
    RUN(splice(file, &offset, p.in[1], NULL, 4, SPLICE_F_MOVE | SPLICE_F_MORE));
    note("offset %ld", (long)offset);
    note_place("file", file);
    note_bytes("pipe", p.in[0]);
    RUN(splice(file, NULL, p.in[1], NULL, 100, 0));
    RUN(splice(file, NULL, p.in[1], NULL, 100, 0));
    note_bytes("pipe", p.in[0]);
    offset = -1;
    RUN(splice(file, &offset, p.in[1], NULL, 1, 0));
    offset = 100;
    RUN(splice(file, &offset, p.in[1], NULL, 1, 0));
    note("offset %ld", (long)offset);
    RUN(splice(file, NULL, p.in[1], NULL, 0, 0));
    close(file);
    close_pipes(&p);
}

static void to_a_file(void)
{
    struct pipes p = open_pipes(O_NONBLOCK);
    off64_t offset = 8;
    put_file("a", "");
    int file = open("a", O_RDWR), added = open("a", O_WRONLY | O_APPEND);
    write(p.in[1], "abcdefgh", 8);
    RUN(splice(p.in[0], NULL, file, NULL, 3, 0));
    note_place("file", file);
    RUN(splice(p.in[0], NULL, file, &offset, 3, 0));
    note("offset %ld", (long)offset);
    note_place("file", file);
    RUN(splice(p.in[0], NULL, added, NULL, 1, 0));
    RUN(splice(p.in[0], NULL, file, NULL, 100, 0));
    RUN(splice(p.in[0], NULL, file, NULL, 100, 0));
    RUN(splice(p.in[0], NULL, file, NULL, 100, SPLICE_F_NONBLOCK));
    close(p.in[1]);
    RUN(splice(p.in[0], NULL, file, NULL, 100, 0));
    p.in[1] = -1;
    close(file);
    close(added);
    note_file("a");
    close_pipes(&p);
}

static void between_pipes(void)
{
    struct pipes p = open_pipes(O_NONBLOCK);
    RUN(splice(p.in[0], NULL, p.out[1], NULL, 10, 0));
    write(p.in[1], "abcdef", 6);
    RUN(splice(p.in[0], NULL, p.out[1], NULL, 4, 0));
    note_bytes("there", p.out[0]);
    RUN(splice(p.in[0], NULL, p.out[1], NULL, 4, 0));
    note_bytes("there", p.out[0]);
    RUN(splice(p.in[0], NULL, p.in[1], NULL, 4, 0));
    RUN(tee(p.in[0], p.in[1], 4, 0));
    write(p.in[1], "abcdef", 6);
    RUN(tee(p.in[0], p.out[1], 4, 0));
    note_bytes("there", p.out[0]);
    RUN(tee(p.in[0], p.out[1], 100, SPLICE_F_NONBLOCK));
    note_bytes("there", p.out[0]);
    note_bytes("here", p.in[0]);
    RUN(tee(p.in[0], p.out[1], 100, 0));
    RUN(tee(p.in[0], p.out[1], 0, 0));
    close(p.in[1]);
    RUN(tee(p.in[0], p.out[1], 100, 0));
    RUN(splice(p.in[0], NULL, p.out[1], NULL, 100, 0));
    p.in[1] = -1;
    close_pipes(&p);
}

static void nobody_reads(void)
{
    struct pipes p = open_pipes(O_NONBLOCK);
    put_file("a", "0123456789");
    int file = open("a", O_RDONLY);
    write(p.in[1], "abcdef", 6);
    close(p.out[0]);
    RUN(splice(p.in[0], NULL, p.out[1], NULL, 4, 0));
    RUN(tee(p.in[0], p.out[1], 4, 0));
    RUN(splice(file, NULL, p.out[1], NULL, 4, 0));
    RUN(sendfile(p.out[1], file, NULL, 4));
    /* That an eventfd cannot be spliced is only seen behind that. */
    int event = eventfd(0, EFD_NONBLOCK);
    loff_t place = 0;
    RUN(splice(event, NULL, p.out[1], NULL, 4, 0));
    RUN(splice(event, &place, p.out[1], NULL, 4, 0));
    RUN(splice(event, NULL, p.in[1], NULL, 4, 0));
    close(event);
    note_place("file", file);
    note_bytes("still here", p.in[0]);
    p.out[0] = -1;
    close(file);
    close_pipes(&p);
}

static void with_local_sockets(void)
{
    struct pipes p = open_pipes(O_NONBLOCK);
    int pair[2];
    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair);
    write(p.in[1], "abcdef", 6);
    RUN(splice(p.in[0], NULL, pair[0], NULL, 4, 0));
    note_bytes("sent", pair[1]);
    RUN(splice(p.in[0], NULL, pair[0], NULL, 40, SPLICE_F_MORE));
    RUN(splice(pair[1], NULL, p.out[1], NULL, 40, 0));
    note_bytes("received", p.out[0]);
    RUN(splice(pair[1], NULL, p.out[1], NULL, 40, 0));
    write(pair[0], "abcdef", 6);
    RUN(splice(pair[1], NULL, p.out[1], NULL, 2, 0));
    note_bytes("a part", p.out[0]);
    note_bytes("the rest", pair[1]);
    shutdown(pair[0], SHUT_WR);
    RUN(splice(pair[1], NULL, p.out[1], NULL, 2, 0));
    write(p.in[1], "abcdef", 6);
    RUN(splice(p.in[0], NULL, pair[0], NULL, 4, 0));
    close(pair[0]);
    RUN(splice(p.in[0], NULL, pair[1], NULL, 4, 0));
    note_bytes("not lost", p.in[0]);
    close(pair[1]);
    close_pipes(&p);
}

static void with_tcp(void)
{
    struct pipes p = open_pipes(O_NONBLOCK);
    struct link link = link_up();
    write(p.in[1], "abcdef", 6);
    RUN(splice(p.in[0], NULL, link.client, NULL, 4, 0));
    settle();
    RUN(splice(link.server, NULL, p.out[1], NULL, 100, 0));
    note_bytes("received", p.out[0]);
    RUN(splice(link.server, NULL, p.out[1], NULL, 100, 0));
    RUN(splice(link.server, NULL, p.out[1], NULL, 100, SPLICE_F_NONBLOCK));
    RUN(splice(link.listener, NULL, p.out[1], NULL, 100, SPLICE_F_NONBLOCK));
    close(link.client);
    link.client = -1;
    settle();
    RUN(splice(link.server, NULL, p.out[1], NULL, 100, 0));
    RUN(splice(p.in[0], NULL, link.server, NULL, 100, 0));
    settle();
    write(p.in[1], "abcdef", 6);
    RUN(splice(p.in[0], NULL, link.server, NULL, 100, 0));
    link_down(&link);
    close_pipes(&p);
}

static void refused(void)
{
    struct pipes p = open_pipes(O_NONBLOCK);
    int event = eventfd(1, EFD_NONBLOCK), ep = epoll_create1(0), pair[2];
    off64_t offset = 0;
    put_file("a", "0123456789");
    int file = open("a", O_RDWR), dir = open(".", O_RDONLY), writer = open("a", O_WRONLY);
    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair);
    write(p.in[1], "abcdefgh", 8);
    RUN(splice(file, NULL, file, NULL, 1, 0));
    RUN(splice(pair[0], NULL, file, NULL, 1, 0));
    RUN(splice(file, NULL, pair[0], NULL, 1, 0));
    RUN(splice(p.in[0], &offset, file, NULL, 1, 0));
    RUN(splice(file, NULL, p.in[1], &offset, 1, 0));
    RUN(splice(p.in[0], &offset, p.out[1], NULL, 1, 0));
    RUN(splice(p.in[0], NULL, pair[0], &offset, 1, 0));
    RUN(splice(pair[0], &offset, p.out[1], NULL, 1, 0));
    RUN(splice(p.in[1], NULL, file, NULL, 1, 0));
    RUN(splice(file, NULL, p.in[0], NULL, 1, 0));
    RUN(splice(writer, NULL, p.in[1], NULL, 1, 0));
    RUN(splice(-1, NULL, p.in[1], NULL, 1, 0));
    RUN(splice(p.in[0], NULL, -1, NULL, 1, 0));
    RUN(splice(-1, NULL, -1, NULL, 0, 0));
    RUN(splice(-1, NULL, -1, NULL, 1, 1000));
    RUN(splice(-1, NULL, -1, NULL, 0, 1000));
    RUN(splice(p.in[0], NULL, file, NULL, 1, SPLICE_F_GIFT));
    RUN(splice(dir, NULL, p.in[1], NULL, 1, 0));
    RUN(splice(event, NULL, p.out[1], NULL, 8, 0));
    RUN(splice(p.in[0], NULL, ep, NULL, 1, 0));
    RUN(splice(ep, NULL, p.out[1], NULL, 1, 0));
    RUN(tee(file, p.out[1], 1, 0));
    RUN(tee(p.in[0], file, 1, 0));
    RUN(tee(p.in[1], p.out[1], 1, 0));
    RUN(tee(p.in[0], p.out[0], 1, 0));
    RUN(tee(p.in[0], p.out[1], 1, 1000));
    RUN(tee(-1, p.out[1], 1, 0));
    close(event);
    close(ep);
    close(file);
    close(writer);
    close(dir);
    close(pair[0]);
    close(pair[1]);
    close_pipes(&p);
}

static void full(void)
{
    enum { PAGE = 4096, PAGES = 16 };
    static char page[PAGE];
    struct pipes p = open_pipes(O_NONBLOCK);
    put_file("a", "");
    int file = open("a", O_RDWR);
    RUN(ftruncate(file, 3 * PAGE));
    for (int i = 0; i < PAGES; i++)
        write(p.out[1], page, PAGE);
    RUN(splice(file, NULL, p.out[1], NULL, 10, SPLICE_F_NONBLOCK));
    RUN(splice(file, NULL, p.out[1], NULL, 10, 0));
    write(p.in[1], "abc", 3);
    RUN(splice(p.in[0], NULL, p.out[1], NULL, 3, 0));
    RUN(tee(p.in[0], p.out[1], 3, 0));
    RUN(read(p.out[0], page, PAGE));
    RUN(splice(file, NULL, p.out[1], NULL, 3 * PAGE, 0));
    note_place("file", file);
    RUN(read(p.out[0], page, PAGE));
    RUN(tee(p.in[0], p.out[1], 3, 0));
    RUN(splice(p.in[0], NULL, p.out[1], NULL, 3, 0));
    RUN(read(p.out[0], page, 10));
    note_epoll("writer", p.out[1]);
    close(file);
    close_pipes(&p);
}

static void *writes_later(void *arg)
{
    settle();
    write(((int *)arg)[1], "later", 5);
    return NULL;
}

static void waits(void)
{
    struct pipes p = open_pipes(0);
    put_file("a", "");
    int file = open("a", O_RDWR);
    pthread_t thread = on_thread(writes_later, p.in);
    RUN(splice(p.in[0], NULL, file, NULL, 100, 0));
    wait_for_thread(thread);
    note_file("a");
    thread = on_thread(writes_later, p.in);
    RUN(splice(p.in[0], NULL, p.out[1], NULL, 100, 0));
    wait_for_thread(thread);
    note_bytes("there", p.out[0]);
    thread = on_thread(writes_later, p.in);
    RUN(tee(p.in[0], p.out[1], 100, 0));
    wait_for_thread(thread);
    note_bytes("there", p.out[0]);
    RUN(splice(p.out[0], NULL, file, NULL, 100, SPLICE_F_NONBLOCK));
    close(file);
    close_pipes(&p);
}

static void sends_a_file(void)
{
    struct pipes p = open_pipes(O_NONBLOCK);
    int pair[2], datagrams[2], event = eventfd(0, EFD_NONBLOCK);
    off_t offset = 2;
    char text[16];
    put_file("a", "0123456789");
    put_file("b", "");
    int file = open("a", O_RDONLY), other = open("b", O_RDWR), added = open("b", O_RDWR | O_APPEND);
    int dir = open(".", O_RDONLY);
    struct link link = link_up();
    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair);
    socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, datagrams);
    RUN(sendfile(pair[0], file, NULL, 4));
    note_bytes("local", pair[1]);
    RUN(sendfile(link.client, file, &offset, 3));
    note("offset %ld", (long)offset);
    settle();
    note_bytes("tcp", link.server);
    RUN(sendfile(p.in[1], file, NULL, 2));
    note_bytes("pipe", p.in[0]);
    RUN(sendfile(other, file, NULL, 100));
    RUN(sendfile(other, file, NULL, 100));
    note_file("b");
    RUN(sendfile(datagrams[0], file, &offset, 3));
    RUN(recv(datagrams[1], text, sizeof text, 0));
    RUN(sendfile(added, file, &offset, 1));
    RUN(sendfile(pair[0], p.in[0], NULL, 1));
    RUN(sendfile(pair[0], p.in[0], &offset, 1));
    RUN(sendfile(pair[0], pair[1], NULL, 1));
    RUN(sendfile(pair[0], dir, NULL, 1));
    RUN(sendfile(pair[0], -1, NULL, 1));
    RUN(sendfile(-1, file, NULL, 1));
    RUN(sendfile(file, file, NULL, 1));
    RUN(sendfile(pair[0], file, NULL, 0));
    offset = -1;
    RUN(sendfile(pair[0], file, &offset, 1));
    offset = 0;
    RUN(sendfile(event, file, &offset, 8));
    close(pair[1]);
    RUN(sendfile(pair[0], file, &offset, 1));
    close(pair[0]);
    close(datagrams[0]);
    close(datagrams[1]);
    close(event);
    close(file);
    close(other);
    close(added);
    close(dir);
    link_down(&link);
    close_pipes(&p);
}

static void *reads_all(void *arg)
{
    static char buffer[65536];
    long total = 0;
    ssize_t size;
    while ((size = read(*(int *)arg, buffer, sizeof buffer)) > 0)
        total += size;
    note("%ld bytes came", total);
    return NULL;
}

/* More than any buffer holds. */
static void sends_a_large_file(void)
{
    enum { SIZE = 1000000 };
    int pair[2];
    put_file("a", "");
    int file = open("a", O_RDWR);
    ftruncate(file, SIZE);
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    pthread_t thread = on_thread(reads_all, &pair[1]);
    RUN(sendfile(pair[0], file, NULL, 2 * SIZE));
    note_place("file", file);
    close(pair[0]);
    wait_for_thread(thread);
    close(pair[1]);
    close(file);
}

static void by_number(void)
{
    struct pipes p = open_pipes(O_NONBLOCK);
    write(p.in[1], "abcdef", 6);
    RUN(syscall(SYS_tee, p.in[0], p.out[1], 2, 0));
    RUN(syscall(SYS_splice, p.in[0], NULL, p.out[1], NULL, 4, 0));
    note_bytes("there", p.out[0]);
    close_pipes(&p);
}

#define CASE(name) static void name##_there(void) { enter_folder(); name(); leave_folder(); }
#define ALL(X) \
    X(from_a_file) X(to_a_file) X(between_pipes) X(nobody_reads) X(with_local_sockets) \
    X(with_tcp) X(refused) X(full) X(waits) X(sends_a_file) X(sends_a_large_file) X(by_number)
ALL(CASE)
#define ROW(name) { "splice/" #name, name##_there },
const struct conformance_case splice_cases[] = { ALL(ROW) { NULL, NULL } };
