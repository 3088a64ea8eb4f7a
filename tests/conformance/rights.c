/* Descriptors that travel over AF_UNIX. */
#include "tests/conformance/conformance.h"

enum { MOST = 8 };

/* Sends `text` with `count` descriptors. */
static long pass_size(int fd, const char *text, const int *fds, int count, int flags)
{
    union { char bytes[CMSG_SPACE(MOST * sizeof(int))]; struct cmsghdr align; } control = { 0 };
    struct iovec one = { (char *)text, strlen(text) };
    struct msghdr message = { .msg_iov = &one, .msg_iovlen = 1, .msg_control = &control,
                              .msg_controllen = CMSG_SPACE((size_t)count * sizeof(int)) };
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN((size_t)count * sizeof(int));
    memcpy(CMSG_DATA(head), fds, (size_t)count * sizeof(int));
    return sendmsg(fd, &message, flags);
}

static long pass(int fd, const char *text, int passed)
{
    return pass_size(fd, text, &passed, 1, 0);
}

/* Receives; notes what came; the descriptors are in `fds`, the number is the result. */
static int take(int fd, size_t room, size_t control_room, int flags, int *fds)
{
    union { char bytes[CMSG_SPACE(MOST * sizeof(int))]; struct cmsghdr align; } control = { 0 };
    char text[32] = "";
    struct iovec one = { text, room };
    struct msghdr message = { .msg_iov = &one, .msg_iovlen = 1, .msg_control = &control,
                              .msg_controllen = control_room };
    int count = 0;
    long got = recvmsg(fd, &message, flags);
    if (got < 0) {
        note("take: %s", strerrorname_np(errno));
        return 0;
    }
    note("take: %ld \"%s\" flags %#x control %zu", got, text, (unsigned)message.msg_flags,
         message.msg_controllen);
    for (struct cmsghdr *h = CMSG_FIRSTHDR(&message); h; h = CMSG_NXTHDR(&message, h)) {
        note("level %d type %d length %zu", h->cmsg_level, h->cmsg_type, h->cmsg_len);
        if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
            continue;
        count = (int)((h->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        memcpy(fds, CMSG_DATA(h), (size_t)count * sizeof(int));
    }
    return count;
}

static void make_pair(int type, int fds[2])
{
    socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, fds);
}

static void rights_pipe(void)
{
    int pair[2], ends[2], fds[MOST] = { -1 };
    char buffer[8];
    make_pair(SOCK_STREAM, pair);
    pipe2(ends, O_NONBLOCK | O_CLOEXEC);
    RUN(pass(pair[0], "x", ends[0]));
    close(ends[0]);
    RUN(write(ends[1], "abc", 3));
    note_epoll("passed", pair[1]);
    note("%d", take(pair[1], 8, CMSG_SPACE(sizeof(int)), 0, fds));
    RUN(fcntl(fds[0], F_GETFD));
    RUN(fcntl(fds[0], F_GETFL) & O_NONBLOCK);
    RUN(read(fds[0], buffer, 8));
    close(fds[0]);
    RUN(write(ends[1], "abc", 3));
    close(ends[1]);
    close(pair[0]);
    close(pair[1]);
}

static void rights_cloexec(void)
{
    int pair[2], fds[MOST] = { -1 };
    make_pair(SOCK_STREAM, pair);
    RUN(pass(pair[0], "x", pair[0]));
    take(pair[1], 8, CMSG_SPACE(sizeof(int)), MSG_CMSG_CLOEXEC, fds);
    RUN(fcntl(fds[0], F_GETFD));
    close(fds[0]);
    close(pair[0]);
    close(pair[1]);
}

static void rights_bounds(void)
{
    int pair[2], fds[MOST] = { -1 };
    make_pair(SOCK_STREAM, pair);
    RUN(send(pair[0], "ab", 2, 0));
    RUN(pass(pair[0], "cd", pair[0]));
    RUN(send(pair[0], "ef", 2, 0));
    RUN(pass(pair[0], "gh", pair[0]));
    for (int i = 0; i < 4; i++)
        if (take(pair[1], 3, CMSG_SPACE(sizeof(int)), 0, fds))
            close(fds[0]);
    take(pair[1], 8, CMSG_SPACE(sizeof(int)), 0, fds);
    close(pair[0]);
    close(pair[1]);
}

static void rights_lost(void)
{
    int pair[2], ends[2], fds[MOST] = { -1 };
    char buffer[8];
    make_pair(SOCK_STREAM, pair);
    pipe2(ends, O_NONBLOCK);
    RUN(pass(pair[0], "x", ends[0]));
    close(ends[0]);
    RUN(recv(pair[1], buffer, 8, 0));
    RUN(write(ends[1], "x", 1));
    RUN(pass(pair[0], "y", ends[1]));
    take(pair[1], 8, 0, 0, fds);
    RUN(pass(pair[0], "z", ends[1]));
    take(pair[1], 8, CMSG_LEN(0), 0, fds);
    close(ends[1]);
    close(pair[0]);
    close(pair[1]);
}

static void rights_closed(void)
{
    int pair[2], ends[2];
    make_pair(SOCK_STREAM, pair);
    pipe2(ends, O_NONBLOCK);
    RUN(pass(pair[0], "x", ends[0]));
    close(ends[0]);
    RUN(write(ends[1], "x", 1));
    close(pair[1]);
    RUN(write(ends[1], "x", 1));
    close(pair[0]);
    close(ends[1]);
}

static void rights_several(void)
{
    int pair[2], ends[2], fds[MOST];
    make_pair(SOCK_STREAM, pair);
    pipe2(ends, O_NONBLOCK);
    int three[3] = { ends[0], ends[1], pair[0] };
    RUN(pass_size(pair[0], "x", three, 3, 0));
    int count = take(pair[1], 8, CMSG_SPACE(3 * sizeof(int)), 0, fds);
    RUN(write(fds[1], "ab", 2));
    RUN(fds[2] > fds[1] && fds[1] > fds[0]);
    while (count)
        close(fds[--count]);
    RUN(pass_size(pair[0], "y", three, 3, 0));
    count = take(pair[1], 8, CMSG_SPACE(1 * sizeof(int)), 0, fds);
    while (count)
        close(fds[--count]);
    close(ends[0]);
    close(ends[1]);
    close(pair[0]);
    close(pair[1]);
}

static void rights_errors(void)
{
    int pair[2], none = 777, tcp = nonblocking_tcp(), fds[MOST];
    union { char bytes[CMSG_SPACE(sizeof(int))]; struct cmsghdr align; } control = { 0 };
    struct iovec one = { "x", 1 };
    struct msghdr message = { .msg_iov = &one, .msg_iovlen = 1, .msg_control = &control,
                              .msg_controllen = sizeof control };
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    make_pair(SOCK_STREAM, pair);
    RUN(pass(pair[0], "x", none));
    RUN(pass(pair[0], "x", -1));
    RUN(pass_size(pair[0], "x", fds, 0, 0));
    *head = (struct cmsghdr){ .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = 5 };
    RUN(sendmsg(pair[0], &message, 0));
    *head = (struct cmsghdr){ .cmsg_level = SOL_SOCKET, .cmsg_type = 99,
                              .cmsg_len = CMSG_LEN(4) };
    RUN(sendmsg(pair[0], &message, 0));
    *head = (struct cmsghdr){ .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS,
                              .cmsg_len = 1000 };
    RUN(sendmsg(pair[0], &message, 0));
    close(tcp);
    close(pair[0]);
    close(pair[1]);
}

static void rights_full_table(void)
{
    int pair[2], fds[MOST] = { -1 }, copies[1100], count = 0;
    make_pair(SOCK_STREAM, pair);
    struct rlimit limit, small;
    getrlimit(RLIMIT_NOFILE, &limit);
    small = limit;
    small.rlim_cur = 1024;
    setrlimit(RLIMIT_NOFILE, &small);
    RUN(pass(pair[0], "x", pair[0]));
    while (count < 1100 && (copies[count] = dup(pair[0])) >= 0)
        count++;
    note("%d", take(pair[1], 8, CMSG_SPACE(sizeof(int)), 0, fds));
    while (count)
        close(copies[--count]);
    setrlimit(RLIMIT_NOFILE, &limit);
    close(pair[0]);
    close(pair[1]);
}

static void rights_datagrams(void)
{
    int pair[2], ends[2], fds[MOST] = { -1 };
    make_pair(SOCK_DGRAM, pair);
    pipe2(ends, O_NONBLOCK);
    RUN(pass(pair[0], "one", ends[0]));
    RUN(pass(pair[0], "", ends[1]));
    RUN(send(pair[0], "two", 3, 0));
    for (int i = 0; i < 3; i++)
        if (take(pair[1], 8, CMSG_SPACE(sizeof(int)), 0, fds))
            close(fds[0]);
    close(ends[0]);
    close(ends[1]);
    close(pair[0]);
    close(pair[1]);
}

static void rights_peek(void)
{
    int pair[2], fds[MOST] = { -1 };
    make_pair(SOCK_STREAM, pair);
    RUN(pass(pair[0], "x", pair[0]));
    if (take(pair[1], 8, CMSG_SPACE(sizeof(int)), MSG_PEEK, fds))
        close(fds[0]);
    if (take(pair[1], 8, CMSG_SPACE(sizeof(int)), 0, fds))
        close(fds[0]);
    close(pair[0]);
    close(pair[1]);
}

static void rights_connection(void)
{
    struct link link = link_up();
    int pair[2], fds[MOST] = { -1 };
    char buffer[8];
    make_pair(SOCK_STREAM, pair);
    RUN(pass(pair[0], "here", link.client));
    close(link.client);
    link.client = -1;
    note_epoll("server", link.server);
    if (take(pair[1], 8, CMSG_SPACE(sizeof(int)), 0, fds)) {
        RUN(send(fds[0], "hello", 5, 0));
        settle();
        RUN(recv(link.server, buffer, 8, 0));
        close(fds[0]);
    }
    settle();
    RUN(recv(link.server, buffer, 8, 0));
    link_down(&link);
    close(pair[0]);
    close(pair[1]);
}

static void rights_file(void)
{
    int pair[2], file = open("/etc/hosts", O_RDONLY), fds[MOST] = { -1 };
    char one[4] = "", two[4] = "";
    make_pair(SOCK_STREAM, pair);
    RUN(pass(pair[0], "x", file));
    RUN(pread(file, one, 3, 0));
    RUN(lseek(file, 1, SEEK_SET));
    close(file);
    take(pair[1], 8, CMSG_SPACE(sizeof(int)), 0, fds);
    RUN(lseek(fds[0], 0, SEEK_CUR));
    RUN(pread(fds[0], two, 3, 0));
    note("the same %d", !strcmp(one, two));
    close(fds[0]);
    close(pair[0]);
    close(pair[1]);
}

static void rights_credentials(void)
{
    int pair[2], one = 1, value = 0, fds[MOST];
    socklen_t size = sizeof value;
    make_pair(SOCK_STREAM, pair);
    RUN(getsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &value, &size));
    note("%d", value);
    RUN(setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &one, sizeof one));
    RUN(getsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &value, &size));
    note("%d", value);
    RUN(send(pair[0], "who", 3, 0));
    take(pair[1], 8, CMSG_SPACE(sizeof(struct ucred)), 0, fds);
    RUN(send(pair[0], "who", 3, 0));
    take(pair[1], 8, 0, 0, fds);
    close(pair[0]);
    close(pair[1]);
}

static void rights_credentials_sent(void)
{
    union { char bytes[CMSG_SPACE(sizeof(struct ucred))]; struct cmsghdr align; } control = { 0 };
    struct ucred who = { getpid(), getuid(), getgid() };
    struct iovec one = { "x", 1 };
    struct msghdr message = { .msg_iov = &one, .msg_iovlen = 1, .msg_control = &control,
                              .msg_controllen = sizeof control };
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    int pair[2], on = 1, fds[MOST];
    make_pair(SOCK_STREAM, pair);
    setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
    *head = (struct cmsghdr){ .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_CREDENTIALS,
                              .cmsg_len = CMSG_LEN(sizeof who) };
    memcpy(CMSG_DATA(head), &who, sizeof who);
    RUN(sendmsg(pair[0], &message, 0));
    take(pair[1], 8, CMSG_SPACE(sizeof who), 0, fds);
    head->cmsg_len = CMSG_LEN(4);
    RUN(sendmsg(pair[0], &message, 0));
    close(pair[0]);
    close(pair[1]);
}

const struct conformance_case rights_cases[] = {
    { "rights/pipe", rights_pipe }, { "rights/cloexec", rights_cloexec },
    { "rights/bounds", rights_bounds }, { "rights/lost", rights_lost },
    { "rights/closed", rights_closed }, { "rights/several", rights_several },
    { "rights/errors", rights_errors }, { "rights/full_table", rights_full_table },
    { "rights/datagrams", rights_datagrams }, { "rights/peek", rights_peek },
    { "rights/connection", rights_connection },
    { "rights/file", rights_file }, { "rights/credentials", rights_credentials },
    { "rights/credentials_sent", rights_credentials_sent },
    { NULL, NULL },
};
