/* What is special about the real kernel: runs that differ, real time, waits that only a limit can
 * end, and what is refused. Talks to a Redis server at port REDIS_PORT of this machine. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <faulttest.h>

static int dial(void)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(REDIS_PORT),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof at) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static void ping(int fd)
{
    char pong[8];
    if (send(fd, "PING\r\n", 6, MSG_NOSIGNAL) == 6) recv(fd, pong, sizeof pong, 0);
    close(fd);
}

/* Takes the end of the stream for "not yet". */
static void waits_for_ever(void **state)
{
    char pong[7];
    size_t have = 0;
    ssize_t n = 0;
    int fd = dial();
    (void)state;
    if (fd < 0) return;
    send(fd, "PING\r\n", 6, MSG_NOSIGNAL);
    while (have < sizeof pong && n >= 0) {
        n = recv(fd, pong + have, sizeof pong - have, 0);
        if (n > 0) have += (size_t)n;
        else usleep(1000);
    }
    close(fd);
}

/* A file of the real disk lives on from run to run: every other run pings. */
static void differs(void **state)
{
    char count = 0;
    int file = open("count", O_RDWR | O_CREAT | O_CLOEXEC, 0666), fd;
    (void)state;
    if (file < 0) return;
    if (pread(file, &count, 1, 0) == 1) count ^= 1;
    else count = 1;
    if (pwrite(file, &count, 1, 0) != 1) abort();
    close(file);
    if (count && (fd = dial()) >= 0) ping(fd);
}

static void forgets_memory(void **state)
{
    static char *volatile kept;
    int fd;
    (void)state;
    kept = malloc(100);
    fd = dial();
    if (fd < 0) {
        kept = NULL;
        return;
    }
    ping(fd);
    free(kept);
    kept = NULL;
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t told = PTHREAD_COND_INITIALIZER;
static int done;

static void *work(void *arg)
{
    int fd = dial();
    if (fd >= 0) ping(fd);
    usleep(50000);
    pthread_mutex_lock(&lock);
    done = 1;
    pthread_cond_signal(&told);
    pthread_mutex_unlock(&lock);
    return arg;
}

static double since(const struct timespec *then)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)(now.tv_sec - then->tv_sec) + (double)(now.tv_nsec - then->tv_nsec) / 1e9;
}

/* All sleep, and yet time does not jump: the server's would not. */
static void time_is_real(void **state)
{
    struct timespec start, limit;
    pthread_t thread;
    int error = 0;
    (void)state;
    done = 0;
    clock_gettime(CLOCK_REALTIME, &start);
    limit = start;
    limit.tv_sec += 5;
    assert_true(start.tv_sec > 1600000000);
    if (pthread_create(&thread, NULL, work, NULL)) return;       /* there may be none left */
    pthread_mutex_lock(&lock);
    while (!done && !error) error = pthread_cond_timedwait(&told, &lock, &limit);
    pthread_mutex_unlock(&lock);
    pthread_join(thread, NULL);
    assert_int_equal(error, 0);
    assert_true(since(&start) > 0.045);
    limit = start;
    limit.tv_sec += 1;
    pthread_mutex_lock(&lock);
    while (!error) error = pthread_cond_timedwait(&told, &lock, &limit);     /* not just once */
    pthread_mutex_unlock(&lock);
    assert_int_equal(error, ETIMEDOUT);
    assert_true(since(&limit) >= 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_for_ever), cmocka_unit_test(differs),
        cmocka_unit_test(forgets_memory), cmocka_unit_test(time_is_real),
    };
    return fit_run_group_tests(tests, NULL, NULL);
}
