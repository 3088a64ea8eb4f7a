/* A suite that mocks libc's recv with -Wl,--wrap=recv, and a function of its own likewise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

int own_number(void);
ssize_t __wrap_recv(int fd, void *bytes, size_t size, int flags);
int __wrap_own_number(void);

int own_number(void)
{
    return 1;
}

ssize_t __wrap_recv(int fd, void *bytes, size_t size, int flags)
{
    (void)fd, (void)flags;
    memset(bytes, 'x', size);
    return (ssize_t)size;
}

int __wrap_own_number(void)
{
    return 2;
}

static void receives(void **state)
{
    char bytes[4];
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    (void)state;
    if (fd < 0) return;
    assert_int_equal(recv(fd, bytes, sizeof bytes, 0), sizeof bytes);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(receives) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
