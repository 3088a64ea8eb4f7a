/* A long loop of reads, as many as MANY_READS says: several cases for each. It stops at the first
 * short or failed one, so that a case costs no more than its copy of the process. */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

#include <faulttest.h>

static void send_words(int fd, void *arg)
{
    (void)arg;
    for (int i = 0; i < MANY_READS; i++)
        if (write(fd, "12345678", 8) != 8)
            return;
}

static int read_words(int fd)
{
    char word[8];
    for (int i = 0; i < MANY_READS; i++)
        if (recv(fd, word, sizeof word, 0) != sizeof word)
            return -1;
    return 0;
}

static void reads(void **state)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(7) };
    (void)state;
    fit_peer("10.0.0.7:7", send_words, NULL);
    struct fit_op *op = fit_op("words");
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){ .tv_sec = 5 },
               sizeof(struct timeval));
    inet_pton(AF_INET, "10.0.0.7", &to.sin_addr);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0 || read_words(fd) != 0)
        fit_op_failed(op, errno, "the words broke off", NULL);
    else
        fit_op_succeeded(op, NULL, 0);
    if (fd >= 0)
        close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(reads) };
    return fit_run_group_tests(tests, NULL, NULL);
}
