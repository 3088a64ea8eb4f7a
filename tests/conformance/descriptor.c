/* Numbers, duplicates, flags, limits, files. */
#include <sys/stat.h>

#include "tests/conformance/conformance.h"

static void lowest_number(void)
{
    int a = eventfd(0, 0), b = eventfd(0, 0), c = eventfd(0, 0);
    note("in order %d %d", b - a, c - b);
    close(b);
    int again = nonblocking_tcp();
    note("the gap %d", again - a);
    note("the next %d", dup(a) - c);
    note("from ten %d", fcntl(a, F_DUPFD, 50));
    close(50);
    close(c + 1);
    close(a);
    close(again);
    close(c);
}

static void duplicates_share(void)
{
    int fds[2];
    char byte;
    pipe(fds);
    int copy = dup(fds[0]);
    set_nonblocking(copy, true);
    note("shared %d", !!(fcntl(fds[0], F_GETFL) & O_NONBLOCK));
    fcntl(copy, F_SETFD, FD_CLOEXEC);
    note("not shared %d %d", fcntl(copy, F_GETFD), fcntl(fds[0], F_GETFD));
    write(fds[1], "x", 1);
    close(fds[0]);
    RUN(read(copy, &byte, 1));
    close(copy);
    RUN(write(fds[1], "x", 1));
    close(fds[1]);
}

static void dup2_and_dup3(void)
{
    int fds[2];
    char byte;
    pipe2(fds, O_NONBLOCK | O_CLOEXEC);
    note("dup2 %d", dup2(fds[0], 60));
    note("same %d", dup2(60, 60));
    note("cloexec %d", fcntl(60, F_GETFD));
    RUN(dup3(60, 60, 0));
    RUN(dup3(fds[0], 61, O_CLOEXEC));
    note("cloexec %d", fcntl(61, F_GETFD));
    RUN(dup3(fds[0], 61, O_NONBLOCK));
    RUN(dup2(999, 61));
    RUN(dup2(fds[0], -1));
    RUN(dup2(fds[0], 100000000));
    RUN(dup2(fds[1], 60));
    RUN(write(60, "x", 1));
    RUN(read(61, &byte, 1));
    close(60);
    close(61);
    close(fds[0]);
    close(fds[1]);
}

static void closing(void)
{
    int fd = eventfd(0, 0);
    RUN(close(fd));
    RUN(close(fd));
    RUN(close(-1));
    RUN(close(999));
    RUN(dup(fd));
    RUN(fcntl(fd, F_GETFL));
    RUN(fcntl(fd, F_DUPFD, 0));
    RUN(ioctl(fd, FIONBIO, &fd));
    RUN(shutdown(fd, SHUT_RD));
    RUN(listen(fd, 1));
}

static void not_a_socket(void)
{
    struct sockaddr_in in = { .sin_family = AF_INET };
    socklen_t size = sizeof in;
    int fd = eventfd(0, 0), value;
    RUN(listen(fd, 1));
    RUN(bind(fd, (struct sockaddr *)&in, size));
    RUN(connect(fd, (struct sockaddr *)&in, size));
    RUN(accept(fd, NULL, NULL));
    RUN(getsockname(fd, (struct sockaddr *)&in, &size));
    RUN(getsockopt(fd, SOL_SOCKET, SO_ERROR, &value, &size));
    RUN(send(fd, &value, 4, 0));
    RUN(recv(fd, &value, 4, 0));
    RUN(timerfd_gettime(fd, (struct itimerspec *)&in));
    close(fd);
}

static void status_flags(void)
{
    int fds[2], on = 1, fd = nonblocking_tcp(), other = socket(AF_INET, SOCK_STREAM, 0);
    pipe(fds);
    note("socket %x %x", (unsigned)fcntl(fd, F_GETFL), (unsigned)fcntl(other, F_GETFL));
    note("pipe %x %x", (unsigned)fcntl(fds[0], F_GETFL), (unsigned)fcntl(fds[1], F_GETFL));
    RUN(ioctl(other, FIONBIO, &on));
    note("%x", (unsigned)fcntl(other, F_GETFL));
    on = 0;
    RUN(ioctl(other, FIONBIO, &on));
    note("%x", (unsigned)fcntl(other, F_GETFL));
    RUN(ioctl(other, FIOCLEX));
    note("%d", fcntl(other, F_GETFD));
    RUN(ioctl(other, FIONCLEX));
    note("%d", fcntl(other, F_GETFD));
    RUN(fcntl(other, 9999, 0));
    close(fd);
    close(other);
    close(fds[0]);
    close(fds[1]);
}

/* Uses up the table down to nothing; closes everything again. */
static void table_full(void)
{
    struct rlimit limit, low = { .rlim_cur = 1024 };
    static int fds[1100];
    int count = 0, pair[2];
    getrlimit(RLIMIT_NOFILE, &limit);
    low.rlim_max = limit.rlim_max;
    note("lowered %d", setrlimit(RLIMIT_NOFILE, &low));
    struct link link = link_up();
    int waiting = nonblocking_tcp();
    connect(waiting, (struct sockaddr *)&link.address, sizeof link.address);
    settle();
    while (count < 1100 && (fds[count] = eventfd(0, 0)) >= 0)
        count++;
    note("full: %s", strerrorname_np(errno));
    RUN(socket(AF_INET, SOCK_STREAM, 0));
    RUN(accept(link.listener, NULL, NULL));
    RUN(dup(link.client));
    RUN(fcntl(link.client, F_DUPFD, 10));
    RUN(open("/etc/passwd", O_RDONLY));
    RUN(epoll_create1(0));
    RUN(timerfd_create(CLOCK_MONOTONIC, 0));
    close(fds[--count]);
    RUN(pipe(pair));
    RUN(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    int fd = accept(link.listener, NULL, NULL);
    note("accepted %d, the number just freed %d", fd >= 0, fd == fds[count]);
    close(fd);
    while (count)
        close(fds[--count]);
    close(waiting);
    link_down(&link);
    note("restored %d", setrlimit(RLIMIT_NOFILE, &limit));
}

static void reading_files(void)
{
    char a[16] = "", b[16] = "";
    struct stat st;
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    note("%d", fd >= 0);
    RUN(read(fd, a, 4));
    note("%.3s", a + 1);
    int copy = dup(fd);
    RUN(lseek(copy, 0, SEEK_CUR));
    RUN(pread(copy, b, 4, 0));
    note("%.3s", b + 1);
    RUN(lseek(fd, 0, SEEK_CUR));
    RUN(lseek(fd, 2, SEEK_SET));
    RUN(read(copy, b, 2));
    note("%.2s", b);
    RUN(fstat(copy, &st));
    note("regular %d, end %d", S_ISREG(st.st_mode), lseek(fd, 0, SEEK_END) == st.st_size);
    RUN(read(fd, a, 4));
    RUN(lseek(fd, -1, SEEK_SET));
    RUN(lseek(fd, 0, 99));
    RUN(write(fd, a, 1));
    close(fd);
    RUN(lseek(copy, -4, SEEK_CUR) > 0);
    close(copy);
}

static void special_files(void)
{
    char buffer[8];
    int null = open("/dev/null", O_RDWR), random = open("/dev/urandom", O_RDONLY),
        folder = open("/etc", O_RDONLY | O_DIRECTORY);
    RUN(read(null, buffer, 8));
    RUN(write(null, buffer, 8));
    RUN(read(random, buffer, 8));
    RUN(read(folder, buffer, 8));
    RUN(open("/no/such/file", O_RDONLY));
    RUN(open("/etc/passwd", O_RDONLY | O_DIRECTORY));
    RUN(recv(null, buffer, 1, 0));
    close(null);
    close(random);
    close(folder);
}

static void kinds(void)
{
    int fds[2], fd = nonblocking_tcp(), event = eventfd(0, 0);
    struct stat st;
    pipe(fds);
    RUN(fstat(fd, &st));
    note("%o", st.st_mode & S_IFMT);
    RUN(fstat(fds[0], &st));
    note("%o", st.st_mode & S_IFMT);
    RUN(fstat(event, &st));
    note("%o", st.st_mode & S_IFMT);
    RUN(isatty(fd));
    note("%s", strerrorname_np(errno));
    RUN(lseek(fd, 0, SEEK_SET));
    RUN(pread(fd, &st, 1, 0));
    RUN(pwrite(fds[1], &st, 1, 0));
    close(fd);
    close(event);
    close(fds[0]);
    close(fds[1]);
}

static void making_sockets(void)
{
    RUN(socket(AF_INET, SOCK_STREAM, 99) >= 0);
    RUN(socket(AF_INET, 99, 0));
    RUN(socket(9999, SOCK_STREAM, 0));
    RUN(socket(AF_INET, SOCK_STREAM | 0x40, 0));
    RUN(socket(AF_INET, SOCK_SEQPACKET, 0));
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
    note("cloexec %d", fcntl(fd, F_GETFD));
    close(fd);
}

static void *read_then_note(void *arg)
{
    char byte;
    RUN(read(*(int *)arg, &byte, 1));
    return NULL;
}

static void close_while_reading(void)
{
    int fds[2];
    pipe(fds);
    int number = fds[0];
    pthread_t thread = on_thread(read_then_note, &number);
    usleep(50000);                       /* by now it reads, on a busy machine too */
    RUN(close(fds[0]));
    write(fds[1], "x", 1);
    wait_for_thread(thread);
    RUN(write(fds[1], "x", 1));
    close(fds[1]);
}

static void standard_streams(void)
{
    char text[16] = "";
    int fds[2], saved, error;
    struct stat st;
    pipe(fds);
    fflush(stdout);
    saved = dup(1);
    note("lowest %d", saved == fds[1] + 1);
    RUN(fstat(saved, &st));
    note("as the original %d", fcntl(saved, F_GETFL) == fcntl(1, F_GETFL));
    RUN(dup2(fds[1], 1));
    RUN(write(1, "caught", 6));
    printf(", printed");
    fflush(stdout);
    RUN(read(fds[0], text, 15));
    note("%s", text);
    RUN(dup2(saved, 1));
    RUN(fcntl(1, F_GETFD));
    RUN(close(saved));
    error = dup(2);
    RUN(close(2));
    RUN(write(2, "x", 1));
    RUN(dup2(error, 2));
    RUN(write(2, "", 0));
    close(error);
    set_nonblocking(fds[0], true);
    RUN(read(fds[0], text, 15));
    RUN(dup2(fds[1], 0));
    RUN(write(0, "y", 1));
    RUN(close(0));
    note("reused %d", dup(fds[0]));
    RUN(read(0, text, 15));
    close(0);
    note("null %d", open("/dev/null", O_RDONLY));
    close(fds[0]);
    close(fds[1]);
}

const struct conformance_case descriptor_cases[] = {
    { "fd/lowest", lowest_number }, { "fd/duplicates", duplicates_share },
    { "fd/dup2_dup3", dup2_and_dup3 }, { "fd/closing", closing },
    { "fd/not_a_socket", not_a_socket }, { "fd/status_flags", status_flags },
    { "fd/table_full", table_full }, { "fd/kinds", kinds }, { "fd/making", making_sockets },
    { "fd/standard_streams", standard_streams },
    { "fd/close_while_reading", close_while_reading }, { "file/reading", reading_files },
    { "file/special", special_files },
    { NULL, NULL },
};
