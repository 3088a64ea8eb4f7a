/* fi/elf.h - the functions of one object file.
 *
 * Reads the file itself, with system calls of our own and memory from the arena: usable in a
 * snapshot and under Memcheck, where libc's readers would allocate from the service's heap. */
#ifndef FI_ELF_H
#define FI_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fit__elf_function {
    uintptr_t start, end;        /* without the load address */
    const char *name;            /* without compiler suffixes and version */
    uint8_t rank;                /* of several names for one address the lowest is kept */
};

struct fit__elf {
    struct fit__elf_function *functions;     /* ascending, one for each start */
    size_t count;
    bool complete;               /* from .symtab: static functions are there, too */
};

/* Fills `elf`, whose memory then lives as long as the process. 0, or -errno; -ENOEXEC: not an
 * object file of this machine's word size. On failure `elf` is empty and may be used. */
int fit__elf_read(const char *path, struct fit__elf *elf);

/* The function that holds `offset`, or, if none does, the nearest below it; NULL: none. */
const struct fit__elf_function *fit__elf_function_at(const struct fit__elf *elf,
                                                     uintptr_t offset);

#endif
