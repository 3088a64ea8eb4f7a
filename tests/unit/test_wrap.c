/* The libc boundary: what passes through, what is simulated, and what the trace says. */
#include "tests/unit/wrap_world.h"

/* ---- without a world ------------------------------------------------------------------- */

static void passes_through(void **state)
{
    int fds[2], ep;
    char buffer[16];
    struct epoll_event event = { .events = EPOLLIN }, got;
    (void)state;
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(write(fds[1], "abc", 3), 3);
    assert_true((ep = epoll_create1(EPOLL_CLOEXEC)) >= 0);
    assert_int_equal(epoll_ctl(ep, EPOLL_CTL_ADD, fds[0], &event), 0);
    assert_int_equal(epoll_wait(ep, &got, 1, 1000), 1);
    assert_int_equal(read(fds[0], buffer, sizeof buffer), 3);
    assert_memory_equal(buffer, "abc", 3);
    assert_int_equal(syscall(SYS_close, fds[0]), 0);
    assert_int_equal(close(fds[0]), -1);
    assert_int_equal(errno, EBADF);
    assert_int_equal(close(fds[1]) | close(ep), 0);
    assert_int_equal(k.closes + k.reads + k.writes + asked + line_count, 0);
}

static void files_and_streams_pass_through(void **state)
{
    char line[8];
    struct timespec before, after, pause = { 0, 1000000 };
    (void)state;
    FILE *file = fopen("/proc/self/stat", "r");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof line, file));
    assert_int_equal(fclose(file), 0);
    int fd = open("/dev/zero", O_RDONLY);
    assert_int_equal(pread(fd, line, 4, 0), 4);
    assert_int_equal(close(fd), 0);
    clock_gettime(CLOCK_MONOTONIC, &before);
    assert_int_equal(nanosleep(&pause, NULL), 0);
    clock_gettime(CLOCK_MONOTONIC, &after);
    assert_true((after.tv_sec - before.tv_sec) * 1000000000 + after.tv_nsec - before.tv_nsec
                >= 1000000);
    assert_int_equal(getpid(), (pid_t)fit__raw(SYS_getpid));
    pid_t child = fork();
    if (child == 0) _exit(3);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(WEXITSTATUS(status), 3);
}

static void our_own_code_passes(void **state)
{
    (void)state;
    int fds[2];
    fit__active = true;
    fit__enter();
    int made = pipe(fds), closed = close(fds[0]) | close(fds[1]);
    fit__leave();
    fit__active = false;
    assert_int_equal(made | closed, 0);
    assert_int_equal(k.closes, 0);
}

/* ---- dispatch -------------------------------------------------------------------------- */

ssize_t __read_chk(int fd, void *buffer, size_t size, size_t room);
ssize_t __recv_chk(int fd, void *buffer, size_t size, size_t room, int flags);
int __close(int fd);

static void goes_to_the_kernel(void **state)
{
    char buffer[64];
    (void)state;
    assert_int_equal(IN_WORLD(read(FD, buffer, sizeof buffer)), READABLE);
    assert_int_equal(IN_WORLD(recv(FD, buffer, sizeof buffer, 0)), READABLE);
    assert_int_equal(IN_WORLD(__read_chk(FD, buffer, 4, sizeof buffer)), 4);
    assert_int_equal(IN_WORLD(__recv_chk(FD, buffer, 4, sizeof buffer, 0)), 4);
    assert_int_equal(IN_WORLD(write(FD, "abc", 3)), 3);
    assert_int_equal(IN_WORLD(syscall(SYS_read, FD, buffer, sizeof buffer)), READABLE);
    assert_int_equal(IN_WORLD(syscall(SYS_close, FD)), 0);
    assert_int_equal(IN_WORLD(__close(FD)), 0);
    assert_int_equal(k.reads, 3);
    assert_int_equal(k.messages, 2);
    assert_int_equal(k.closes, 2);
    assert_int_equal(fit__guard->inside, 0);
    assert_int_equal(IN_WORLD(getpid()), 4242);
}

static void bad_closes_are_told(void **state)
{
    (void)state;
    assert_int_equal(IN_WORLD(close(3)), -1);
    assert_int_equal(bad_closes, 1);
    assert_string_equal(bad_call, "close");
    assert_int_equal(IN_WORLD(syscall(SYS_close, -1)), -1);
    assert_int_equal(errno, EBADF);
    assert_string_equal(bad_call, "syscall");
    fit__guard->exempt = true;
    IN_WORLD(close(3));
    assert_int_equal(bad_closes, 2);
}

static void success_leaves_errno(void **state)
{
    char buffer[4];
    (void)state;
    fit__active = true;
    errno = ENOTTY;
    ssize_t got = read(FD, buffer, sizeof buffer);
    int left = errno;
    fit__active = false;
    assert_int_equal(got, 4);
    assert_int_equal(left, ENOTTY);
}

static void unknown_numbers_are_refused(void **state)
{
    (void)state;
    assert_int_equal(IN_WORLD(syscall(SYS_io_uring_setup, 1, NULL)), -1);
    assert_int_equal(errno, ENOSYS);
    if (!setjmp(out_of_it)) {
        fit__active = true;
        syscall(SYS_futex, NULL, 0, 0, NULL, NULL, 0);
    }
    fit__active = false;
    assert_string_equal(refused_name, "syscall(202)");
    fit__guard->inside = 0;
    if (!setjmp(out_of_it)) {
        fit__active = true;
        fork();
    }
    fit__active = false;
    assert_string_equal(refused_name, "fork");
}

static void the_end_is_told(void **state)
{
    (void)state;
    if (!setjmp(out_of_it)) {
        fit__active = true;
        abort();
    }
    fit__active = false;
    assert_string_equal(ended_how, "abort");
    fit__guard->inside = 0;
    if (!setjmp(out_of_it)) {
        fit__active = true;
        exit(1);
    }
    fit__active = false;
    assert_string_equal(ended_how, "exit");
}

/* The compiler believes to know that malloc looks at no variable. */
static __attribute__((noipa)) void activate(bool on)
{
    *(volatile bool *)&fit__active = on;
}

static void memory_is_told(void **state)
{
    (void)state;
    activate(true);
    void *volatile one = malloc(10), *volatile two = realloc(one, 5000);
    char *volatile text = strdup("from inside libc");
    free(two);
    free(text);
    activate(false);
    assert_int_equal(allocations, 3);
    assert_int_equal(releases, 3);
    void *aligned = NULL;
    assert_int_equal(posix_memalign(&aligned, 3, 10), EINVAL);
    assert_int_equal(posix_memalign(&aligned, 64, 10), 0);
    assert_int_equal((uintptr_t)aligned % 64, 0);
    free(aligned);
    assert_int_equal(allocations, 3);
}

/* ---- stdio and the trace --------------------------------------------------------------- */

static void a_file_is_a_descriptor(void **state)
{
    char line[32];
    (void)state;
    fit__active = true;
    FILE *file = fopen("/etc/hosts", "r");
    int fd = fileno(file);
    char *got = fgets(line, sizeof line, file);
    int closed = fclose(file);
    fit__active = false;
    assert_int_equal(fd, FD + 5);
    assert_non_null(got);
    assert_int_equal(closed, 0);
    assert_memory_equal(line, "01234567890123456789", 20);
    assert_int_equal(k.closes, 1);
}

/* The kernel takes eight bytes at a time. */
static void streams_write_all_of_it(void **state)
{
    (void)state;
    fit__active = true;
    FILE *file = fopen("/tmp/x", "w");
    int put = fputs("twenty bytes of text", file), closed = fclose(file);
    fit__active = false;
    assert_true(put >= 0);
    assert_int_equal(closed, 0);
    assert_int_equal(k.writes, 3);
}

static void streams_may_not_open(void **state)
{
    (void)state;
    wish_for(FIT_W_ERROR, EMFILE, FIT_U_ONCE);
    assert_null(IN_WORLD(fopen("/etc/hosts", "r")));
    assert_int_equal(errno, EMFILE);
}

static void lines_look_like_strace(void **state)
{
    char buffer[64], text[64];
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(80) };
    struct epoll_event event;
    (void)state;
    to.sin_addr.s_addr = htonl(0x0a000003);
    IN_WORLD(recv(FD, buffer, sizeof buffer, 0));
    assert_string_equal(lines[0], "recv(100, \"0123456789\", 64, 0) = 10");
    IN_WORLD(connect(FD, (struct sockaddr *)&to, sizeof to));
    assert_string_equal(lines[1], "connect(100, 10.0.0.3:80) = -1 EINPROGRESS");
    IN_WORLD(epoll_wait(EP, &event, 1, 5000));
    assert_string_equal(lines[2], "epoll_wait(101, timeout=5000) = 1 {7: IN}");
    IN_WORLD(send(FD, "GET / HTTP/1.1\r\nHost: origin.test\r\n", 35, MSG_NOSIGNAL));
    assert_string_equal(lines[3], "send(100, \"GET / HTTP/1.1\\r\\nHost: origin.tes\"..., 35, "
                                  "MSG_NOSIGNAL) = 8");
    IN_WORLD(syscall(SYS_close, FD));
    assert_string_equal(lines[4], "close(100) = 0");
    assert_string_equal(fit__quote(text, sizeof text, "a\0001\377\"", 5), "\"a\\0001\\377\\\"\"");
    assert_string_equal(fit__quote(text, 12, "abcdefghijklmnop", 16), "\"abcdef\"...");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(passes_through), TEST(files_and_streams_pass_through), TEST(our_own_code_passes),
        TEST(goes_to_the_kernel), TEST(bad_closes_are_told), TEST(success_leaves_errno),
        TEST(unknown_numbers_are_refused), TEST(the_end_is_told), TEST(memory_is_told),
        TEST(a_file_is_a_descriptor), TEST(streams_write_all_of_it),
        TEST(streams_may_not_open), TEST(lines_look_like_strace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
