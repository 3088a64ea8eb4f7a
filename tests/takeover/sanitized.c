/* Mistakes that only a sanitizer sees, each where a call fails: a write behind a block, the use of
 * a block that is gone, undefined arithmetic. And a look-up in a thread, which makes none. */
#include <limits.h>
#include <netdb.h>
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

static volatile int most = INT_MAX;

static void writes_behind(void **state)
{
    volatile char *text = malloc(8);
    int fd = dup(0);
    (void)state;
    if (fd < 0) text[8 + (most - INT_MAX)] = 0;
    else close(fd);
    free((char *)text);
}

static void uses_what_is_gone(void **state)
{
    volatile char *text = calloc(1, 8);
    int fd = dup(0);
    (void)state;
    if (fd < 0) free((char *)text);
    most += text[0];                     /* NOLINT: the bug */
    if (fd < 0) return;
    free((char *)text);
    close(fd);
}

static void overflows(void **state)
{
    int fd = dup(0);
    (void)state;
    if (fd < 0) most = most + 1;
    else close(fd);
}

static void *look_up(void *found)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_CANONNAME }, *list = NULL;
    *(int *)found = getaddrinfo("localhost", "80", &hints, &list);
    if (list) freeaddrinfo(list);
    return found;
}

static void looks_up_in_a_thread(void **state)
{
    pthread_t thread;
    int found = -1;
    char *copy = strdup("kept by the test while the thread runs");
    (void)state;
    if (pthread_create(&thread, NULL, look_up, &found) == 0) pthread_join(thread, NULL);
    free(copy);
    assert_int_equal(found, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_behind), cmocka_unit_test(uses_what_is_gone),
        cmocka_unit_test(overflows), cmocka_unit_test(looks_up_in_a_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
