/* harness/command/debugger.c - a replay inside gdb. */
#include "harness/command/debugger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/report/text.h"

/* The script is part of the command, as it stands. */
__asm__(".section .rodata\n"
        "fit__gdb_script: .incbin \"harness/command/gdb.py\"\n"
        "fit__gdb_script_end: .byte 0\n"
        ".global fit__gdb_script\n.global fit__gdb_script_end\n"
        ".previous\n");
extern const char fit__gdb_script[], fit__gdb_script_end[];

char *fit__debugger_script(void)
{
    char name[] = "/tmp/faulttest-gdb-XXXXXX.py";
    size_t size = (size_t)((uintptr_t)fit__gdb_script_end - (uintptr_t)fit__gdb_script);
    int fd = mkostemps(name, 3, O_CLOEXEC);
    if (fd < 0)
        return NULL;
    ssize_t written = write(fd, fit__gdb_script, size);
    close(fd);
    if (written == (ssize_t)size)
        return fit__copy(name);
    unlink(name);
    errno = ENOSPC;
    return NULL;
}

/* One word for the shell. */
static void quote(struct fit__text *text, const char *word)
{
    fit__text_add(text, " '");
    for (; *word; word++) {
        if (*word == '\'')
            fit__text_add(text, "'\\'");
        fit__text_bytes(text, word, 1);
    }
    fit__text_add(text, "'");
}

char **fit__debugger_arguments(const char *script, const char *program, char *const *environment)
{
    struct fit__text wrapper = { 0 };
    char **list = fit__get(12 * sizeof *list);
    size_t count = 0;
    fit__text_add(&wrapper, "set exec-wrapper env -i");
    for (size_t i = 0; environment[i]; i++)
        quote(&wrapper, environment[i]);
    list[count++] = fit__copy("gdb");
    list[count++] = fit__copy("-q");
    list[count++] = fit__copy("-x");
    list[count++] = fit__copy(script);
    list[count++] = fit__copy("-ex");
    list[count++] = wrapper.data;
    list[count++] = fit__copy("-ex");
    list[count++] = fit__copy("run");
    list[count++] = fit__copy("--args");
    list[count++] = fit__copy(program);
    return list;
}
