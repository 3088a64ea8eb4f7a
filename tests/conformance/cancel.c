/* Cancelling threads: where it acts, what runs then, in which order. Handlers are those of C code
 * without exceptions here; unwound.c has the other form. */
#undef __EXCEPTIONS
#include <semaphore.h>
#include <signal.h>
#include <sys/syscall.h>

#include "tests/conformance/conformance.h"

#define SAY(call) note("%s: %s", #call, strerrorname_np(call))

static void told(void *what)
{
    note("clean up: %s", (const char *)what);
}

static void note_end(const char *what, pthread_t thread)
{
    void *result = NULL;
    int error = pthread_join(thread, &result);
    note("%s: %s, %s", what, strerrorname_np(error),
         result == PTHREAD_CANCELED ? "cancelled" : "not cancelled");
}

/* What the thread notes comes first. */
static void cancel(const char *what, pthread_t thread)
{
    int error = pthread_cancel(thread);
    note_end(what, thread);
    note("%s: asked to end: %s", what, strerrorname_np(error));
}

/* By now it sleeps where it is to be cancelled, on a busy machine too. */
static void let_it_wait(void)
{
    usleep(30000);
}

/* ---- where it acts ----------------------------------------------------------------------- */

static int ends[2], one_pipe[2], other_pipe[2], epoll;
static sem_t semaphore;
static pthread_mutex_t mutex;
static pthread_cond_t condition;
static pthread_barrier_t barrier;
static pthread_rwlock_t rwlock;
static pthread_t never_ends;

static struct timespec in_an_hour(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    time.tv_sec += 3600;
    return time;
}

static void in_read(void) { char byte; read(ends[0], &byte, 1); }
static void in_readv(void) { char c; readv(ends[0], &(struct iovec){ &c, 1 }, 1); }
static void in_recv(void) { char byte; recv(ends[0], &byte, 1, 0); }
static void in_recvfrom(void) { char c; recvfrom(ends[0], &c, 1, 0, NULL, NULL); }
static void in_recvmsg(void) { struct msghdr none = { 0 }; recvmsg(ends[0], &none, 0); }
static void in_poll(void) { poll(&(struct pollfd){ ends[0], POLLIN, 0 }, 1, -1); }
static void in_ppoll(void) { ppoll(&(struct pollfd){ ends[0], POLLIN, 0 }, 1, NULL, NULL); }
static void in_select(void) { select(0, NULL, NULL, NULL, &(struct timeval){ 3600, 0 }); }
static void in_pselect(void) { pselect(0, NULL, NULL, NULL, NULL, NULL); }
static void in_epoll_wait(void) { struct epoll_event e; epoll_wait(epoll, &e, 1, -1); }
static void in_epoll_pwait(void) { struct epoll_event e; epoll_pwait(epoll, &e, 1, -1, NULL); }
static void in_sleep(void) { sleep(3600); }
static void in_usleep(void) { usleep(900000000); }
static void in_nanosleep(void) { nanosleep(&(struct timespec){ 3600, 0 }, NULL); }
static void in_clock_nanosleep(void)
{
    clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){ 3600, 0 }, NULL);
}
static void in_pause(void) { pause(); }
static void in_sigsuspend(void) { sigset_t none; sigemptyset(&none); sigsuspend(&none); }
static void in_sigwait(void)
{
    sigset_t set;
    int signal;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigwait(&set, &signal);
}
static void in_sem_wait(void) { sem_wait(&semaphore); }
static void in_sem_timedwait(void)
{
    struct timespec time = in_an_hour(CLOCK_REALTIME);
    sem_timedwait(&semaphore, &time);
}
static void in_cond_wait(void)
{
    pthread_cond_wait(&condition, &mutex);
}
static void in_cond_timedwait(void)
{
    struct timespec time = in_an_hour(CLOCK_REALTIME);
    pthread_cond_timedwait(&condition, &mutex, &time);
}
static void in_cond_clockwait(void)
{
    struct timespec time = in_an_hour(CLOCK_MONOTONIC);
    pthread_cond_clockwait(&condition, &mutex, CLOCK_MONOTONIC, &time);
}
static void in_join(void) { pthread_join(never_ends, NULL); }
static void in_timedjoin(void)
{
    struct timespec time = in_an_hour(CLOCK_REALTIME);
    pthread_timedjoin_np(never_ends, NULL, &time);
}
static void in_accept(void)
{
    struct sockaddr_in address;
    int listener = listen_loopback(1, &address);
    set_nonblocking(listener, false);
    accept(listener, NULL, NULL);
}
static void in_splice(void) { splice(one_pipe[0], NULL, other_pipe[1], NULL, 1, 0); }
static void in_tee(void) { tee(one_pipe[0], other_pipe[1], 1, 0); }
static void in_write(void) { static char many[1 << 20]; write(ends[1], many, sizeof many); }
static void in_send(void) { static char many[1 << 22]; send(ends[1], many, sizeof many, 0); }

static const struct { const char *name; void (*call)(void); } points[] = {
#define POINT(name) { #name, in_##name }
    POINT(read), POINT(readv), POINT(recv), POINT(recvfrom), POINT(recvmsg), POINT(poll),
    POINT(ppoll), POINT(select), POINT(pselect), POINT(epoll_wait), POINT(epoll_pwait),
    POINT(sleep), POINT(usleep), POINT(nanosleep), POINT(clock_nanosleep), POINT(pause),
    POINT(sigsuspend), POINT(sigwait), POINT(sem_wait), POINT(sem_timedwait), POINT(cond_wait),
    POINT(cond_timedwait), POINT(cond_clockwait), POINT(join), POINT(timedjoin), POINT(accept),
    POINT(splice), POINT(tee), POINT(send), POINT(write),
#undef POINT
};
enum { POINTS = sizeof points / sizeof points[0] };

/* What the mutex's kind makes sure: the handler runs with it locked. */
static void unlock(void *arg)
{
    note("clean up: unlock %s", strerrorname_np(pthread_mutex_unlock(arg)));
}

static void *at_point(void *index)
{
    pthread_mutex_lock(&mutex);
    pthread_cleanup_push(unlock, &mutex);
    if (!strncmp(points[(intptr_t)index].name, "cond", 4)) {
        points[(intptr_t)index].call();
    } else {
        pthread_mutex_unlock(&mutex);
        points[(intptr_t)index].call();
        pthread_mutex_lock(&mutex);
    }
    note("goes on");
    pthread_cleanup_pop(1);
    return NULL;
}

static void *waits_in_pause(void *unused)
{
    for (;;)
        pause();
    return unused;
}

static void set_up(void)
{
    pthread_mutexattr_t attributes;
    struct epoll_event event = { .events = EPOLLIN };
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK);
    pthread_mutex_init(&mutex, &attributes);
    condition = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
    rwlock = (pthread_rwlock_t)PTHREAD_RWLOCK_INITIALIZER;
    pthread_barrier_init(&barrier, NULL, 2);
    sem_init(&semaphore, 0, 0);
    socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    pipe(one_pipe);
    pipe(other_pipe);
    epoll = epoll_create1(0);
    epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], &event);
    never_ends = on_thread(waits_in_pause, NULL);
}

static void tear_down(void)
{
    cancel("waits in pause", never_ends);
    pthread_mutex_destroy(&mutex);
    pthread_barrier_destroy(&barrier);
    sem_destroy(&semaphore);
    close(epoll);
    for (int i = 0; i < 2; i++) {
        close(ends[i]);
        close(one_pipe[i]);
        close(other_pipe[i]);
    }
}

static void at_each_point(void)
{
    set_up();
    for (int i = 0; i < POINTS; i++) {
        pthread_t thread = on_thread(at_point, (void *)(intptr_t)i);
        let_it_wait();
        cancel(points[i].name, thread);
    }
    SAY(pthread_mutex_lock(&mutex));
    SAY(pthread_mutex_unlock(&mutex));
    tear_down();
}

static void *cancels_itself_at(void *index)
{
    pthread_mutex_lock(&mutex);
    pthread_cleanup_push(unlock, &mutex);
    pthread_cancel(pthread_self());
    points[(intptr_t)index].call();
    note("goes on");
    pthread_cleanup_pop(1);
    return NULL;
}

static void before_each_point(void)
{
    set_up();
    for (int i = 0; i < POINTS; i++)
        note_end(points[i].name, on_thread(cancels_itself_at, (void *)(intptr_t)i));
    tear_down();
}

/* A point acts also where it would not wait, and then does nothing. */
static void *cancelled_before(void *what)
{
    int kind = *(int *)what;
    char byte = 'x';
    pthread_cancel(pthread_self());
    switch (kind) {
    case 0: write(ends[1], &byte, 1); break;
    case 1: read(ends[0], &byte, 1); break;
    case 2: close(ends[0]); break;
    case 3: sem_wait(&semaphore); break;
    case 4: nanosleep(&(struct timespec){ 0, 0 }, NULL); break;
    case 5: poll(NULL, 0, 0); break;
    case 6: open("/dev/null", O_RDONLY); break;
    case 7: send(ends[1], &byte, 1, MSG_DONTWAIT); break;
    case 8: fsync(ends[0]); break;
    case 9: connect(ends[0], NULL, 0); break;
    case 10: pthread_testcancel(); break;
    case 11: sched_yield(); break;
    case 12: getpid(); break;
    case 13: fcntl(ends[0], F_GETFL); break;
    case 14: pthread_mutex_lock(&mutex); pthread_mutex_unlock(&mutex); break;
    case 15: pthread_cond_signal(&condition); break;
    case 16: sem_post(&semaphore); break;
    case 17: socket(AF_INET, SOCK_STREAM, 0); break;
    case 18: lseek(ends[0], 0, SEEK_CUR); break;
    case 19: pthread_tryjoin_np(never_ends, NULL); break;
    case 20: syscall(SYS_read, ends[0], &byte, 0); break;
    default: break;
    }
    return NULL;
}

static void without_waiting(void)
{
    enum { KINDS = 21 };
    int value, queued;
    char text[32];
    set_up();
    sem_post(&semaphore);
    write(ends[1], "ab", 2);
    for (int kind = 0; kind < KINDS; kind++) {
        snprintf(text, sizeof text, "kind %d", kind);
        note_end(text, on_thread(cancelled_before, &kind));
    }
    sem_getvalue(&semaphore, &value);
    ioctl(ends[0], FIONREAD, &queued);
    note("semaphore %d, unread %d", value, queued);
    tear_down();
}

static void *not_at_locks(void *kind)
{
    pthread_cleanup_push(told, "at a lock");
    switch (*(int *)kind) {
    case 0: pthread_mutex_lock(&mutex); pthread_mutex_unlock(&mutex); break;
    case 1: pthread_rwlock_rdlock(&rwlock); pthread_rwlock_unlock(&rwlock); break;
    case 2: pthread_rwlock_wrlock(&rwlock); pthread_rwlock_unlock(&rwlock); break;
    default: pthread_barrier_wait(&barrier); break;
    }
    note("has it");
    pthread_testcancel();
    note("goes on");
    pthread_cleanup_pop(0);
    return NULL;
}

static void no_points(void)
{
    set_up();
    for (int kind = 0; kind < 4; kind++) {
        pthread_mutex_lock(&mutex);
        pthread_rwlock_wrlock(&rwlock);
        pthread_t thread = on_thread(not_at_locks, &kind);
        let_it_wait();
        SAY(pthread_cancel(thread));
        let_it_wait();
        note("now");
        pthread_mutex_unlock(&mutex);
        pthread_rwlock_unlock(&rwlock);
        if (kind == 3)
            pthread_barrier_wait(&barrier);
        note_end("after the lock", thread);
    }
    tear_down();
}

/* ---- state ------------------------------------------------------------------------------- */

static void *unwilling(void *arg)
{
    int old = -1;
    char byte;
    SAY(pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old));
    note("was %d", old);
    SAY(pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old));
    note("was %d", old);
    SAY(pthread_setcancelstate(7, &old));
    read(ends[0], &byte, 1);
    note("read %c", byte);
    pthread_testcancel();
    SAY(pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL));
    note("still here");
    pthread_testcancel();
    note("goes on");
    return arg;
}

static void states(void)
{
    int old = -1;
    set_up();
    pthread_t thread = on_thread(unwilling, NULL);
    let_it_wait();
    SAY(pthread_cancel(thread));
    SAY(pthread_cancel(thread));
    let_it_wait();
    write(ends[1], "x", 1);
    note_end("unwilling", thread);
    SAY(pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &old));
    note("was %d", old);
    SAY(pthread_setcanceltype(9, &old));
    tear_down();
}

static void *gives_back(void *arg)
{
    return arg;
}

static void of_ended(void)
{
    pthread_t thread = on_thread(gives_back, NULL);
    settle();
    cancel("ended", thread);
}

/* ---- handlers ---------------------------------------------------------------------------- */

static pthread_key_t key;

static void key_destroyed(void *value)
{
    note("key destroyed: %s", (const char *)value);
    pthread_testcancel();
}

/* Not cancelled once more: handlers can wait. */
static void waits(void *unused)
{
    (void)unused;
    SAY(pthread_cancel(pthread_self()));
    usleep(1000);
    note("clean up: waited");
}

static void inner(void)
{
    pthread_cleanup_push(told, "inner function");
    usleep(900000000);
    pthread_cleanup_pop(1);
}

static void *nested(void *unused)
{
    pthread_setspecific(key, "value");
    pthread_cleanup_push(told, "first");
    pthread_cleanup_push(waits, NULL);
    pthread_cleanup_push(told, "not run");
    pthread_cleanup_pop(0);
    pthread_cleanup_push(told, "run already");
    pthread_cleanup_pop(1);
    inner();
    pthread_cleanup_pop(1);
    pthread_cleanup_pop(1);
    return unused;
}

static void in_order(void)
{
    SAY(pthread_key_create(&key, key_destroyed));
    pthread_t thread = on_thread(nested, NULL);
    let_it_wait();
    cancel("nested", thread);
    SAY(pthread_key_delete(key));
}

/* ---- once -------------------------------------------------------------------------------- */

static pthread_once_t once;
static int runs;

/* The second run gives whoever ended the first time to say so. */
static void routine(void)
{
    if (runs == 1) let_it_wait();
    note("once: run %d", ++runs);
    if (runs == 1)
        usleep(900000000);
}

static void *calls_once(void *unused)
{
    pthread_once(&once, routine);
    note("once: done");
    return unused;
}

static void in_once(void)
{
    once = (pthread_once_t)PTHREAD_ONCE_INIT;
    runs = 0;
    pthread_t first = on_thread(calls_once, NULL);
    let_it_wait();
    pthread_t second = on_thread(calls_once, NULL);
    let_it_wait();
    cancel("first", first);
    note_end("second", second);
    SAY(pthread_once(&once, routine));
}

/* ---- a waiter that is cancelled takes no wake-up with it --------------------------------- */

static int tokens;

static void *takes_token(void *name)
{
    pthread_mutex_lock(&mutex);
    pthread_cleanup_push(unlock, &mutex);
    while (!tokens)
        pthread_cond_wait(&condition, &mutex);
    tokens--;
    note("%s has it", (const char *)name);
    pthread_cleanup_pop(1);
    return NULL;
}

static void loses_no_signal(void)
{
    set_up();
    tokens = 0;
    pthread_t first = on_thread(takes_token, "first");
    let_it_wait();
    pthread_t second = on_thread(takes_token, "second");
    let_it_wait();
    cancel("first", first);
    pthread_mutex_lock(&mutex);
    tokens = 1;
    SAY(pthread_cond_signal(&condition));
    pthread_mutex_unlock(&mutex);
    note_end("second", second);
    tear_down();
}

static void *joins(void *thread)
{
    pthread_join(*(pthread_t *)thread, NULL);
    return NULL;
}

static void joinable_still(void)
{
    set_up();
    pthread_t waits_for_byte = on_thread(unwilling, NULL);
    let_it_wait();
    pthread_t joiner = on_thread(joins, &waits_for_byte);
    let_it_wait();
    cancel("joiner", joiner);
    write(ends[1], "y", 1);
    note_end("its thread", waits_for_byte);
    tear_down();
}

/* ---- streams ----------------------------------------------------------------------------- */

static void *reads_line(void *stream)
{
    char line[8];
    pthread_cleanup_push(told, "reads a line");
    fgets(line, sizeof line, stream);
    note("goes on");
    pthread_cleanup_pop(0);
    return NULL;
}

static void in_stream(void)
{
    int fds[2];
    pipe(fds);
    FILE *stream = fdopen(fds[0], "r");
    pthread_t thread = on_thread(reads_line, stream);
    let_it_wait();
    cancel("reader", thread);
    write(fds[1], "x\n", 2);
    note("%c", fgetc(stream));
    fclose(stream);
    close(fds[1]);
}

/* ---- handlers of signals ----------------------------------------------------------------- */

static pthread_t to_cancel;

static void on_signal(int signal)
{
    (void)signal;
    pthread_cancel(to_cancel);
}

static void *sleeps(void *unused)
{
    pthread_cleanup_push(told, "sleeps");
    usleep(900000000);
    note("goes on");
    pthread_testcancel();
    pthread_cleanup_pop(1);
    return unused;
}

static void by_handler(void)
{
    struct sigaction action = { .sa_handler = on_signal }, old;
    sigaction(SIGUSR1, &action, &old);
    to_cancel = on_thread(sleeps, NULL);
    let_it_wait();
    pthread_kill(to_cancel, SIGUSR1);
    note_end("sleeps", to_cancel);
    sigaction(SIGUSR1, &old, NULL);
}

const struct conformance_case cancel_cases[] = {
    { "cancel/at_each_point", at_each_point }, { "cancel/before_each_point", before_each_point },
    { "cancel/without_waiting", without_waiting }, { "cancel/no_points", no_points },
    { "cancel/states", states }, { "cancel/of_ended", of_ended }, { "cancel/in_order", in_order },
    { "cancel/in_once", in_once }, { "cancel/loses_no_signal", loses_no_signal },
    { "cancel/joinable_still", joinable_still },
    { "cancel/in_stream", in_stream }, { "cancel/by_handler", by_handler },
    { NULL, NULL },
};
