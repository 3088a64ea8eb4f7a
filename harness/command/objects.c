/* harness/command/objects.c - the files a program is made of, and what they import. */
#include "harness/command/objects.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/command/instruction.h"
#include "harness/command/options.h"

enum { CALLS_MOST = 100 };

/* ---- names ------------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

bool fit__names_have(const struct fit__names *names, const char *name)
{
    return names->count && bsearch(&name, names->list, names->count, sizeof name, by_name);
}

static void add_name(struct fit__names *names, const char *name)
{
    names->list = fit__grow(names->list, names->count, sizeof *names->list);
    names->list[names->count++] = fit__print("%.*s", (int)strcspn(name, "@"), name);
}

static void sort_names(struct fit__names *names)
{
    size_t kept = 0;
    if (names->count) qsort(names->list, names->count, sizeof *names->list, by_name);
    for (size_t i = 0; i < names->count; i++) {
        if (kept && strcmp(names->list[kept - 1], names->list[i]) == 0) free(names->list[i]);
        else names->list[kept++] = names->list[i];
    }
    names->count = kept;
}

/* ---- one file ---------------------------------------------------------------------------- */

static bool is_function(const GElf_Sym *symbol)
{
    unsigned type = GELF_ST_TYPE(symbol->st_info);
    return type == STT_FUNC || type == STT_GNU_IFUNC;
}

static void take_symbol(struct fit__object *object, const GElf_Sym *symbol, const char *name,
                        bool dynamic)
{
    bool global = GELF_ST_BIND(symbol->st_info) != STB_LOCAL;
    if (!*name) return;
    if (dynamic && symbol->st_shndx == SHN_UNDEF && global) add_name(&object->imports, name);
    if (symbol->st_shndx == SHN_UNDEF || !is_function(symbol)) return;
    if (dynamic && global) add_name(&object->exports, name);
    if (global || GELF_ST_VISIBILITY(symbol->st_other) == STV_HIDDEN)
        add_name(&object->defines, name);
}

static void take_symbols(struct fit__object *object, Elf *elf, Elf_Scn *section,
                         const GElf_Shdr *header)
{
    Elf_Data *data = elf_getdata(section, NULL);
    GElf_Sym symbol;
    for (int i = 1; data && gelf_getsym(data, i, &symbol); i++) {
        const char *name = elf_strptr(elf, header->sh_link, symbol.st_name);
        if (name) take_symbol(object, &symbol, name, header->sh_type == SHT_DYNSYM);
    }
}

/* Data between functions would put the walk out of step: each function is walked by itself, and
 * all the section only where there are no names. */
static void scan(struct fit__object *object, const Elf_Data *code, uint64_t section_start,
                 uint64_t start, uint64_t size, bool arm)
{
    uint64_t offset = start - section_start;
    if (start < section_start || offset > code->d_size || size > code->d_size - offset) return;
    const uint8_t *bytes = (const uint8_t *)code->d_buf + offset;
    for (size_t at = fit__system_call_in(bytes, size, 0, arm); at < size;
         at = fit__system_call_in(bytes, size, at + 1, arm)) {
        char *place = fit__print("%llx@%s", (unsigned long long)start + at + 1, object->path);
        if (object->calls.count < CALLS_MOST) fit__words_add(&object->calls, place);
        free(place);
    }
}

static bool scan_functions(struct fit__object *object, Elf *elf, const Elf_Data *code,
                           size_t code_index, const GElf_Shdr *code_header, bool arm)
{
    Elf_Scn *section = NULL;
    bool any = false;
    while ((section = elf_nextscn(elf, section))) {
        GElf_Shdr header;
        GElf_Sym symbol;
        if (!gelf_getshdr(section, &header) || header.sh_type != SHT_SYMTAB) continue;
        Elf_Data *data = elf_getdata(section, NULL);
        for (int i = 1; data && gelf_getsym(data, i, &symbol); i++) {
            if (!is_function(&symbol) || symbol.st_shndx != code_index) continue;
            any = true;
            scan(object, code, code_header->sh_addr, symbol.st_value, symbol.st_size, arm);
        }
    }
    return any;
}

static void scan_section(struct fit__object *object, Elf *elf, Elf_Scn *section,
                         const GElf_Shdr *header, bool arm)
{
    Elf_Data *code = elf_getdata(section, NULL);
    if (!code || !code->d_buf) return;
    if (!scan_functions(object, elf, code, elf_ndxscn(section), header, arm))
        scan(object, code, header->sh_addr, header->sh_addr, code->d_size, arm);
}

static void read_elf(struct fit__object *object, Elf *elf)
{
    GElf_Ehdr top;
    Elf_Scn *section = NULL;
    if (elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &top)) return;
    while ((section = elf_nextscn(elf, section))) {
        GElf_Shdr header;
        if (!gelf_getshdr(section, &header)) continue;
        if (header.sh_type == SHT_DYNSYM || header.sh_type == SHT_SYMTAB)
            take_symbols(object, elf, section, &header);
        if (object->users && header.sh_type == SHT_PROGBITS && header.sh_flags & SHF_EXECINSTR)
            scan_section(object, elf, section, &header, top.e_machine == EM_AARCH64);
    }
}

static bool in_system_folder(const char *path)
{
    return strncmp(path, "/lib", 4) == 0 || strncmp(path, "/usr/lib", 8) == 0;
}

static int by_place(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void read_object(struct fit__object *object, const char *path, bool program)
{
    const char *slash = strrchr(path, '/');
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    object->path = fit__copy(path);
    object->name = slash ? object->path + (slash - path) + 1 : object->path;
    object->users = program || (!in_system_folder(path) && !strstr(object->name, "libfaulttest"));
    if (fd < 0) return;
    elf_version(EV_CURRENT);
    Elf *elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
    read_elf(object, elf);
    elf_end(elf);
    close(fd);
    sort_names(&object->imports);
    sort_names(&object->exports);
    sort_names(&object->defines);
    /* Several names of one function find the same instruction. */
    struct fit__words *calls = &object->calls;
    size_t kept = 0;
    if (calls->count) qsort(calls->list, calls->count, sizeof *calls->list, by_place);
    for (size_t i = 0; i < calls->count; i++)
        if (!kept || strcmp(calls->list[kept - 1], calls->list[i])) calls->list[kept++] =
            calls->list[i];
    calls->count = kept;
}

/* ---- all of them ------------------------------------------------------------------------- */

/* What the loader would load, as ldd asks it. */
static FILE *ask_loader(const char *path, pid_t *child)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return NULL;
    *child = fork();
    if (*child == 0) {
        dup2(ends[1], 1);
        setenv("LD_TRACE_LOADED_OBJECTS", "1", 1);
        execl(path, path, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    if (*child < 0) close(ends[0]);
    return *child < 0 ? NULL : fdopen(ends[0], "r");
}

static struct fit__object *new_object(struct fit__program *program)
{
    program->objects = fit__grow(program->objects, program->count, sizeof *program->objects);
    program->objects[program->count] = (struct fit__object){ 0 };
    return &program->objects[program->count++];
}

/* "\tlibuv.so.1 => /usr/lib/libuv.so.1 (0x...)", "\t/lib64/ld-linux-x86-64.so.2 (0x...)". */
static bool take_line(struct fit__program *program, char *line)
{
    char *arrow = strstr(line, "=> "), *at = arrow ? arrow + 3 : line + strspn(line, " \t");
    at[strcspn(at, " \n")] = '\0';
    if (arrow && strcmp(at, "not") == 0) {
        fit__fail_with(0, fit__print("a library is missing: %.*s", (int)(arrow - line - 1),
                                     line + strspn(line, " \t")));
        return false;
    }
    if (*at == '/' && !strstr(at, "/ld-linux")) read_object(new_object(program), at, false);
    return true;
}

/* A program that is not linked with us yet: our library lies beside the command, or in lib. */
static void read_unlinked(struct fit__program *program)
{
    static const char *const places[] = { "../libfaulttest.so", "../lib/libfaulttest.so" };
    char own[PATH_MAX];
    ssize_t size = readlink("/proc/self/exe", own, sizeof own - 1);
    own[size > 0 ? size : 0] = '\0';
    char *slash = strrchr(own, '/');
    for (size_t i = 0; slash && i < 2 && !program->unlinked.path; i++) {
        char *path = fit__print("%.*s/%s", (int)(slash - own), own, places[i]);
        if (access(path, R_OK) == 0) read_object(&program->unlinked, path, false);
        free(path);
    }
}

bool fit__program_read(const char *path, struct fit__program *program)
{
    char *line = NULL, *real = realpath(path, NULL);
    size_t room = 0;
    pid_t child = -1;
    bool complete = true;
    FILE *lines = real ? ask_loader(real, &child) : NULL;
    if (!lines) {
        fit__fail_with(0, fit__print("%s: %s", path, strerror(errno)));
        free(real);
        return false;
    }
    read_object(new_object(program), real, true);
    while (getline(&line, &room, lines) >= 0) complete &= take_line(program, line);
    fclose(lines);
    waitpid(child, NULL, 0);
    free(line);
    free(real);
    for (size_t i = 0; i < program->count; i++) {
        if (strcmp(program->objects[i].name, "libc.so.6") == 0) program->libc =
            &program->objects[i];
        if (strncmp(program->objects[i].name, "libfaulttest.so", 15) == 0)
            program->ours = &program->objects[i];
    }
    if (!program->ours) read_unlinked(program);
    return complete && program->libc != NULL;
}
