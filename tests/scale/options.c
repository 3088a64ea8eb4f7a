/* A connection to itself, and OPTIONS: what a test asks for in the words of the command line. */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include <faulttest.h>

static int through(const int *ends, char *text, size_t size)
{
    size_t have = 0;
    if (write(ends[1], "12345678", size) != (ssize_t)size)
        return errno ? errno : EIO;
    while (have < size) {
        ssize_t n = read(ends[0], text + have, size - have);
        if (n <= 0)
            return n ? errno : EIO;
        have += (size_t)n;
    }
    return 0;
}

/* Both ends of a connection to itself: 0 or a negative errno. */
static int both_ends(int *ends)
{
    struct sockaddr_in here = { .sin_family = AF_INET, .sin_port = htons(28417) };
    socklen_t size = sizeof here;
    int listener = socket(AF_INET, SOCK_STREAM, 0), err = 0, yes = 1;
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ends[0] = ends[1] = -1;
    if (listener < 0 || setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0
        || bind(listener, (struct sockaddr *)&here, size) != 0
        || listen(listener, 1) != 0
        || (ends[0] = socket(AF_INET, SOCK_STREAM, 0)) < 0
        || connect(ends[0], (struct sockaddr *)&here, size) != 0
        || (ends[1] = accept(listener, NULL, NULL)) < 0)
        err = -errno;
    if (listener >= 0)
        close(listener);
    return err;
}

static void passes_on(void **state)
{
    char text[8];
    int ends[2], err;
    (void)state;
    fit_options(OPTIONS);
    struct fit_op *op = fit_op("text");
    err = -both_ends(ends);
    errno = 0;
    if (!err)
        err = through(ends, text, sizeof text);
    for (int i = 0; i < 2; i++)
        if (ends[i] >= 0)
            close(ends[i]);
    if (err)
        fit_op_failed(op, err, strerror(err), NULL);
    else
        fit_op_succeeded(op, text, sizeof text);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(passes_on) };
    return fit_run_group_tests(tests, NULL, NULL);
}
