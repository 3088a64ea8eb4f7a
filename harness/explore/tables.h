/* harness/explore/tables.h - what an object file of this process imports, by its own tables, and
 * where the loader has written what it found. */
#ifndef HARNESS_EXPLORE_TABLES_H
#define HARNESS_EXPLORE_TABLES_H

#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__)
enum { FIT_JUMP_SLOT = R_X86_64_JUMP_SLOT, FIT_GLOB_DAT = R_X86_64_GLOB_DAT,
       FIT_ABSOLUTE = R_X86_64_64 };
#else
enum { FIT_JUMP_SLOT = R_AARCH64_JUMP_SLOT, FIT_GLOB_DAT = R_AARCH64_GLOB_DAT,
       FIT_ABSOLUTE = R_AARCH64_ABS64 };
#endif

struct fit__tables {
    uintptr_t load_address, start, end;
    const char *strings;
    const ElfW(Sym) *symbols;
    const ElfW(Rela) *eager, *lazy;
    size_t eager_size, lazy_size;        /* in bytes */
    bool at_once;                        /* all that it imports was looked up when it was loaded */
};

void fit__tables_read(const struct dl_phdr_info *info, struct fit__tables *tables);

#endif
