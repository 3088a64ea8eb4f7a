/* A test that prints by a system call instruction of its own: nobody can define that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sys/syscall.h>

static long print_by_hand(const char *text, long size)
{
    long result;
#if defined(__x86_64__)
    __asm__ volatile("syscall" : "=a"(result) : "a"(SYS_write), "D"(1L), "S"(text), "d"(size)
                     : "rcx", "r11", "memory");
#else
    register long x8 __asm__("x8") = SYS_write;
    register long x0 __asm__("x0") = 1, x1 __asm__("x1") = (long)text, x2 __asm__("x2") = size;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
    result = x0;
#endif
    return result;
}

static void prints_by_hand(void **state)
{
    (void)state;
    assert_int_equal(print_by_hand("hello\n", 6), 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(prints_by_hand) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
