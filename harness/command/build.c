/* harness/command/build.c - which build of a program a file is. */
#include "harness/command/build.h"

#include <fcntl.h>
#include <gelf.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/report/text.h"

/* The linker's own number for what it linked, as hexadecimal digits; NULL: none. */
static char *note_in(Elf_Data *data)
{
    GElf_Nhdr note;
    size_t name, description, at = 0, next;
    while ((next = gelf_getnote(data, at, &note, &name, &description)) > 0) {
        const unsigned char *bytes = (const unsigned char *)data->d_buf + description;
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4
            && memcmp((const char *)data->d_buf + name, "GNU", 4) == 0) {
            struct fit__text text = { 0 };
            for (size_t i = 0; i < note.n_descsz; i++)
                fit__text_add(&text, "%02x", bytes[i]);
            return text.data;
        }
        at = next;
    }
    return NULL;
}

static char *linkers_id(int fd)
{
    elf_version(EV_CURRENT);
    Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
    char *id = NULL;
    for (Elf_Scn *section = NULL; elf && !id && (section = elf_nextscn(elf, section)); ) {
        GElf_Shdr header;
        Elf_Data *data = NULL;
        if (gelf_getshdr(section, &header) && header.sh_type == SHT_NOTE)
            data = elf_getdata(section, NULL);
        id = data ? note_in(data) : NULL;
    }
    elf_end(elf);
    return id;
}

static char *hash_of_bytes(int fd)
{
    unsigned char bytes[65536];
    uint64_t hash = 14695981039346656037u;
    ssize_t size;
    lseek(fd, 0, SEEK_SET);
    while ((size = read(fd, bytes, sizeof bytes)) > 0)
        for (ssize_t i = 0; i < size; i++)
            hash = (hash ^ bytes[i]) * 1099511628211u;
    return fit__print("bytes-%016" PRIx64, hash);
}

char *fit__build_of(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fit__copy("unreadable");
    char *id = linkers_id(fd);
    if (!id)
        id = hash_of_bytes(fd);
    close(fd);
    return id;
}
