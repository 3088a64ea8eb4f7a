/* harness/command/binary.c - can this file be started as a test binary at all? */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/command/session.h"
#include "harness/command/takeover.h"

#if defined(__x86_64__)
enum { MACHINE = EM_X86_64 };
#else
enum { MACHINE = EM_AARCH64 };
#endif

/* Another libc than glibc has other structures behind the same names. */
static char *loader_refused(Elf *elf, const GElf_Phdr *segment, const char *path)
{
    size_t size;
    const char *bytes = elf_rawfile(elf, &size);
    if (!bytes || segment->p_offset >= size || segment->p_filesz > size - segment->p_offset
        || !memmem(bytes + segment->p_offset, segment->p_filesz, "ld-musl", strlen("ld-musl")))
        return NULL;
    return fit__print("%s is built for musl: only programs for glibc can be tested", path);
}

/* NULL if `elf` is a dynamic program for this machine. */
static char *elf_refused(Elf *elf, const char *path)
{
    GElf_Ehdr header;
    size_t count;
    if (elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &header)
        || elf_getphdrnum(elf, &count) != 0)
        return fit__print("%s is no program: it has no ELF header (a script? Name the program "
                          "that it starts, with libtool .libs/NAME)", path);
    if (header.e_machine != MACHINE || header.e_ident[EI_CLASS] != ELFCLASS64)
        return fit__print("%s is for another machine than this one: build it for this one", path);
    for (size_t i = 0; i < count; i++) {
        GElf_Phdr segment;
        if (gelf_getphdr(elf, (int)i, &segment) && segment.p_type == PT_INTERP)
            return loader_refused(elf, &segment, path);
    }
    return fit__print("%s is %s: only dynamically linked programs can be tested", path,
                      header.e_type == ET_REL ? "an object file" : header.e_type == ET_DYN
                      ? "a shared library or a static program" : "linked statically");
}

char *fit__binary_refused(const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return errno == ENOENT ? fit__print("%s does not exist", path)
                               : fit__print("%s: %s", path, strerror(errno));
    if (!S_ISREG(status.st_mode))
        return fit__print("%s is no file that can be started", path);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fit__print("%s: %s", path, strerror(errno));
    elf_version(EV_CURRENT);
    Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
    char *refused = elf_refused(elf, path);
    elf_end(elf);
    close(fd);
    if (!refused && access(path, X_OK) != 0)
        refused = fit__print("%s is not executable: %s", path, strerror(errno));
    if (!refused)
        refused = fit__takeover_refused(path);
    return refused;
}

bool fit__have_program(const char *name)
{
    const char *folders = getenv("PATH");
    while (folders && *folders) {
        size_t size = strcspn(folders, ":");
        char *path = fit__print("%.*s/%s", (int)size, size ? folders : ".", name);
        bool there = access(path, X_OK) == 0;
        free(path);
        if (there)
            return true;
        folders += size + (folders[size] == ':');
    }
    return false;
}
