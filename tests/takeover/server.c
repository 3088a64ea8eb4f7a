/* A suite whose server runs in a thread of its own, started by the setup, as many do: blocking
 * calls over 127.0.0.1. It knows nothing of Faulttest. */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- the product: asks for one line -------------------------------------------------------- */

/* The line, which the caller frees, or NULL. */
static char *ask(unsigned short port, const char *question)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct timeval limit = { .tv_sec = 5 };
    char *line = calloc(1, 64);
    size_t have = 0;
    ssize_t size;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (!line || fd < 0) return NULL;                /* NOLINT: the first bug: the other stays */
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0
        || send(fd, question, strlen(question), MSG_NOSIGNAL) != (ssize_t)strlen(question))
        goto failed;
    while (!strchr(line, '\n')) {
        size = recv(fd, line + have, 63 - have, 0);
        if (size <= 0) return NULL;                  /* the second: both stay */
        have += (size_t)size;
    }
    close(fd);
    return line;
failed:
    close(fd);
    free(line);
    return NULL;
}

/* ---- the server, part of the tests --------------------------------------------------------- */

struct server {
    int listener;
    unsigned short port;
    pthread_t thread;
    char *greeting;              /* from the setup; the thread frees it */
};

/* What it keeps is nobody's leak, and it would not survive a fault of its own. */
static void *server_main(void *arg)
{
    struct server *server = arg;
    char question[64], *last = NULL;
    for (;;) {
        int fd = accept(server->listener, NULL, NULL);
        if (fd < 0) break;
        ssize_t size = recv(fd, question, sizeof question, 0);
        if (size == 0) {
            close(fd);
            break;
        }
        if (size < 0) abort();
        free(last);
        last = malloc((size_t)size);
        memcpy(last, question, (size_t)size);
        if (dup(fd) < 0) abort();
        send(fd, "noon\n", 5, MSG_NOSIGNAL);
        shutdown(fd, SHUT_RDWR);
        close(fd);
#ifdef ONCE
        break;
#endif
    }
    free(server->greeting);
    return last;
}

static int start_server(void **state)
{
    struct server *server = calloc(1, sizeof *server);
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof at;
    *state = server;
    server->greeting = strdup("welcome");
    server->listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(server->listener, (struct sockaddr *)&at, sizeof at) < 0
        || listen(server->listener, 8) < 0
        || getsockname(server->listener, (struct sockaddr *)&at, &size) < 0)
        return -1;
    server->port = ntohs(at.sin_port);
    return pthread_create(&server->thread, NULL, server_main, server);
}

#ifdef ONCE
/* Waits for ever if nobody came. */
static int stop_server(void **state)
{
    struct server *server = *state;
    pthread_join(server->thread, NULL);
    close(server->listener);
    free(server);
    return 0;
}
#else
/* A connection that asks nothing ends the server. */
static int stop_server(void **state)
{
    struct server *server = *state;
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(server->port),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) < 0) return -1;
    shutdown(fd, SHUT_WR);
    pthread_join(server->thread, NULL);
    close(fd);
    close(server->listener);
    free(server);
    return 0;
}
#endif

/* ---- tests ------------------------------------------------------------------------------- */

static void asks(void **state)
{
    struct server *server = *state;
    char *line = ask(server->port, "time\n");
    assert_true(!line || !strcmp(line, "noon\n"));
    free(line);
}

static void demands(void **state)
{
    struct server *server = *state;
    char *line = ask(server->port, "time\n");
    assert_non_null(line);
    assert_string_equal(line, "noon\n");
    free(line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(asks, start_server, stop_server),
        cmocka_unit_test_setup_teardown(demands, start_server, stop_server),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
