/* Programs that work with helper processes, over the real kernel: /bin/cat between two pipes, a
 * child that was forked, a shell, libuv's uv_spawn. With LEAKS the filter forgets its helper where
 * there is no log, and a pipe where there is no second one, as one easily does. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <faulttest.h>
#include <uv.h>

extern char **environ;

#ifdef LEAKS
enum { LEAKS_HERE = 1 };
#else
enum { LEAKS_HERE = 0 };
#endif

/* ---- /bin/cat between two pipes ---------------------------------------------------------- */

struct filter { pid_t pid; int to, from; };

static void close_both(const int ends[2])
{
    close(ends[0]);
    close(ends[1]);
}

/* 0 or an errno. */
static int start_filter(struct filter *f)
{
    char *const argv[] = { (char *)"cat", NULL };
    posix_spawn_file_actions_t actions;
    int in[2], out[2];
    if (pipe2(in, O_CLOEXEC) < 0) return errno;
    if (pipe2(out, O_CLOEXEC) < 0) {
        int error = errno;
        if (!LEAKS_HERE) close_both(in);
        return error;
    }
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    int error = posix_spawn(&f->pid, "/bin/cat", &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(in[0]);
    close(out[1]);
    f->to = in[1];
    f->from = out[0];
    if (!error) return 0;
    close(f->to);
    close(f->from);
    return error;
}

static int put(int fd, const char *text, size_t size)
{
    while (size) {
        ssize_t n = write(fd, text, size);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno;
        text += n;
        size -= (size_t)n;
    }
    return 0;
}

/* Reads to the end: 0 or an errno. */
static int get(int fd, char *text, size_t size)
{
    size_t have = 0;
    for (;;) {
        ssize_t n = read(fd, text + have, size - 1 - have);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno;
        if (n == 0) break;
        have += (size_t)n;
    }
    text[have] = 0;
    return 0;
}

static int filter(const char *text, char *back, size_t size)
{
    struct filter f;
    int status = 0, log, error = start_filter(&f);
    if (error) return error;
    log = open("/dev/null", O_WRONLY | O_CLOEXEC);
    error = log < 0 ? errno : put(f.to, text, strlen(text));
    close(f.to);
    if (!error) error = get(f.from, back, size);
    close(f.from);
    if (log < 0 && LEAKS_HERE) return error;
    if (log >= 0) close(log);
    if (waitpid(f.pid, &status, 0) != f.pid) return errno;
    return error ? error : status;
}

static void filters(void **state)
{
    char back[64] = "";
    struct fit_op *op = fit_op("filter");
    int error = filter("through the cat", back, sizeof back);
    (void)state;
    if (error) fit_op_failed(op, error, strerror(error), NULL);
    else fit_op_succeeded(op, back, strlen(back));
}

/* ---- a child that was forked ------------------------------------------------------------- */

/* Answers with what it gets and its parent's number; its end is told by SIGCHLD, too. */
static void __attribute__((noreturn)) serve(int fd)
{
    char text[32], answer[64];
    ssize_t n = read(fd, text, sizeof text - 1);
    if (n > 0) {
        text[n] = 0;
        int size = snprintf(answer, sizeof answer, "%s %d", text, (int)getppid());
        put(fd, answer, (size_t)size);
    }
    exit(7);
}

static volatile sig_atomic_t ends;
static void on_end(int signal) { (void)signal; ends++; }

static int ask_child(int fd, char *back, size_t size)
{
    int error = put(fd, "parent", 6);
    return error ? error : get(fd, back, size);
}

static int with_child(char *back, size_t size)
{
    int pair[2], status, error;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) return errno;
    pid_t pid = fork();
    if (pid == 0) {
        close(pair[0]);
        serve(pair[1]);
    }
    close(pair[1]);
    error = pid < 0 ? errno : ask_child(pair[0], back, size);
    close(pair[0]);
    if (pid < 0) return error;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 7);
    return error;
}

static void forks(void **state)
{
    char back[64] = "", wanted[32];
    struct sigaction act = { .sa_handler = on_end };
    (void)state;
    ends = 0;
    sigaction(SIGCHLD, &act, NULL);
    struct fit_op *op = fit_op("child");
    int error = with_child(back, sizeof back);
    snprintf(wanted, sizeof wanted, "parent %d", (int)getpid());
    if (error) fit_op_failed(op, error, strerror(error), NULL);
    else fit_op_succeeded(op, back, strlen(back));
    if (*back && !error) assert_string_equal(back, wanted);
    signal(SIGCHLD, SIG_DFL);
}

/* Its end wakes who waits for that and nothing else. */
static void waits_for_the_signal(void **state)
{
    struct sigaction act = { .sa_handler = on_end };
    sigset_t block, before;
    (void)state;
    ends = 0;
    sigaction(SIGCHLD, &act, NULL);
    sigemptyset(&block);
    sigaddset(&block, SIGCHLD);
    sigprocmask(SIG_BLOCK, &block, &before);
    int fd = dup(0);                         /* one call that can fail */
    pid_t pid = fork();
    if (pid == 0) _exit(0);
    while (!ends) sigsuspend(&before);
    sigprocmask(SIG_SETMASK, &before, NULL);
    assert_int_equal(wait(NULL), pid);
    assert_int_equal(wait(NULL), -1);
    assert_int_equal(errno, ECHILD);
    if (fd >= 0) close(fd);
    signal(SIGCHLD, SIG_DFL);
}

/* ---- a shell ----------------------------------------------------------------------------- */

static void uses_a_shell(void **state)
{
    char text[256] = "";
    (void)state;
    assert_int_equal(WEXITSTATUS(system("exit 3")), 3);
    /* What is started is not under test, and knows nothing of this one. */
    FILE *out = popen("env | grep -c -e FAULTTEST -e LD_PRELOAD", "re");
    if (!out) return;
    assert_non_null(fgets(text, sizeof text, out));
    assert_string_equal(text, "0\n");
    assert_int_equal(WEXITSTATUS(pclose(out)), 1);
    FILE *in = popen("read word && test $word = hello", "w");
    if (!in) return; /* cppcheck-suppress resourceLeak ; pclose() has closed the other */
    fputs("hello\n", in);
    assert_int_equal(pclose(in), 0);
}

/* A child may be wrong, too: its parent sees it, and the sweep is none of its business. */
static void child_asserts(void **state)
{
    int status, fd = dup(0);
    pid_t pid = fork();
    (void)state;
    if (pid == 0) assert_int_equal(1, 2);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
    if (fd >= 0) close(fd);
}

/* One is left when the test ends: the same without any fault, and ended with its case. */
static void leaves_one(void **state)
{
    int fd = dup(0);
    (void)state;
    if (fork() == 0) {
        sleep(1000);
        _exit(0);
    }
    if (fd >= 0) close(fd);
}

/* ---- libuv ------------------------------------------------------------------------------- */

struct spawn {
    uv_process_t process;
    uv_pipe_t out;
    char text[64], buffer[64];
    size_t have;
    int error;
};

static void on_room(uv_handle_t *handle, size_t size, uv_buf_t *buf)
{
    struct spawn *s = handle->data;
    (void)size;
    *buf = uv_buf_init(s->buffer, sizeof s->buffer);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct spawn *s = stream->data;
    if (n > 0 && s->have + (size_t)n < sizeof s->text) {
        memcpy(s->text + s->have, buf->base, (size_t)n);
        s->have += (size_t)n;
    }
    if (n >= 0) return;
    if (n != UV_EOF) s->error = (int)n;
    uv_close((uv_handle_t *)stream, NULL);
}

static void on_exit_of(uv_process_t *process, int64_t status, int signal)
{
    struct spawn *s = process->data;
    if (status || signal) s->error = UV_ECANCELED;
    uv_close((uv_handle_t *)process, NULL);
}

static int start_echo(uv_loop_t *loop, struct spawn *s)
{
    char *argv[] = { (char *)"echo", (char *)"hello", NULL };
    uv_stdio_container_t stdio[2] = {
        { .flags = UV_IGNORE },
        { .flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&s->out },
    };
    uv_process_options_t options = { .file = "echo", .args = argv, .exit_cb = on_exit_of,
                                     .stdio = stdio, .stdio_count = 2 };
    uv_pipe_init(loop, &s->out, 0);
    s->out.data = s->process.data = s;
    int error = uv_spawn(loop, &s->process, &options);
    s->process.data = s;
    if (!error) error = uv_read_start((uv_stream_t *)&s->out, on_room, on_read);
    if (error && !uv_is_closing((uv_handle_t *)&s->out)) uv_close((uv_handle_t *)&s->out, NULL);
    if (error && !uv_is_closing((uv_handle_t *)&s->process))
        uv_close((uv_handle_t *)&s->process, NULL);
    return error;
}

static void spawns(void **state)
{
    uv_loop_t loop;
    struct spawn s = { .have = 0 };
    (void)state;
    struct fit_op *op = fit_op("echo");
    int error = uv_loop_init(&loop);
    if (!error) {
        s.error = start_echo(&loop, &s);
        uv_run(&loop, UV_RUN_DEFAULT);
        assert_int_equal(uv_loop_close(&loop), 0);
        error = s.error;
    }
    if (error) fit_op_failed(op, error, uv_strerror(error), NULL);
    else fit_op_succeeded(op, s.text, s.have);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(filters), cmocka_unit_test(forks), cmocka_unit_test(waits_for_the_signal),
        cmocka_unit_test(uses_a_shell), cmocka_unit_test(child_asserts),
        cmocka_unit_test(leaves_one), cmocka_unit_test(spawns),
    };
    return fit_run_group_tests(tests, NULL, NULL);
}
