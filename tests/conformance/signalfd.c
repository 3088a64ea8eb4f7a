/* signalfd: signals read as bytes, merged, and watched. A semaphore that a signal interrupts. */
#include <semaphore.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/time.h>

#include "tests/conformance/conformance.h"

static sigset_t two(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGUSR2);
    return set;
}

static int begin(int flags)
{
    sigset_t set = two();
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, flags);
}

static void end(int fd)
{
    sigset_t set = two();
    struct timespec none = { 0, 0 };
    while (sigtimedwait(&set, NULL, &none) > 0) { }
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    close(fd);
}

static void read_one(int fd)
{
    struct signalfd_siginfo info;
    if (RUN(read(fd, &info, sizeof info)) == sizeof info)
        note("%u code %d self %d", info.ssi_signo, info.ssi_code, (pid_t)info.ssi_pid == getpid());
}

static void merged(void)
{
    int fd = begin(SFD_NONBLOCK);
    read_one(fd);
    kill(getpid(), SIGUSR2);
    kill(getpid(), SIGUSR1);
    kill(getpid(), SIGUSR1);
    read_one(fd);
    read_one(fd);
    read_one(fd);
    end(fd);
}

static void many(void)
{
    struct signalfd_siginfo info[4];
    int fd = begin(SFD_NONBLOCK);
    raise(SIGUSR1);
    raise(SIGUSR2);
    RUN(read(fd, info, sizeof info));
    note("%u code %d, %u", info[0].ssi_signo, info[0].ssi_code, info[1].ssi_signo);
    raise(SIGUSR1);
    RUN(read(fd, info, sizeof info[0] - 1));
    RUN(read(fd, info, sizeof info[0]));
    RUN(write(fd, info, sizeof info[0]));
    RUN(lseek(fd, 0, SEEK_SET));
    int unread = 0;
    RUN(ioctl(fd, FIONREAD, &unread));
    end(fd);
}

static void bits(void)
{
    int fd = begin(0), ep = epoll_create1(0);
    watch(ep, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLOUT, 's');
    note_poll("nothing", fd);
    note_wait("nothing", ep, 1, 0);
    kill(getpid(), SIGUSR1);
    note_poll("pending", fd);
    note_epoll("pending", fd);
    note_wait("pending", ep, 1, 0);
    note_wait("still", ep, 1, 0);
    read_one(fd);
    note_poll("taken", fd);
    note_wait("taken", ep, 1, 0);
    close(ep);
    end(fd);
}

static void edges(void)
{
    int fd = begin(SFD_NONBLOCK), ep = epoll_create1(0);
    watch(ep, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLET, 's');
    kill(getpid(), SIGUSR1);
    note_wait("first", ep, 1, 0);
    note_wait("again", ep, 1, 0);
    kill(getpid(), SIGUSR2);
    note_wait("second", ep, 1, 0);
    close(ep);
    end(fd);
}

static void changed(void)
{
    sigset_t one;
    int fd = begin(SFD_NONBLOCK), fds[2];
    kill(getpid(), SIGUSR2);
    sigemptyset(&one);
    sigaddset(&one, SIGUSR1);
    note("%d", signalfd(fd, &one, 0) == fd);
    read_one(fd);
    one = two();
    note("%d", signalfd(fd, &one, 0) == fd);
    read_one(fd);
    pipe(fds);
    RUN(signalfd(fds[0], &one, 0));
    RUN(signalfd(999, &one, 0));
    RUN(signalfd(-1, &one, 77));
    note("flags %d", fcntl(fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK));
    close(fds[0]);
    close(fds[1]);
    end(fd);
}

static void *sends(void *arg)
{
    settle();
    kill(getpid(), SIGUSR1);
    return arg;
}

static void blocks(void)
{
    int fd = begin(0);
    pthread_t thread = on_thread(sends, NULL);
    read_one(fd);
    wait_for_thread(thread);
    thread = on_thread(sends, NULL);
    struct pollfd one = { fd, POLLIN, 0 };
    RUN(poll(&one, 1, -1));
    wait_for_thread(thread);
    read_one(fd);
    end(fd);
}

static void does_nothing(int signal)
{
    (void)signal;
}

static void in_20_ms(int flags)
{
    struct sigaction action = { .sa_handler = does_nothing, .sa_flags = flags };
    struct itimerval soon = { .it_value = { 0, 20000 } };
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &soon, NULL);
}

/* A semaphore's wait ends with a handler that does not restart calls; one with a timeout always. */
static void semaphores(void)
{
    sem_t sem;
    struct timespec until;
    sem_init(&sem, 0, 0);
    in_20_ms(0);
    RUN(sem_wait(&sem));
    in_20_ms(SA_RESTART);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 5;
    RUN(sem_timedwait(&sem, &until));
    sem_destroy(&sem);
    signal(SIGALRM, SIG_DFL);
}

const struct conformance_case signalfd_cases[] = {
    { "signalfd/merged", merged }, { "signalfd/many", many }, { "signalfd/bits", bits },
    { "signalfd/edges", edges }, { "signalfd/changed", changed }, { "signalfd/blocks", blocks },
    { "signalfd/semaphores", semaphores },
    { NULL, NULL },
};
