/* Signals that the process sends to itself: who takes them, when, and what calls say then. */
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/time.h>

#include "tests/conformance/conformance.h"

static char seen[64];
static size_t seen_count;

/* A handler writes down a letter: `a` for SIGUSR1, `b` for SIGUSR2, `A` for SIGALRM... */
static void letter(int signal)
{
    char c = signal == SIGUSR1 ? 'a' : signal == SIGUSR2 ? 'b' : signal == SIGALRM ? 'A'
             : signal == SIGTERM ? 't' : signal == SIGPIPE ? 'p' : signal >= SIGRTMIN ? 'r' : '?';
    if (seen_count < sizeof seen - 1)
        seen[seen_count++] = c;
}

static void catch(int signal, int flags)
{
    struct sigaction action = { .sa_handler = letter, .sa_flags = flags };
    sigaction(signal, &action, NULL);
}

static void say(const char *what)
{
    note("%s: \"%s\"", what, seen);
    memset(seen, 0, sizeof seen);
    seen_count = 0;
}

static sigset_t set_of(int first, int second)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, first);
    if (second)
        sigaddset(&set, second);
    return set;
}

static void block(int how, int first, int second)
{
    sigset_t set = set_of(first, second);
    RUN(pthread_sigmask(how, &set, NULL));
}

static void note_pending(void)
{
    sigset_t set;
    RUN(sigpending(&set));
    note("pending USR1 %d USR2 %d ALRM %d", sigismember(&set, SIGUSR1), sigismember(&set, SIGUSR2),
         sigismember(&set, SIGALRM));
}

static void restore(void)
{
    signal(SIGUSR1, SIG_DFL);
    signal(SIGUSR2, SIG_DFL);
    signal(SIGALRM, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
}

/* ---- at once, or when they are let in ---------------------------------------------------- */

static void at_once(void)
{
    catch(SIGUSR1, 0);
    RUN(kill(getpid(), SIGUSR1));
    say("kill");
    RUN(raise(SIGUSR1));
    say("raise");
    RUN(pthread_kill(pthread_self(), SIGUSR1));
    say("pthread_kill");
    RUN(kill(getpid(), 0));
    RUN(kill(getpid(), 999));
    RUN(kill(getpid(), -1));
    RUN(pthread_kill(pthread_self(), 999));
    restore();
}

static void blocked(void)
{
    catch(SIGUSR1, 0);
    block(SIG_BLOCK, SIGUSR1, 0);
    RUN(kill(getpid(), SIGUSR1));
    RUN(kill(getpid(), SIGUSR1));
    say("blocked");
    note_pending();
    block(SIG_UNBLOCK, SIGUSR1, 0);
    say("two are one");
    note_pending();
    RUN(pthread_sigmask(77, &(sigset_t){ 0 }, NULL));
    RUN(sigprocmask(77, &(sigset_t){ 0 }, NULL));
    restore();
}

static void several_at_once(void)
{
    sigset_t all = set_of(SIGUSR1, SIGUSR2);
    catch(SIGUSR1, 0);
    catch(SIGUSR2, 0);
    sigprocmask(SIG_BLOCK, &all, NULL);
    raise(SIGUSR2);
    raise(SIGUSR1);
    sigprocmask(SIG_UNBLOCK, &all, NULL);
    say("the last that comes in runs first");
    struct sigaction action = { .sa_handler = letter, .sa_mask = all };
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGUSR2, &action, NULL);
    sigprocmask(SIG_BLOCK, &all, NULL);
    raise(SIGUSR2);
    raise(SIGUSR1);
    sigprocmask(SIG_UNBLOCK, &all, NULL);
    say("one keeps the other out");
    restore();
}

static void ignored(void)
{
    signal(SIGUSR1, SIG_IGN);
    RUN(raise(SIGUSR1));
    RUN(kill(getpid(), SIGCHLD));
    RUN(kill(getpid(), SIGWINCH));
    RUN(kill(getpid(), SIGURG));
    block(SIG_BLOCK, SIGUSR1, 0);
    raise(SIGUSR1);
    note_pending();
    signal(SIGUSR1, SIG_IGN);
    note_pending();
    catch(SIGUSR1, 0);
    raise(SIGUSR1);
    signal(SIGUSR1, SIG_IGN);
    catch(SIGUSR1, 0);
    block(SIG_UNBLOCK, SIGUSR1, 0);
    say("ignoring forgets");
    restore();
}

static void again(int signal)
{
    if (seen_count < 3)
        raise(signal);
    letter(signal);
}

static void inside_handler(void)
{
    struct sigaction action = { .sa_handler = again }, old;
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
    say("after its handler");
    action.sa_flags = SA_RESETHAND;
    action.sa_handler = letter;
    sigaction(SIGUSR2, &action, NULL);
    raise(SIGUSR2);
    sigaction(SIGUSR2, NULL, &old);
    note("default again %d", old.sa_handler == SIG_DFL);
    say("once");
    restore();
}

static siginfo_t told;

static void tell(int signal, siginfo_t *info, void *context)
{
    told = *info;
    note("%d context %d", signal == info->si_signo, context != NULL);
}

static void who_sent(void)
{
    struct sigaction action = { .sa_sigaction = tell, .sa_flags = SA_SIGINFO };
    union sigval value = { .sival_int = 4711 };
    sigaction(SIGUSR1, &action, NULL);
    kill(getpid(), SIGUSR1);
    note("kill: code %d self %d", told.si_code, told.si_pid == getpid());
    raise(SIGUSR1);
    note("raise: code %d self %d", told.si_code, told.si_pid == getpid());
    RUN(sigqueue(getpid(), SIGUSR1, value));
    note("sigqueue: code %d value %d", told.si_code, told.si_value.sival_int);
    restore();
}

static void real_time(void)
{
    sigset_t set = set_of(SIGRTMIN, 0);
    siginfo_t info;
    sigprocmask(SIG_BLOCK, &set, NULL);
    for (int i = 1; i <= 3; i++)
        RUN(sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = i }));
    for (int i = 1; i <= 3; i++) {
        note("%d", sigwaitinfo(&set, &info) == SIGRTMIN);
        note("value %d code %d", info.si_value.sival_int, info.si_code);
    }
    RUN(sigtimedwait(&set, &info, &(struct timespec){ 0, 0 }));
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static sigjmp_buf out;

static void jump(int signal)
{
    letter(signal);
    siglongjmp(out, 1);
}

static void jumps_out(void)
{
    struct sigaction action = { .sa_handler = jump };
    sigset_t now;
    sigaction(SIGALRM, &action, NULL);
    for (volatile int i = 0; i < 2; i++)
        if (!sigsetjmp(out, 1)) {
            ualarm(2000, 0);
            pause();
            note("not reached");
        }
    say("out of pause");
    sigprocmask(SIG_SETMASK, NULL, &now);
    note("blocked %d", sigismember(&now, SIGALRM));
    restore();
}

/* ---- by time ----------------------------------------------------------------------------- */

static void an_alarm(void)
{
    catch(SIGALRM, 0);
    note("%u", alarm(1));
    note("%u", alarm(1));
    int64_t start = now_ms();
    RUN(pause());
    say("alarm");
    note("in time %d", now_ms() - start >= 950 && now_ms() - start < 1500);
    alarm(5);
    note("%u", alarm(0));
    note("%u", alarm(0));
    restore();
}

static void interval(void)
{
    struct itimerval every = { { 0, 3000 }, { 0, 3000 } }, none = { { 0, 0 }, { 0, 0 } }, old;
    catch(SIGALRM, 0);
    RUN(setitimer(ITIMER_REAL, &every, NULL));
    for (int i = 0; i < 3; i++)
        RUN(pause());
    RUN(setitimer(ITIMER_REAL, &none, &old));
    note("every %ld", (long)old.it_interval.tv_usec);
    say("three");
    RUN(getitimer(ITIMER_REAL, &old));
    RUN(setitimer((__itimer_which_t)9, &none, NULL));
    every.it_value.tv_usec = 1000000;
    RUN(setitimer(ITIMER_REAL, &every, NULL));
    restore();
}

static void posix_timer(void)
{
    struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1,
                              .sigev_value.sival_int = 12 };
    struct itimerspec soon = { { 0, 0 }, { 0, 3000000 } }, left;
    struct sigaction action = { .sa_sigaction = tell, .sa_flags = SA_SIGINFO };
    timer_t timer, silent;
    sigaction(SIGUSR1, &action, NULL);
    RUN(timer_create(CLOCK_MONOTONIC, &event, &timer));
    RUN(timer_settime(timer, 0, &soon, NULL));
    RUN(pause());
    note("code %d value %d overrun %d", told.si_code, told.si_value.sival_int, told.si_overrun);
    RUN(timer_gettime(timer, &left));
    note("%ld", left.it_value.tv_nsec);
    RUN(timer_getoverrun(timer));
    RUN(timer_delete(timer));
    event.sigev_notify = SIGEV_NONE;
    RUN(timer_create(CLOCK_REALTIME, &event, &silent));
    RUN(timer_settime(silent, 0, &soon, NULL));
    RUN(timer_gettime(silent, &left));
    note("runs %d", left.it_value.tv_nsec > 0);
    soon.it_value.tv_nsec = 1000000000;
    RUN(timer_settime(silent, 0, &soon, NULL));
    RUN(timer_delete(silent));
    RUN(timer_create(99, &event, &timer));
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = 99;
    RUN(timer_create(CLOCK_MONOTONIC, &event, &timer));
    restore();
}

static void overruns(void)
{
    struct itimerspec every = { { 0, 1000000 }, { 0, 1000000 } };
    timer_t timer;
    siginfo_t info;
    catch(SIGALRM, 0);
    RUN(timer_create(CLOCK_MONOTONIC, NULL, &timer));
    block(SIG_BLOCK, SIGALRM, 0);
    RUN(timer_settime(timer, 0, &every, NULL));
    usleep(6000);
    sigset_t set = set_of(SIGALRM, 0);
    note("%d", sigwaitinfo(&set, &info) == SIGALRM);
    note("overrun %d, same %d", info.si_overrun >= 4, info.si_overrun == timer_getoverrun(timer));
    RUN(timer_delete(timer));
    struct timespec none = { 0, 0 };
    RUN(sigtimedwait(&set, NULL, &none));
    block(SIG_UNBLOCK, SIGALRM, 0);
    restore();
}

/* ---- calls that wait --------------------------------------------------------------------- */

static void in_ms(int ms)
{
    struct itimerval once = { { 0, 0 }, { 0, ms * 1000 } };
    setitimer(ITIMER_REAL, &once, NULL);
}

static void sleeps_end(void)
{
    struct timespec time = { 1, 0 }, left = { 0, 0 };
    catch(SIGALRM, SA_RESTART);
    in_ms(5);
    RUN(nanosleep(&time, &left));
    note("left %d", left.tv_sec == 0 && left.tv_nsec > 500000000);
    in_ms(5);
    RUN(clock_nanosleep(CLOCK_MONOTONIC, 0, &time, &left));
    note("left %d", left.tv_sec == 0 && left.tv_nsec > 500000000);
    in_ms(5);
    RUN(usleep(900000));
    in_ms(5);
    RUN(sleep(3));
    say("sleeps");
    signal(SIGALRM, SIG_IGN);
    in_ms(2);
    RUN(usleep(6000));
    restore();
}

static int ends[2];

static void put(int signal)
{
    letter(signal);
    write(ends[1], "x", 1);
}

static void reads(void)
{
    struct sigaction action = { .sa_handler = put, .sa_flags = SA_RESTART };
    char byte;
    pipe(ends);
    catch(SIGALRM, 0);
    in_ms(3);
    RUN(read(ends[0], &byte, 1));
    say("interrupted");
    sigaction(SIGALRM, &action, NULL);
    in_ms(3);
    RUN(read(ends[0], &byte, 1));
    say("goes on");
    signal(SIGALRM, SIG_IGN);
    struct pollfd one = { ends[0], POLLIN, 0 };
    in_ms(3);
    RUN(poll(&one, 1, 8));
    say("ignored");
    close(ends[0]);
    close(ends[1]);
    restore();
}

static void socket_waits(void)
{
    struct link link = link_up();
    struct timeval limit = { 5, 0 };
    char bytes[4];
    set_nonblocking(link.client, false);
    catch(SIGALRM, 0);
    in_ms(3);
    RUN(recv(link.client, bytes, 1, 0));
    set_nonblocking(link.listener, false);
    in_ms(3);
    RUN(accept(link.listener, NULL, NULL));
    send(link.server, "ab", 2, 0);
    in_ms(3);
    RUN(recv(link.client, bytes, 4, MSG_WAITALL));
    setsockopt(link.client, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    catch(SIGALRM, SA_RESTART);
    in_ms(3);
    RUN(recv(link.client, bytes, 1, 0));
    say("four");
    link_down(&link);
    restore();
}

static void polls(void)
{
    struct epoll_event event;
    struct timeval long_time = { 5, 0 };
    int ep = epoll_create1(0);
    pipe(ends);
    catch(SIGALRM, SA_RESTART);
    struct pollfd one = { ends[0], POLLIN, 0 };
    watch(ep, EPOLL_CTL_ADD, ends[0], EPOLLIN, 'p');
    in_ms(3);
    RUN(poll(&one, 1, -1));
    in_ms(3);
    RUN(epoll_wait(ep, &event, 1, 5000));
    in_ms(3);
    RUN(select(0, NULL, NULL, NULL, &long_time));
    say("three");
    struct sigaction action = { .sa_handler = put };
    sigaction(SIGALRM, &action, NULL);
    in_ms(3);
    RUN(poll(&one, 1, 5000));
    RUN(poll(&one, 1, 5000));
    close(ep);
    close(ends[0]);
    close(ends[1]);
    say("a byte of the handler's");
    restore();
}

static void masks_of_waits(void)
{
    sigset_t none, now;
    struct timespec zero = { 0, 0 }, later = { 1, 0 };
    struct epoll_event event;
    int ep = epoll_create1(0);
    sigemptyset(&none);
    pipe(ends);
    catch(SIGUSR1, SA_RESTART);
    block(SIG_BLOCK, SIGUSR1, 0);
    watch(ep, EPOLL_CTL_ADD, ends[0], EPOLLIN, 'p');
    raise(SIGUSR1);
    RUN(ppoll(NULL, 0, &later, &none));
    say("ppoll");
    raise(SIGUSR1);
    RUN(ppoll(NULL, 0, &zero, &none));
    say("ppoll without time");
    raise(SIGUSR1);
    RUN(epoll_pwait(ep, &event, 1, 1000, &none));
    say("epoll_pwait");
    raise(SIGUSR1);
    RUN(pselect(0, NULL, NULL, NULL, &later, &none));
    say("pselect");
    write(ends[1], "x", 1);
    raise(SIGUSR1);
    RUN(epoll_pwait(ep, &event, 1, 1000, &none));
    say("something is ready");
    note_pending();
    sigprocmask(SIG_SETMASK, NULL, &now);
    note("blocked %d", sigismember(&now, SIGUSR1));
    block(SIG_UNBLOCK, SIGUSR1, 0);
    say("at last");
    close(ep);
    close(ends[0]);
    close(ends[1]);
    restore();
}

static void suspends(void)
{
    sigset_t none, now;
    sigemptyset(&none);
    catch(SIGUSR1, SA_RESTART);
    catch(SIGALRM, SA_RESTART);
    block(SIG_BLOCK, SIGUSR1, SIGALRM);
    raise(SIGUSR1);
    RUN(sigsuspend(&none));
    say("pending before");
    in_ms(3);
    RUN(sigsuspend(&none));
    say("comes later");
    sigprocmask(SIG_SETMASK, NULL, &now);
    note("blocked %d %d", sigismember(&now, SIGUSR1), sigismember(&now, SIGALRM));
    block(SIG_UNBLOCK, SIGUSR1, SIGALRM);
    restore();
}

static void waits_for_signal(void)
{
    sigset_t set = set_of(SIGUSR1, SIGALRM);
    struct timespec time = { 0, 4000000 };
    siginfo_t info;
    int number = 0;
    catch(SIGUSR1, 0);
    catch(SIGUSR2, 0);
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGUSR1);
    RUN(sigwait(&set, &number));
    note("%d", number);
    in_ms(3);
    number = sigwaitinfo(&set, &info);
    note("%d code %d", number, info.si_code);
    RUN(sigtimedwait(&set, &info, &time));
    time.tv_nsec = 1000000000;
    RUN(sigtimedwait(&set, &info, &time));
    say("no handler");
    sigset_t other = set_of(SIGUSR1, 0);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    catch(SIGALRM, SA_RESTART);
    in_ms(3);
    RUN(sigwaitinfo(&other, &info));
    say("another's handler");
    restore();
}

/* ---- threads ----------------------------------------------------------------------------- */

static void *wait_in_read(void *arg)
{
    char byte;
    RUN(read(ends[0], &byte, 1));
    return arg;
}

static void other_thread(void)
{
    pipe(ends);
    catch(SIGUSR1, 0);
    pthread_t thread = on_thread(wait_in_read, NULL);
    usleep(20000);
    RUN(pthread_kill(thread, SIGUSR1));
    wait_for_thread(thread);
    say("in the thread that was meant");
    close(ends[0]);
    close(ends[1]);
    restore();
}

static void *takes_signal(void *arg)
{
    sigset_t set = set_of(SIGTERM, 0);
    sigwait(&set, arg);
    return NULL;
}

static void signal_thread(void)
{
    int number = 0;
    block(SIG_BLOCK, SIGTERM, 0);
    pthread_t thread = on_thread(takes_signal, &number);
    settle();
    RUN(kill(getpid(), SIGTERM));
    wait_for_thread(thread);
    note("%d", number);
    block(SIG_UNBLOCK, SIGTERM, 0);
}

static sem_t semaphore;

static void post(int signal)
{
    letter(signal);
    sem_post(&semaphore);
}

static void wakes_itself(void)
{
    struct sigaction action = { .sa_handler = post, .sa_flags = SA_RESTART };
    sem_init(&semaphore, 0, 0);
    sigaction(SIGALRM, &action, NULL);
    in_ms(3);
    RUN(sem_wait(&semaphore));
    say("posted by a handler");
    restore();
}

static void broken_pipe(void)
{
    pipe(ends);
    close(ends[0]);
    catch(SIGPIPE, 0);
    RUN(write(ends[1], "x", 1));
    say("caught");
    block(SIG_BLOCK, SIGPIPE, 0);
    RUN(write(ends[1], "x", 1));
    signal(SIGPIPE, SIG_IGN);
    block(SIG_UNBLOCK, SIGPIPE, 0);
    RUN(write(ends[1], "x", 1));
    say("blocked, ignored");
    close(ends[1]);
}

const struct conformance_case signal_cases[] = {
    { "signal/at_once", at_once }, { "signal/blocked", blocked },
    { "signal/several", several_at_once }, { "signal/ignored", ignored },
    { "signal/inside_handler", inside_handler }, { "signal/who_sent", who_sent },
    { "signal/real_time", real_time }, { "signal/jumps_out", jumps_out },
    { "signal/alarm", an_alarm }, { "signal/interval", interval },
    { "signal/posix_timer", posix_timer }, { "signal/overruns", overruns },
    { "signal/sleeps", sleeps_end }, { "signal/reads", reads },
    { "signal/sockets", socket_waits }, { "signal/polls", polls },
    { "signal/masks_of_waits", masks_of_waits }, { "signal/suspends", suspends },
    { "signal/waits", waits_for_signal }, { "signal/other_thread", other_thread },
    { "signal/signal_thread", signal_thread }, { "signal/wakes_itself", wakes_itself },
    { "signal/broken_pipe", broken_pipe },
    { NULL, NULL },
};
