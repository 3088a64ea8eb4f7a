/* What lasts until fit_faults_off(): each test does a thing twice, and when it has failed the first
 * time it must succeed the second time, with faults lifted. -DSTAY: they are not lifted, and what
 * lasts is still there. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <faulttest.h>

enum { PATIENCE_MS = 3000 };

static void lift(void)
{
#ifndef STAY
    fit_faults_off();
#endif
}

static void answers(int fd, void *unused)
{
    char line[8];
    (void)unused;
    while (recv(fd, line, sizeof line, 0) > 0)
        if (send(fd, "gone", 4, MSG_NOSIGNAL) < 0) return;
}

/* Asks over `fd` and waits for the first byte of the answer: 0 or an errno. */
static int ask(int fd)
{
    char byte;
    struct pollfd p = { .fd = fd, .events = POLLIN };
    if (send(fd, "go", 2, MSG_NOSIGNAL) < 0) return errno;
    int n = poll(&p, 1, PATIENCE_MS);
    ssize_t got = n > 0 ? recv(fd, &byte, 1, 0) : -1;
    return n == 0 ? ETIMEDOUT : got < 0 ? errno : got == 0 ? ECONNRESET : 0;
}

/* A connection: a descriptor or a negative errno. */
static int dial(void)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(7) };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    inet_pton(AF_INET, "10.0.0.7", &to.sin_addr);
    if (fd < 0) return -errno;
    if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0) return fd;
    int err = errno;
    close(fd);
    return -err;
}

static int dial_and_ask(void)
{
    int fd = dial(), err;
    if (fd < 0) return -fd;
    err = ask(fd);
    close(fd);
    return err;
}

static int save(void)
{
    int fd = open("/tmp/lifted", O_WRONLY | O_CREAT | O_TRUNC, 0600), err = 0;
    if (fd < 0) return errno;
    if (write(fd, "some bytes", 10) != 10) err = errno ? errno : EIO;
    close(fd);
    return err;
}

static int remember(void)
{
    char *volatile block = malloc(100);
    if (!block) return ENOMEM;
    free(block);
    return 0;
}

static void twice(int (*act)(void))
{
    int first = act();
    lift();
    if (first) assert_int_equal(act(), 0);
}

static void connects(void **state)
{
    (void)state;
    fit_peer("10.0.0.7:7", answers, NULL);
    twice(dial_and_ask);
}

static int kept;                         /* what a test does twice, it does over this */

static int ask_kept(void)
{
    return ask(kept);
}

static void converses(void **state)
{
    (void)state;
    fit_peer("10.0.0.7:7", answers, NULL);
    fit_faults_off();
    kept = dial();
    fit_faults_on();
    twice(ask_kept);
    close(kept);
}

static void saves(void **state)
{
    (void)state;
    twice(save);
}

static void remembers(void **state)
{
    (void)state;
    twice(remember);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connects), cmocka_unit_test(converses), cmocka_unit_test(saves),
        cmocka_unit_test(remembers),
    };
    return fit_run_group_tests(tests, NULL, NULL);
}
