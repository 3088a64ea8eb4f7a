/* harness/command/session.c - one run of a test binary: orders go in, records come out. */
#include "harness/command/session.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness/command/debugger.h"
#include "harness/command/start.h"
#include "harness/command/takeover.h"

enum {
    TICK_MS = 100,
    CPU_MS = 2000, WALL_MS = 10000,                 /* of one case */
    MEMCHECK_FACTOR = 30, MEMCHECK_REAL_FACTOR = 3, /* of real time, most of it is waiting */
    SILENCE_MS = 120000,                            /* nothing came for so long: it is stuck */
    LAST_WORDS_MS = 5000,                           /* from `bye` to the end of the process */
    OUTPUT_MAX_BYTES = 16 << 20, OUTPUT_SHOWN_BYTES = 8192,
};

static volatile sig_atomic_t interrupted;
static long stop_at_ms;                             /* 0: never */
static bool stopped;

static void on_interrupt(int number)
{
    (void)number;
    interrupted = 1;
}

void fit__catch_interrupts(void)
{
    struct sigaction action = { .sa_handler = on_interrupt };
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

bool fit__interrupted(void)
{
    return interrupted;
}

void fit__stop(void)
{
    stopped = true;
}

bool fit__stopping(void)
{
    return interrupted || stopped || fit__time_is_up();
}

void fit__words_add(struct fit__words *words, const char *word)
{
    words->list = fit__grow(words->list, words->count, sizeof *words->list);
    words->list[words->count++] = fit__copy(word);
}

static long now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void fit__stop_after(double seconds)
{
    stop_at_ms = now_ms() + (long)(seconds * 1000);
}

void fit__time_was_enough(void)
{
    stop_at_ms = 0;
}

bool fit__time_is_up(void)
{
    return stop_at_ms && now_ms() >= stop_at_ms;
}

static void order(struct fit__text *text, const char *key, const char *value)
{
    fit__text_add(text, "%s ", key);
    for (; *value; value++) {
        if (*value == '\n' || *value == '\\')
            fit__text_bytes(text, "\\", 1);
        fit__text_bytes(text, *value == '\n' ? "n" : value, 1);
    }
    fit__text_bytes(text, "\n", 1);
}

/* What decides which cases there are. */
static void order_cases(struct fit__text *text, const struct fit__orders *orders)
{
    order(text, "job", orders->job);
    for (size_t i = 0; i < orders->tests.count; i++)
        order(text, "test", orders->tests.list[i]);
    for (size_t i = 0; i < orders->cases.count; i++)
        order(text, "case", orders->cases.list[i]);
    for (size_t i = 0; i < orders->peer_threads.count; i++)
        order(text, "peer-thread", orders->peer_threads.list[i]);
    if (orders->real)
        order(text, "world", "real");
    if (orders->modes)
        order(text, "modes", orders->modes);
    if (orders->memory)
        order(text, "memory", orders->memory);
    if (orders->extended)
        order(text, "extended", "1");
    if (orders->setup)
        order(text, "setup", "1");
    if (orders->budget)
        fit__text_add(text, "budget %u\n", orders->budget);
    if (orders->pairs)
        fit__text_add(text, "pairs %u\n", orders->pairs);
    if (orders->fill)
        order(text, "fill", "1");
    if (orders->seed)
        fit__text_add(text, "seed %u\n", orders->seed);
    if (orders->pairs_given)
        order(text, "given", "pairs");
    if (orders->random_given)
        order(text, "given", "random");
    if (orders->seed_given)
        order(text, "given", "seed");
}

char *fit__orders_identity(const struct fit__orders *orders)
{
    struct fit__text text = { 0 };
    order_cases(&text, orders);
    if (orders->random_later)
        fit__text_add(&text, "random %u\n", orders->random_later);
    return text.data;
}

static void order_limits(struct fit__text *text, const struct fit__orders *orders)
{
    int factor = orders->memcheck ? MEMCHECK_FACTOR : 1;
    int wall_factor = orders->memcheck && orders->real ? MEMCHECK_REAL_FACTOR : factor;
    double ms = orders->case_seconds * 1000;
    if (ms > 0)
        order(text, "given", "case-time");
    fit__text_add(text, "cpu_ms %.0f\nwall_ms %.0f\n", (ms > 0 ? ms : CPU_MS) * factor,
                  (ms > 0 ? ms : WALL_MS) * wall_factor);
}

/* The orders as text; the caller frees it. */
static char *orders_text(const struct fit__orders *orders, const char *log_folder)
{
    struct fit__text text = { 0 };
    fit__text_add(&text, "version %d\nresults %d\n", FIT_PROTOCOL_VERSION, FIT_RESULTS_FD);
    order_cases(&text, orders);
    for (size_t i = 0; i < orders->done.count; i++)
        order(&text, "done", orders->done.list[i]);
    for (size_t i = 0; i < orders->dead.count; i++)
        order(&text, "dead", orders->dead.list[i]);
    if (orders->random)
        fit__text_add(&text, "random %u\nfrom %u\nown %d\n", orders->random, orders->from,
                      orders->own_random);
    if (orders->shards)
        fit__text_add(&text, "shard %u/%u\n", orders->shard, orders->shards);
    fit__text_add(&text, "jobs %u\nmemcheck %d\nleakcheck %d\ntrace %d\n", orders->jobs,
                  orders->memcheck, orders->memcheck, orders->trace);
    order_limits(&text, orders);
    if (orders->debugger)
        order(&text, "debugger", "1");
    if (orders->memcheck)
        order(&text, "logs", log_folder);
    if (orders->coverage)
        order(&text, "coverage", orders->coverage);
    fit__text_add(&text, "\n");
    return text.data;
}

static int write_all(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t written = write(fd, bytes, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -errno;
        bytes += written;
        size -= (size_t)written;
    }
    return 0;
}

static int control_file(const struct fit__orders *orders, const char *log_folder)
{
    int fd = memfd_create("faulttest-orders", MFD_CLOEXEC);
    if (fd < 0)
        return -errno;
    char *text = orders_text(orders, log_folder);
    int error = write_all(fd, text, strlen(text));
    free(text);
    if (error == 0 && lseek(fd, 0, SEEK_SET) != 0)
        error = -errno;
    if (error) {
        close(fd);
        return error;
    }
    return fd;
}

/* A file without a name for what the binary prints; every writer appends. */
static int output_file(void)
{
    char name[] = "/tmp/faulttest-output-XXXXXX";
    int fd = mkostemp(name, O_APPEND | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    unlink(name);
    return fd;
}

static char *output_tail(int fd)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return fit__copy("");
    off_t from = status.st_size > OUTPUT_SHOWN_BYTES ? status.st_size - OUTPUT_SHOWN_BYTES : 0;
    char *bytes = fit__get(OUTPUT_SHOWN_BYTES + 1);
    ssize_t size = pread(fd, bytes, OUTPUT_SHOWN_BYTES, from);
    bytes[size > 0 ? size : 0] = '\0';
    char *clean = fit__clean(bytes);
    free(bytes);
    return clean;
}

static void remove_folder(const char *folder)
{
    /* Only files that Memcheck named by process id lie in it. */
    char *command[] = { "rm", "-rf", "--", (char *)folder, NULL };
    pid_t child = fork();
    if (child == 0) {
        execvp(command[0], command);
        _exit(127);
    }
    if (child > 0)
        waitpid(child, NULL, 0);
}

struct running {
    struct fit__session *session;
    struct fit__stream stream;
    pid_t child;
    bool reaped, closed;
    int results, output;
    long heard_ms, bye_ms;
};

static void on_record(void *arg, struct fit__record *record)
{
    struct running *running = arg;
    const char *kind = fit__value(record, "kind");
    running->heard_ms = now_ms();
    if (strcmp(kind, "hello") == 0)
        running->session->hello = true;
    if (strcmp(kind, "bye") == 0 && !running->session->bye) {
        running->session->bye = true;
        running->bye_ms = running->heard_ms;
    }
    running->session->record(running->session->arg, record);
}

/* Reads what there is, at most one buffer full. False: nothing there now. */
static bool read_some(struct running *running)
{
    char bytes[65536];
    ssize_t size = read(running->results, bytes, sizeof bytes);
    if (size > 0)
        fit__stream_bytes(&running->stream, bytes, (size_t)size);
    else if (size == 0 || (errno != EAGAIN && errno != EINTR))
        running->closed = true;
    return size > 0;
}

static void kill_group(struct running *running)
{
    kill(-running->child, SIGKILL);
}

/* Housekeeping beside reading. True: it is over. */
static bool over(struct running *running)
{
    struct fit__session *session = running->session;
    struct stat status;
    long now = now_ms(), silence = SILENCE_MS * (session->orders->memcheck ? 10 : 1);
    if (!running->reaped
        && waitpid(running->child, &session->wait_status, WNOHANG) == running->child)
        running->reaped = true;
    if (fstat(running->output, &status) == 0 && status.st_size > OUTPUT_MAX_BYTES
        && ftruncate(running->output, 0) != 0)
        return true;
    if (fit__stopping())
        session->stopped = true;
    else if (!running->reaped && !session->orders->debugger
             && now - running->heard_ms > silence)
        session->silent = true;
    if (session->stopped || session->silent)
        return true;
    if (session->bye && !session->orders->debugger)
        return running->reaped || now - running->bye_ms > LAST_WORDS_MS;
    return running->reaped;
}

static void attend(struct running *running)
{
    struct fit__session *session = running->session;
    long ticked_ms = now_ms();
    for (;;) {
        struct pollfd wait = { .fd = running->closed ? -1 : running->results, .events = POLLIN };
        /* After the end of the stream only the end of the process is awaited: briefly. */
        bool ready = poll(&wait, 1, running->closed ? 2 : TICK_MS) > 0;
        if (ready)
            read_some(running);
        if (session->tick && now_ms() - ticked_ms >= TICK_MS) {
            session->tick(session->arg);
            ticked_ms = now_ms();
        }
        if ((!ready || session->bye || fit__stopping()) && over(running))
            break;
    }
    kill_group(running);
    while (!running->closed && read_some(running)) {
    }
    if (!running->reaped)
        waitpid(running->child, &session->wait_status, 0);
}

static int run(struct fit__session *session, const char *log_folder, const char *preload,
               int control, int output)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return -errno;
    struct fit__start start = { .path = session->path, .memcheck = session->orders->memcheck,
                                .thorough = session->orders->thorough, .log_folder = log_folder,
                                .debugger = session->script, .control = control,
                                .results = ends[1], .output = output, .preload = preload };
    struct running running = { .session = session, .results = ends[0], .output = output };
    running.stream = (struct fit__stream){ .record = on_record, .arg = &running };
    running.child = fit__start(&start, &session->failure);
    close(ends[1]);
    int error = running.child < 0 ? running.child : 0;
    if (!error) {
        fcntl(ends[0], F_SETFL, O_NONBLOCK);
        running.heard_ms = now_ms();
        attend(&running);
        fit__stream_end(&running.stream);
        session->garbage = running.stream.garbage;
        session->output = output_tail(output);
    }
    close(ends[0]);
    return error;
}

int fit__session_run(struct fit__session *session)
{
    char log_folder[] = "/tmp/faulttest-memcheck-XXXXXX";
    bool folder = session->orders->memcheck && mkdtemp(log_folder);
    char *preload;
    int control = -EIO, output = -EIO;
    int error = fit__preload_for(session->path, &preload, &session->failure);
    session->preloaded = preload != NULL;
    if (!error && session->orders->memcheck && !folder)
        error = -errno;
    if (!error && (control = control_file(session->orders, log_folder)) < 0)
        error = control;
    if (!error && (output = output_file()) < 0)
        error = output;
    if (!error && session->orders->debugger && !(session->script = fit__debugger_script()))
        error = -errno;
    if (!error)
        error = run(session, log_folder, preload, control, output);
    if (session->script)
        unlink(session->script);
    free(session->script);
    session->script = NULL;
    if (error && !session->failure)
        session->failure = fit__print("%s could not be started: %s", session->path,
                                      strerror(-error));
    if (control >= 0)
        close(control);
    if (output >= 0)
        close(output);
    if (folder)
        remove_folder(log_folder);
    free(preload);
    return error;
}

void fit__session_free(struct fit__session *session)
{
    free(session->output);
    free(session->failure);
    session->output = session->failure = NULL;
}

char *fit__session_end_text(const struct fit__session *session)
{
    if (session->silent)
        return fit__copy("said nothing for too long and was stopped");
    if (WIFSIGNALED(session->wait_status))
        return fit__print("was ended by signal %d (%s)", WTERMSIG(session->wait_status),
                          strsignal(WTERMSIG(session->wait_status)));
    return fit__print("ended with status %d", WEXITSTATUS(session->wait_status));
}
