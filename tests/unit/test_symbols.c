/* Which function an address lies in, whose it is, and call stacks. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <uv.h>

#include "fi/elf.h"
#include "fi/raw.h"
#include "fi/stack.h"
#include "fi/symbols.h"

#define NOINLINE __attribute__((noinline, noclone))

static void *here;               /* the return address that a callee saw */
static void *frames[FIT_STACK_MAX];
static unsigned frame_count;

static void NOINLINE note_caller(void)
{
    here = __builtin_return_address(0);
    __asm__ volatile("" ::: "memory");
}

static void NOINLINE plain_static(void)
{
    note_caller();
    __asm__ volatile("");
}

static void NOINLINE specialised(void) __asm__("specialised.constprop.0");
static void NOINLINE specialised(void)
{
    note_caller();
    __asm__ volatile("nop");     /* else the compiler makes one function of the two */
}

static jmp_buf back;

static void NOINLINE leaves_for_good(void)
{
    here = __builtin_return_address(0);
    longjmp(back, 1);
}

/* What the compiler makes of a call that never returns, as the last thing in a function, with
 * the next function right behind it. */
__asm__(".text\n"
        ".globl ends_with_call\n.type ends_with_call, %function\n"
        "ends_with_call:\n.cfi_startproc\n"
#if defined(__x86_64__)
        "    push %rbp\n    call *%rdi\n"
#else
        "    stp x29, x30, [sp, #-16]!\n    blr x0\n"
#endif
        ".cfi_endproc\n.size ends_with_call, .-ends_with_call\n"
        ".globl follows_at_once\n.type follows_at_once, %function\n"
        "follows_at_once:\n    ret\n.size follows_at_once, .-follows_at_once\n");
void ends_with_call(void (*callee)(void));
void follows_at_once(void);

static struct fit__symbol symbol_at(const void *address)
{
    struct fit__symbol s;
    assert_true(fit__symbol_of(address, &s));
    return s;
}

/* The same for a pointer to a function. */
#define POINTED(function) symbol_at((const char *)(uintptr_t)(function) + 1)

static void function_names(void **state)
{
    (void)state;
    plain_static();
    assert_string_equal(symbol_at(here).function, "plain_static");
    assert_true(symbol_at(here).exact);
    assert_string_equal(POINTED(plain_static).function, "plain_static");
    specialised();
    assert_string_equal(symbol_at(here).function, "specialised");
    assert_string_equal(POINTED(ends_with_call).function, "ends_with_call");
}

static void a_call_may_end_a_function(void **state)
{
    (void)state;
    if (setjmp(back) == 0) ends_with_call(leaves_for_good);
    assert_ptr_equal(here, (void *)(uintptr_t)follows_at_once);
    assert_string_equal(symbol_at(here).function, "ends_with_call");
}

static void whose_it_is(void **state)
{
    struct fit__symbol s = POINTED(whose_it_is);
    int local;
    (void)state;
    assert_true(s.users);
    assert_false(s.ours);
    assert_non_null(strstr(program_invocation_name, s.library));
    assert_true(s.object[0] == '/');
    s = POINTED(uv_version);
    assert_string_equal(s.function, "uv_version");
    assert_string_equal(s.library, "libuv");
    assert_false(s.users);
    s = POINTED(dlsym(RTLD_DEFAULT, "strtol"));
    assert_string_equal(s.library, "libc");
    assert_false(s.users);
    assert_false(fit__symbol_of(&local, &s));
    assert_false(fit__symbol_of(NULL, &s));
    assert_null(s.object);
}

/* A copy of a library in a folder of one's own, as a project has them. */
static char *copied_library(char *path, size_t size)
{
    char folder[] = "/tmp/test_symbols.XXXXXX", bytes[4096];
    FILE *from = fopen(POINTED(uv_version).object, "rb"), *to;
    size_t got;
    assert_non_null(from);
    assert_non_null(mkdtemp(folder));
    snprintf(path, size, "%s/libcopied.so.1.2", folder);
    to = fopen(path, "wb");
    assert_non_null(to);
    while ((got = fread(bytes, 1, sizeof bytes, from)) > 0)
        assert_int_equal(fwrite(bytes, 1, got, to), got);
    fclose(from);
    assert_int_equal(fclose(to), 0);
    return path;
}

static void libraries_come_and_go(void **state)
{
    char path[200];
    void *library, *function;
    struct fit__symbol s;
    (void)state;
    library = dlopen(copied_library(path, sizeof path), RTLD_NOW | RTLD_LOCAL);
    assert_non_null(library);
    function = dlsym(library, "uv_loop_close");
    s = POINTED(function);
    assert_string_equal(s.function, "uv_loop_close");
    assert_string_equal(s.library, "libcopied");
    assert_string_equal(s.object, path);
    assert_true(s.users);
    dlclose(library);
    unlink(path);
    *strrchr(path, '/') = '\0';
    rmdir(path);
    assert_false(fit__symbol_of((char *)function + 1, &s) && s.users);
}

static void NOINLINE inner(void)
{
    frame_count = fit__stack(frames, FIT_STACK_MAX);
    __asm__ volatile("");
}

static void NOINLINE outer(void)
{
    inner();
    __asm__ volatile("");
}

static void stacks(void **state)
{
    void *few[2];
    (void)state;
    outer();
    assert_true(frame_count > 3);
    assert_string_equal(symbol_at(frames[0]).function, "inner");
    assert_string_equal(symbol_at(frames[1]).function, "outer");
    assert_string_equal(symbol_at(frames[2]).function, "stacks");
    assert_int_equal(fit__stack(few, 2), 2);
    assert_string_equal(symbol_at(few[0]).function, "stacks");
}

static void nothing_is_taken_from_the_heap(void **state)
{
    struct mallinfo2 before, after;
    (void)state;
    before = mallinfo2();
    outer();
    for (unsigned i = 0; i < frame_count; i++) symbol_at(frames[i]);
    POINTED(dlsym(RTLD_DEFAULT, "fopen"));
    after = mallinfo2();
    assert_int_equal(before.uordblks, after.uordblks);
    assert_int_equal(before.hblkhd, after.hblkhd);
}

static void works_in_a_snapshot(void **state)
{
    int status;
    long child = fit__raw(SYS_clone, SIGCHLD);
    (void)state;
    if (child == 0) {
        bool good;
        outer();
        good = frame_count > 2 && strcmp(symbol_at(frames[1]).function, "outer") == 0 &&
               strcmp(POINTED(_cmocka_run_group_tests).library,
                      "libcmocka") == 0;
        fit__raw(SYS_exit_group, good ? 0 : 1);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid((pid_t)child, &status, 0), child);
    assert_int_equal(status, 0);
}

/* Broken files must be refused, wherever they are broken. */
static void broken_files(void **state)
{
    static char bytes[1 << 20];
    char path[] = "/tmp/test_elf.XXXXXX";
    int fd = mkstemp(path), self = open("/proc/self/exe", O_RDONLY);
    ssize_t size = read(self, bytes, sizeof bytes);
    struct fit__elf elf;
    (void)state;
    close(self);
    assert_true(fd >= 0 && size > 1000);
    assert_true(fit__elf_read("/nowhere/at/all", &elf) < 0);
    assert_true(fit__elf_read("/", &elf) < 0);
    for (ssize_t length = 0; length < size; length += size / 61) {
        assert_int_equal(ftruncate(fd, 0), 0);
        assert_int_equal(pwrite(fd, bytes, (size_t)length, 0), length);
        if (fit__elf_read(path, &elf) < 0) assert_int_equal(elf.count, 0);
    }
    for (unsigned i = 0; i < 400; i++) {       /* damage the tables at the end of the file */
        off_t at = i % 2 ? (off_t)(size - 1 - i * 9 % 2500) : (off_t)(16 + i % 48);
        char wrong = (char)(bytes[at] ^ (char)(1 << i % 8));
        assert_int_equal(pwrite(fd, bytes, (size_t)size, 0), size);
        assert_int_equal(pwrite(fd, &wrong, 1, at), 1);
        if (fit__elf_read(path, &elf) == 0) (void)fit__elf_function_at(&elf, 4096);
    }
    close(fd);
    unlink(path);
}

static void unarmed_without_the_library(void **state)
{
    const char *reason = fit__unarmed_reason();
    (void)state;
    assert_non_null(reason);
    assert_non_null(strstr(reason, "before libfaulttest"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(function_names),
        cmocka_unit_test(a_call_may_end_a_function),
        cmocka_unit_test(whose_it_is),
        cmocka_unit_test(libraries_come_and_go),
        cmocka_unit_test(stacks),
        cmocka_unit_test(nothing_is_taken_from_the_heap),
        cmocka_unit_test(works_in_a_snapshot),
        cmocka_unit_test(broken_files),
        cmocka_unit_test(unarmed_without_the_library),
    };
    fit__stack_warm_up();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
