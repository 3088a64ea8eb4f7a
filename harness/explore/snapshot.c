/* Copies of the process. A bare clone system call: fork() runs atfork handlers (libuv's throws its
 * thread pool away), and glibc's _Fork() writes the child's thread id into the thread block, so
 * that locks held across the point would be somebody else's. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "fi/arena.h"
#include "fi/hot.h"
#include "fi/raw.h"
#include "harness/explore/explore.h"
#include "harness/judge/judge.h"

enum { JOBS_MAX = 64, GRACE_MS = 2000 /* behind the child's own alarm */ };

/* What a child leaves: shared with it. */
struct tray {
    struct fit__slot_record *record;
    int output;                          /* memfd: what the child prints */
};

struct slot {
    struct tray tray;
    struct tray leaf;                    /* for the cases of a run to branch from, one by one */
    int collected;                       /* memfd: the records of these */
    int pid, pidfd;                      /* 0: free */
    bool branch;
    struct fit__point *point;            /* NULL: the child chooses itself */
    unsigned alternative;
    const char *name;                    /* NULL: that of the fault */
    uint64_t sequence;
};

FIT_HOT static struct {
    struct slot *mine;                   /* in a child */
    struct tray *tray;                   /* in a child: its own */
    int captured;                        /* 0, or the descriptor of its output */
    unsigned running;
} pool;
static struct slot slots[JOBS_MAX];

int fit__own_fd(long fd)
{
    long high;
    if (fd < 0) return (int)fd;
    high = fit__raw_duplicate_high(fd);
    if (high < 0) return (int)fd;
    fit__raw(SYS_close, fd);
    return (int)high;
}

/* Its end is told by no signal: a handler for SIGCHLD, as libev's default loop has one, would wait
 * for our copies, or wake a loop for them. */
int fit__snapshot(void)
{
    return (int)fit__raw(SYS_clone, 0, 0, 0, 0, 0);
}

void fit__die(void)
{
    fit__children_end();
    if (fit__session.orders.debugger) fit__raw(SYS_exit_group, 0);   /* no alarm in the debugger */
    fit__raw(SYS_kill, fit__raw(SYS_getpid), SIGKILL);
    for (;;) fit__raw(SYS_pause);
}

/* Waits until the process has ended, kills it after wall_ms. Returns the wait status; that of
 * an alarm clock when its time was over, for it may also have been killed by something else. */
static int wait_for(int pid, int pidfd, unsigned wall_ms)
{
    int status = 0;
    long got, in_time = 1;
    struct timespec limit = { .tv_sec = wall_ms / 1000, .tv_nsec = wall_ms % 1000 * 1000000L };
    struct pollfd p = { .fd = pidfd, .events = POLLIN };
    if (pidfd >= 0 && wall_ms) {
        do in_time = fit__raw(SYS_ppoll, &p, 1, &limit, 0, 8); while (in_time == -EINTR);
        if (in_time == 0) fit__raw(SYS_kill, pid, SIGKILL);
    }
    do got = fit__raw(SYS_wait4, pid, &status, __WALL, 0); while (got == -EINTR);
    return in_time ? status : W_EXITCODE(0, SIGALRM);
}

int fit__snapshot_and_wait(unsigned wall_ms, bool *in_child)
{
    int pid = fit__snapshot(), pidfd, status;
    *in_child = pid == 0;
    if (pid <= 0) return pid;
    pidfd = wall_ms ? fit__own_fd(fit__raw(SYS_pidfd_open, pid, 0)) : -1;
    status = wait_for(pid, pidfd, wall_ms);
    if (pidfd >= 0) fit__raw(SYS_close, pidfd);
    return status;
}

static int memory_file(const char *name)
{
    return fit__own_fd(fit__raw(SYS_memfd_create, name, MFD_CLOEXEC));
}

static void open_tray(struct tray *t)
{
    if (!t->record) {
        t->record = fit__alloc_shared(sizeof *t->record);
        t->output = memory_file("output");
    }
    t->record->done = 0;
    t->record->dead_end = false;
    t->record->size = 0;
    fit__raw(SYS_ftruncate, t->output, 0);
}

static void open_slot(struct slot *s)
{
    open_tray(&s->tray);
    if (!s->branch) return;
    open_tray(&s->leaf);
    if (!s->collected) s->collected = memory_file("records");
    fit__raw(SYS_ftruncate, s->collected, 0);
    fit__raw(SYS_lseek, s->collected, 0, SEEK_SET);
}

static void print_to(int fd)
{
    fit__raw(SYS_lseek, fd, 0, SEEK_SET);
    fit__raw(SYS_dup3, fd, 1, 0);
    fit__raw(SYS_dup3, fd, 2, 0);
}

/* A child's standard output and error are its own, so that nothing it prints is taken for the
 * trunk's; they are kept for evidence. */
static void become_child(struct slot *s, struct tray *t)
{
    pool.mine = s;
    pool.tray = t;
    pool.captured = t->output;
    print_to(t->output);
}

static void forward(struct slot *s, struct tray *t, int pid, int status)
{
    char name[FIT_CASE_MAX] = "";
    struct fit__step first = { s->point, s->alternative };
    if (s->point && !s->name && !t->record->size)        /* else it has told its name */
        fit__point_case(s->point, &s->point->alternatives[s->alternative], name, sizeof name);
    fit__judge_forward(t->record, s->point ? &first : NULL, s->name ? s->name : name, s->sequence,
                       pid, status);
}

/* What the cases of a run to branch from have sent, in the order of their faults. */
static void forward_collected(struct slot *s)
{
    char bytes[16384];
    long n, at = 0;
    while ((n = fit__raw(SYS_pread64, s->collected, bytes, sizeof bytes, at)) > 0) {
        fit__records_write(bytes, (size_t)n);
        at += n;
    }
}

static void reap(struct slot *s)
{
    unsigned limit = s->branch ? 0 /* its cases are limited */
                               : fit__session.orders.wall_ms + GRACE_MS;
    int status = wait_for(s->pid, s->pidfd, limit);
    if (s->branch) forward_collected(s);
    else forward(s, &s->tray, s->pid, status);
    if (!s->branch && s->point && !s->name && s->tray.record->dead_end)
        s->point->dead_ends |= UINT64_C(1) << s->alternative;
    if (s->pidfd >= 0) fit__raw(SYS_close, s->pidfd);
    s->pid = 0;
    pool.running--;
}

/* The child that has run longest is waited for: results come in the order of the cases. */
static void reap_oldest(void)
{
    struct slot *oldest = NULL;
    for (unsigned i = 0; i < JOBS_MAX; i++) {
        struct slot *s = &slots[i];
        if (s->pid && (!oldest || s->sequence < oldest->sequence)) oldest = s;
    }
    assert(oldest);
    reap(oldest);
}

static struct slot *free_slot(void)
{
    unsigned jobs = fit__session.orders.jobs;
    if (jobs > JOBS_MAX) jobs = JOBS_MAX;
    while (pool.running >= jobs) reap_oldest();
    for (unsigned i = 0; i < JOBS_MAX; i++)
        if (!slots[i].pid) return &slots[i];
    return NULL;
}

/* True in the child. */
static bool fork_into(struct slot *s)
{
    int pid;
    open_slot(s);
    while ((pid = fit__snapshot()) == -EAGAIN && pool.running) reap_oldest();
    if (pid == 0) {
        become_child(s, &s->tray);
        return true;
    }
    if (pid < 0) {
        fit__send_error(70, "cannot copy the process for a case: error %d from clone", -pid);
        fit__die();
    }
    s->pid = pid;
    s->pidfd = fit__own_fd(fit__raw(SYS_pidfd_open, pid, 0));
    pool.running++;
    return false;
}

bool fit__case_fork(struct fit__point *point, unsigned alternative, const char *name,
                    uint64_t sequence)
{
    struct slot *s = free_slot();
    assert(s);
    s->branch = false;
    s->point = point;
    s->alternative = alternative;
    s->name = name;
    s->sequence = sequence;
    return fork_into(s);
}

bool fit__free_fork(uint64_t sequence)
{
    struct slot *s = free_slot();
    assert(s);
    s->branch = false;
    s->point = NULL;
    s->name = NULL;
    s->sequence = sequence;
    return fork_into(s);
}

bool fit__branch_fork(struct fit__point *point, unsigned alternative, uint64_t sequence)
{
    struct slot *s = free_slot();
    assert(s);
    s->branch = true;
    s->point = point;
    s->alternative = alternative;
    s->name = NULL;
    s->sequence = sequence;
    if (!fork_into(s)) return false;
    for (unsigned i = 0; i < JOBS_MAX; i++) slots[i].pid = 0;   /* the trunk's children */
    pool.running = 0;
    fit__session.orders.results = s->collected;
    return true;
}

bool fit__leaf_fork(uint64_t sequence)
{
    struct slot *s = pool.mine;
    int pid, pidfd, status;
    open_tray(&s->leaf);
    s->sequence = sequence;
    pid = fit__snapshot();
    if (pid == 0) {
        become_child(s, &s->leaf);
        return true;
    }
    if (pid < 0) {
        fit__send_error(70, "cannot copy the process for a case: error %d from clone", -pid);
        fit__die();
    }
    pidfd = fit__own_fd(fit__raw(SYS_pidfd_open, pid, 0));
    status = wait_for(pid, pidfd, fit__session.orders.wall_ms + GRACE_MS);
    if (pidfd >= 0) fit__raw(SYS_close, pidfd);
    forward(s, &s->leaf, pid, status);
    return false;
}

void fit__case_reap_all(void)
{
    while (pool.running) reap_oldest();
}

struct fit__slot_record *fit__case_record(void)
{
    return pool.tray ? pool.tray->record : NULL;
}

void fit__output_capture(void)
{
    pool.captured = memory_file("output");
    print_to(pool.captured);
}

int fit__output_fd(void)
{
    return pool.captured > 0 ? pool.captured : -1;
}
