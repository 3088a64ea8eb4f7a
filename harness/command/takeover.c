/* harness/command/takeover.c - what an object file tells about itself before it is started: is
 * libfaulttest in it, or must it be loaded in front of it, and can that work at all? */
#include "harness/command/takeover.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "harness/command/session.h"

static const char library[] = "libfaulttest.so";

struct object { int fd; Elf *elf; };

static bool object_open(struct object *object, const char *path)
{
    elf_version(EV_CURRENT);
    object->fd = open(path, O_RDONLY | O_CLOEXEC);
    object->elf = object->fd < 0 ? NULL : elf_begin(object->fd, ELF_C_READ, NULL);
    return object->elf != NULL;
}

static void object_close(struct object *object)
{
    elf_end(object->elf);
    if (object->fd >= 0)
        close(object->fd);
}

static Elf_Scn *section_of(Elf *elf, GElf_Word type, GElf_Shdr *header)
{
    Elf_Scn *section = NULL;
    while ((section = elf_nextscn(elf, section)) != NULL)
        if (gelf_getshdr(section, header) && header->sh_type == type && header->sh_entsize > 0)
            return section;
    return NULL;
}

/* Is a library whose name begins so among those that the program was linked with? Returns its
 * name, which lives as long as `elf`, or NULL. */
static const char *needs(Elf *elf, const char *name)
{
    GElf_Shdr header;
    Elf_Scn *section = section_of(elf, SHT_DYNAMIC, &header);
    Elf_Data *data = section ? elf_getdata(section, NULL) : NULL;
    for (int i = 0; data && i < (int)(header.sh_size / header.sh_entsize); i++) {
        GElf_Dyn entry;
        if (!gelf_getdyn(data, i, &entry) || entry.d_tag != DT_NEEDED)
            continue;
        const char *its = elf_strptr(elf, header.sh_link, entry.d_un.d_val);
        if (its && strncmp(its, name, strlen(name)) == 0)
            return its;
    }
    return NULL;
}

/* Calls `each` for the functions that the table of this type defines, until it returns true. */
static bool any_function(Elf *elf, GElf_Word type, bool (*each)(const char *name, void *arg),
                         void *arg)
{
    GElf_Shdr header;
    Elf_Scn *section = section_of(elf, type, &header);
    Elf_Data *data = section ? elf_getdata(section, NULL) : NULL;
    for (int i = 0; data && i < (int)(header.sh_size / header.sh_entsize); i++) {
        GElf_Sym symbol;
        if (!gelf_getsym(data, i, &symbol) || symbol.st_shndx == SHN_UNDEF
            || GELF_ST_TYPE(symbol.st_info) != STT_FUNC)
            continue;
        const char *name = elf_strptr(elf, header.sh_link, symbol.st_name);
        if (name && each(name, arg))
            return true;
    }
    return false;
}

static bool is_named(const char *name, void *arg)
{
    return strcmp(name, arg) == 0;
}

static bool defines(Elf *elf, const char *name)
{
    return any_function(elf, SHT_SYMTAB, is_named, (void *)name)
        || any_function(elf, SHT_DYNSYM, is_named, (void *)name);
}

/* ---- what cannot work -------------------------------------------------------------------- */

/* The loader ignores LD_PRELOAD for a program that gets more rights than its caller has. */
static bool gains_rights(const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return false;
    return ((status.st_mode & S_ISUID) && status.st_uid != getuid())
        || ((status.st_mode & S_ISGID) && status.st_gid != getgid())
        || (getuid() != 0 && getxattr(path, "security.capability", NULL, 0) > 0);
}

static const char *sanitizer_in(Elf *elf)
{
    static const struct { const char *library, *function, *name; } known[] = {
        { "libtsan.so", "__tsan_init", "ThreadSanitizer" },
        { "libmsan.so", "__msan_init", "MemorySanitizer" },
        { "liblsan.so", "__lsan_init", "LeakSanitizer" },
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (needs(elf, known[i].library) || defines(elf, known[i].function))
            return known[i].name;
    return NULL;
}

/* The one that can be swept, as long as it is a library: it hands calls on to whoever is next. */
static const char *asan_of(Elf *elf)
{
    const char *name = needs(elf, "libasan.so");
    return name ? name : needs(elf, "libclang_rt.asan");
}

static bool has_static_asan(Elf *elf)
{
    return defines(elf, "__asan_init") && !asan_of(elf);
}

static char *elf_refused(Elf *elf, const char *path)
{
    if (defines(elf, "_cmocka_run_group_tests"))
        return fit__print("CMocka is linked into %s statically, so its groups cannot be taken "
            "over: relink with -lfaulttest before -lcmocka, and the shared library of CMocka",
            path);
    if (has_static_asan(elf))
        return fit__print("%s has the runtime of AddressSanitizer linked in statically, and "
            "nothing can be put between it and libc: link it as a library (gcc's default, "
            "-shared-libasan of clang), or sweep a build without -fsanitize=address, with "
            "Memcheck (--valgrind)", path);
    const char *sanitizer = sanitizer_in(elf);
    if (sanitizer)
        return fit__print("%s is built with %s, which does not go together with green threads and "
            "copies of the process: sweep a build without it; with --valgrind, Memcheck finds "
            "errors of memory", path, sanitizer);
    if (needs(elf, library))
        return NULL;
    if (gains_rights(path))
        return fit__print("%s is setuid, setgid or has capabilities, and nothing can be loaded in "
            "front of such a program: sweep a copy without these rights", path);
    return NULL;
}

char *fit__takeover_refused(const char *path)
{
    struct object object;
    char *refused = NULL;
    if (object_open(&object, path))
        refused = elf_refused(object.elf, path);
    object_close(&object);
    return refused;
}

/* ---- the library to load in front -------------------------------------------------------- */

/* Above the command's folder as in the build folder, or where `make install` puts both. */
static char *installed_library(void)
{
    static const char *const places[] = { "../", "../lib/" };
    char own[PATH_MAX];
    ssize_t size = readlink("/proc/self/exe", own, sizeof own - 1);
    own[size > 0 ? size : 0] = '\0';
    char *slash = strrchr(own, '/');
    int folder = slash ? (int)(slash - own) + 1 : 0;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        char *path = fit__print("%.*s%s%s", folder, own, places[i], library);
        char *real = realpath(path, NULL);
        free(path);
        if (real)
            return real;
    }
    return NULL;
}

/* AddressSanitizer wants to be the first of all. */
static char *after_asan(Elf *elf, const char *own)
{
    const char *name = elf ? asan_of(elf) : NULL;
    return name ? fit__print("%s:%s", name, own) : fit__print("%s", own);
}

bool fit__has_asan(const char *path)
{
    struct object object;
    bool has = object_open(&object, path) && asan_of(object.elf);
    object_close(&object);
    return has;
}

char *fit__peer_threads_refused(const char *path, const struct fit__words *patterns)
{
    if (patterns->count == 0 || !fit__has_asan(path))
        return NULL;
    return fit__print("--peer-thread knows threads by where they start, and all threads of %s "
        "start in the runtime of AddressSanitizer: sweep a build without -fsanitize=address", path);
}

int fit__preload_for(const char *path, char **preload, char **failure)
{
    struct object object;
    *preload = NULL;
    bool linked = object_open(&object, path) && needs(object.elf, library);
    char *own = linked ? NULL : installed_library();
    bool loadable = own && !strpbrk(own, " :");
    if (loadable)
        *preload = after_asan(object.elf, own);
    object_close(&object);
    if (linked || loadable) {
        free(own);
        return 0;
    }
    if (!own)
        *failure = fit__print("%s is not linked with %s, which is not in ../lib "
                              "of the command either, to be loaded in front of it", path, library);
    /* The loader parts the list at these. */
    else
        *failure = fit__print("%s cannot be loaded in front of %s: its path holds a space or a "
                              "colon", own, path);
    free(own);
    return -ENOENT;
}

/* ---- mocks made by the linker ------------------------------------------------------------ */

struct wrapped { Elf *ours; struct fit__text names; unsigned count; };

static bool add_wrapped(const char *name, void *arg)
{
    static const char prefix[] = "__wrap_";
    struct wrapped *wrapped = arg;
    enum { NAMES_MAX = 8 };
    if (strncmp(name, prefix, strlen(prefix)) != 0)
        return false;
    name += strlen(prefix);
    if (!any_function(wrapped->ours, SHT_DYNSYM, is_named, (void *)name))
        return false;
    if (wrapped->count++ < NAMES_MAX)
        fit__text_add(&wrapped->names, "%s%s", wrapped->count > 1 ? ", " : "", name);
    return false;
}

char *fit__wrapped_note(const char *path)
{
    struct object program, ours;
    struct wrapped wrapped = { .count = 0 };
    char *own = installed_library(), *note = NULL;
    bool open = object_open(&program, path);
    if (open & (own && object_open(&ours, own))) {
        wrapped.ours = ours.elf;
        any_function(program.elf, SHT_SYMTAB, add_wrapped, &wrapped);
        object_close(&ours);
    }
    object_close(&program);
    if (wrapped.count > 0)
        note = fit__print("%s has mocks of its own, made with -Wl,--wrap: %s. What the program "
            "calls by these names never reaches Faulttest, and nothing goes wrong there", path,
            wrapped.names.data);
    free(wrapped.names.data);
    free(own);
    return note;
}

/* ---- io_uring ---------------------------------------------------------------------------- */

char *fit__rings_note(const char *path)
{
    struct object program;
    char *note = NULL;
    if (object_open(&program, path)
        && (needs(program.elf, "liburing.so") || defines(program.elf, "io_uring_queue_mmap")))
        note = fit__print("%s uses io_uring (liburing), which the simulated kernel does not have: "
            "io_uring_setup() gives ENOSYS, and what is swept is what the program does then", path);
    object_close(&program);
    return note;
}
