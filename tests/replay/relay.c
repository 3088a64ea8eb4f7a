/* A small service, as it was and (with -DEDITED) after a month of work on other parts of it: the
 * name of a case must still mean the same case. It loses the descriptor of its log when a message
 * comes in two pieces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <faulttest.h>
#include <netinet/in.h>

#ifdef EDITED
/* Somebody counts now what goes through: a comment, a function and a call more, in front of
 * everything that was there. */
static int count_message(void)
{
    int counter = eventfd(0, EFD_NONBLOCK);
    struct stat about;
    if (counter < 0) return -1;
    (void)fstat(counter, &about);
    (void)!write(counter, &(uint64_t){ 1 }, sizeof(uint64_t));
    (void)!read(counter, &(uint64_t){ 0 }, sizeof(uint64_t));
    return close(counter);
}
#endif

static int connect_to(const char *address, uint16_t port)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    (void)address;
    to.sin_addr.s_addr = htonl(0x0a000007);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to)) {
        close(fd);
        return -1;
    }
    return fd;
}

static long take_message(int fd, char *buffer, size_t size)
{
    int log = dup(2);
    long have = recv(fd, buffer, size, 0);
    if (log < 0) return -1;
#ifdef FIXED
    while (have > 0 && (size_t)have < size) {
        long more = recv(fd, buffer + have, size - (size_t)have, 0);
        if (more <= 0) break;
        have += more;
    }
#else
    if (have > 0 && (size_t)have < size) return -1;      /* and the log stays open */
#endif
    close(log);
    return have;
}

static void relays(void **state)
{
    static const struct fit_reply hello[] = { { .send = "hello" }, { .send = "again" }, { 0 } };
    struct fit_op *op;
    char buffer[8];
    long got = -1;
    int fd;
    (void)state;
    fit_peer_replies("10.0.0.7:7", hello);
    op = fit_op("relay");
#ifdef EDITED
    (void)count_message();
#endif
    fd = connect_to("10.0.0.7", 7);
    if (fd >= 0) {
        got = take_message(fd, buffer, 5);
        if (got == 5) got = take_message(fd, buffer, 5);
        close(fd);
    }
    if (got == 5) fit_op_succeeded(op, buffer, 5);
    else fit_op_failed(op, 1, "no message", NULL);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(relays) };
    (void)argc; (void)argv;
    return fit_run_group_tests(tests, NULL, NULL);
}
