/* The functions of one object file. */
#include "fi/elf.h"

#include <assert.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "fi/arena.h"
#include "fi/raw.h"

struct file {
    const char *bytes;
    size_t size;
};

struct table {                   /* a symbol table with its strings, checked to lie in the file */
    const Elf64_Sym *symbols;
    size_t count;
    const char *strings;
    size_t strings_size;
};

static int map_file(const char *path, struct file *f)
{
    struct stat st = { 0 };
    long fd = fit__raw(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    long at = -ENOEXEC;
    if (fd < 0) return (int)fd;
    /* An empty path with AT_EMPTY_PATH is fstat: both machines have the call, and its structure
     * is libc's. */
    long got = fit__raw(SYS_newfstatat, fd, "", &st, AT_EMPTY_PATH);
    if (got == 0 && S_ISREG(st.st_mode) && st.st_size > (off_t)sizeof(Elf64_Ehdr))
        at = fit__raw(SYS_mmap, 0, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    fit__raw(SYS_close, fd);
    if (got < 0) return (int)got;
    if (at < 0 && at > -4096) return (int)at;
    f->bytes = (const char *)at;
    f->size = (size_t)st.st_size;
    return 0;
}

static bool within(const struct file *f, uint64_t offset, uint64_t size)
{
    return offset <= f->size && size <= f->size - offset;
}

static const Elf64_Ehdr *header_of(const struct file *f)
{
    const Elf64_Ehdr *header = (const void *)f->bytes;
    if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0) return NULL;
    if (header->e_ident[EI_CLASS] != ELFCLASS64) return NULL;
    if (header->e_shentsize != sizeof(Elf64_Shdr)) return NULL;
    if (header->e_shoff % _Alignof(Elf64_Shdr)) return NULL;
    if (!within(f, header->e_shoff, (uint64_t)header->e_shnum * sizeof(Elf64_Shdr))) return NULL;
    return header;
}

static bool find_table(const struct file *f, const Elf64_Ehdr *header, uint32_t type,
                       struct table *t)
{
    const Elf64_Shdr *sections = (const void *)(f->bytes + header->e_shoff);
    for (unsigned i = 0; i < header->e_shnum; i++) {
        const Elf64_Shdr *s = &sections[i], *strings;
        if (s->sh_type != type || s->sh_link >= header->e_shnum) continue;
        strings = &sections[s->sh_link];
        if (s->sh_offset % _Alignof(Elf64_Sym) || !within(f, s->sh_offset, s->sh_size)) continue;
        if (!strings->sh_size || !within(f, strings->sh_offset, strings->sh_size)) continue;
        t->symbols = (const void *)(f->bytes + s->sh_offset);
        t->count = s->sh_size / sizeof(Elf64_Sym);
        t->strings = f->bytes + strings->sh_offset;
        t->strings_size = strings->sh_size;
        return t->strings[t->strings_size - 1] == '\0';
    }
    return false;
}

static const char *name_of(const struct table *t, const Elf64_Sym *s)
{
    return s->st_name < t->strings_size ? t->strings + s->st_name : "";
}

/* A C or C++ name has neither a dot nor an at sign: behind the first stands what the compiler
 * (.constprop.0, .isra.0, .part.1, .cold) or the linker (@@VERSION) added. */
static size_t name_length(const char *name)
{
    return strcspn(name, ".@");
}

static bool is_function(const struct table *t, const Elf64_Sym *s)
{
    unsigned type = ELF64_ST_TYPE(s->st_info);
    if (type != STT_FUNC && type != STT_GNU_IFUNC) return false;
    return s->st_shndx != SHN_UNDEF && name_length(name_of(t, s)) > 0;
}

/* Of several names people know the one without underscores and the global one best. */
static uint8_t rank_of(const char *name, const Elf64_Sym *s)
{
    size_t underscores = strspn(name, "_");
    unsigned binding = ELF64_ST_BIND(s->st_info);
    unsigned cut = name[name_length(name)] == '.' ? 1 : 0;
    if (underscores > 3) underscores = 3;
    return (uint8_t)(cut * 16 + underscores * 4 +
                     (binding == STB_GLOBAL ? 0 : binding == STB_WEAK ? 1 : 2));
}

static bool before(const struct fit__elf_function *a, const struct fit__elf_function *b)
{
    if (a->start != b->start) return a->start < b->start;
    if (a->rank != b->rank) return a->rank < b->rank;
    return strcmp(a->name, b->name) < 0;
}

static void sift_down(struct fit__elf_function *v, size_t from, size_t count)
{
    struct fit__elf_function moved = v[from];
    for (size_t child; (child = 2 * from + 1) < count; from = child) {
        if (child + 1 < count && before(&v[child], &v[child + 1])) child++;
        if (!before(&moved, &v[child])) break;
        v[from] = v[child];
    }
    v[from] = moved;
}

/* qsort() of libc allocates. */
static void sort(struct fit__elf_function *v, size_t count)
{
    for (size_t i = count / 2; i-- > 0;) sift_down(v, i, count);
    for (size_t i = count; i-- > 1;) {
        struct fit__elf_function last = v[i];
        v[i] = v[0];
        v[0] = last;
        sift_down(v, 0, i);
    }
}

/* Keeps the first of those that start at the same place, with the longest extent. */
static size_t drop_aliases(struct fit__elf_function *v, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept && v[kept - 1].start == v[i].start) {
            if (v[i].end > v[kept - 1].end) v[kept - 1].end = v[i].end;
            continue;
        }
        v[kept++] = v[i];
    }
    return kept;
}

static void read_functions(const struct table *t, struct fit__elf *elf)
{
    size_t count = 0, bytes = 0;
    char *names;
    for (size_t i = 0; i < t->count; i++) {
        if (!is_function(t, &t->symbols[i])) continue;
        count++;
        bytes += name_length(name_of(t, &t->symbols[i])) + 1;
    }
    if (!count) return;
    elf->functions = fit__alloc(count * sizeof *elf->functions);
    names = fit__alloc(bytes);
    for (size_t i = 0; i < t->count; i++) {
        const Elf64_Sym *s = &t->symbols[i];
        const char *name = name_of(t, s);
        size_t length = name_length(name);
        if (!is_function(t, s)) continue;
        elf->functions[elf->count++] = (struct fit__elf_function){
            .start = s->st_value, .end = s->st_value + s->st_size,
            .name = memcpy(names, name, length), .rank = rank_of(name, s) };
        names += length + 1;
    }
    assert(elf->count == count);
    sort(elf->functions, count);
    elf->count = drop_aliases(elf->functions, count);
}

int fit__elf_read(const char *path, struct fit__elf *elf)
{
    struct file f;
    struct table exported = { 0 }, all;
    const Elf64_Ehdr *header;
    int err;
    memset(elf, 0, sizeof *elf);
    err = map_file(path, &f);
    if (err) return err;
    err = -ENOEXEC;
    header = header_of(&f);
    if (!header) goto out;
    elf->complete = find_table(&f, header, SHT_SYMTAB, &all);
    if (elf->complete) read_functions(&all, elf);
    else if (find_table(&f, header, SHT_DYNSYM, &exported)) read_functions(&exported, elf);
    err = 0;
out:
    fit__raw(SYS_munmap, f.bytes, f.size);
    return err;
}

const struct fit__elf_function *fit__elf_function_at(const struct fit__elf *elf,
                                                     uintptr_t offset)
{
    size_t low = 0, high = elf->count;       /* the last with start <= offset is below `high` */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (elf->functions[middle].start <= offset) low = middle + 1;
        else high = middle;
    }
    return low ? &elf->functions[low - 1] : NULL;
}
