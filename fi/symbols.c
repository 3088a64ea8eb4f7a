/* Which function an address lies in, and whose it is. */
#include "fi/symbols.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>

#include "fi/arena.h"
#include "fi/elf.h"
#include "fi/raw.h"

enum { PATH_SIZE = 4096 };

struct object {
    struct object *next;
    const char *path, *library;
    uintptr_t load_address, start, end;
    bool users, ours, program, glibc, sanitizer;
    bool gone;                   /* unloaded: its texts are still in use */
    bool seen;                   /* during a scan */
    bool read;
    struct fit__elf elf;
};

static struct {
    struct object *first, *last; /* in the order of loading */
    unsigned long long adds, subs;
} loaded;

/* Where packages put their libraries. Valgrind's own preloads lie in libexec. */
static bool in_system_folder(const char *path)
{
    static const char *const folders[] = {
        "/lib/", "/lib32/", "/lib64/", "/libx32/",
        "/usr/lib/", "/usr/lib32/", "/usr/lib64/", "/usr/libx32/", "/usr/libexec/",
    };
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        if (strncmp(path, folders[i], strlen(folders[i])) == 0) return true;
    return false;
}

static const char *program_path(void)
{
    char path[PATH_SIZE];
    long size = fit__raw(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", path, sizeof path - 1);
    if (size <= 0) return "";
    path[size] = '\0';
    return fit__strdup(path);
}

static const char *absolute(const char *path)
{
    char folder[PATH_SIZE];
    if (path[0] == '/' || !strchr(path, '/')) return fit__strdup(path);
    if (fit__raw(SYS_getcwd, folder, sizeof folder) <= 0) return fit__strdup(path);
    return fit__format("%s/%s", folder, path);
}

/* "libuv" for libuv.so.1.0.0; a program keeps its file name. */
static const char *short_name(const char *path)
{
    const char *slash = strrchr(path, '/'), *so;
    char *name = fit__strdup(slash ? slash + 1 : path);
    so = strstr(name, ".so");
    if (so && so != name && (so[3] == '.' || so[3] == '\0')) name[so - name] = '\0';
    return name;
}

static void extent_of(const struct dl_phdr_info *info, uintptr_t *start, uintptr_t *end)
{
    *start = UINTPTR_MAX;
    *end = 0;
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        if (p->p_type != PT_LOAD) continue;
        if (info->dlpi_addr + p->p_vaddr < *start) *start = info->dlpi_addr + p->p_vaddr;
        if (info->dlpi_addr + p->p_vaddr + p->p_memsz > *end)
            *end = info->dlpi_addr + p->p_vaddr + p->p_memsz;
    }
}

static struct object *known(uintptr_t start, const char *name)
{
    for (struct object *o = loaded.first; o; o = o->next) {
        if (o->gone || o->start != start) continue;
        if (o->program || strcmp(o->path, name) == 0 || name[0] != '/') return o;
    }
    return NULL;
}

static bool is_glibc(const char *library)
{
    static const char *const parts[] = {
        "libc", "ld-linux-x86-64", "ld-linux-aarch64", "libpthread", "libdl", "libresolv",
        "libanl", "libm", "librt",
    };
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (!strcmp(library, parts[i])) return true;
    return !strncmp(library, "libnss_", 7);
}

/* By gcc's names, and clang's. */
static bool is_sanitizer(const char *path)
{
    static const char *const names[] = { "/libasan.so", "/libubsan.so", "/libclang_rt.asan",
                                         "/libclang_rt.ubsan" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strstr(path, names[i])) return true;
    return false;
}

static int scan_one(struct dl_phdr_info *info, size_t size, void *arg)
{
    struct object *o;
    uintptr_t start, end, self = (uintptr_t)&scan_one;
    (void)size;
    (void)arg;
    extent_of(info, &start, &end);
    if (start >= end) return 0;
    loaded.adds = info->dlpi_adds;
    loaded.subs = info->dlpi_subs;
    o = known(start, info->dlpi_name);
    if (!o) {
        o = fit__alloc(sizeof *o);
        /* The program comes first, and has no name. */
        o->program = !loaded.first;
        o->path = o->program ? program_path() : absolute(info->dlpi_name);
        o->library = short_name(o->path);
        o->load_address = info->dlpi_addr;
        o->start = start;
        o->end = end;
        /* libfiu runs between our frames: the user never calls it in a world. */
        o->ours = !o->program && ((self >= start && self < end) || strstr(o->path, "/libfiu.so"));
        o->users = o->program || (!o->ours && strchr(o->path, '/') && !in_system_folder(o->path));
        o->glibc = !o->program && is_glibc(o->library);
        o->sanitizer = is_sanitizer(o->path);
        if (loaded.last) loaded.last->next = o;
        else loaded.first = o;
        loaded.last = o;
    }
    o->seen = true;
    return 0;
}

static int look_at_counters(struct dl_phdr_info *info, size_t size, void *arg)
{
    (void)size;
    *(bool *)arg = loaded.first && info->dlpi_adds == loaded.adds &&
                   info->dlpi_subs == loaded.subs;
    return 1;
}

static void scan_if_changed(void)
{
    bool same = false;
    dl_iterate_phdr(look_at_counters, &same);
    if (same) return;
    for (struct object *o = loaded.first; o; o = o->next) o->seen = false;
    dl_iterate_phdr(scan_one, NULL);
    for (struct object *o = loaded.first; o; o = o->next)
        if (!o->seen) o->gone = true;
}

static void read_once(struct object *o)
{
    if (o->read) return;
    o->read = true;
    /* A file that cannot be read (the vDSO, a deleted program) just has no names. */
    (void)fit__elf_read(o->path, &o->elf);
}

static struct object *object_of(uintptr_t address)
{
    scan_if_changed();
    for (struct object *o = loaded.first; o; o = o->next)
        if (!o->gone && address >= o->start && address < o->end) return o;
    return NULL;
}

bool fit__symbol_of(const void *pointer, struct fit__symbol *symbol)
{
    /* A return address lies behind its call, and behind a call that never returns may be the
     * start of the next function: the byte before belongs to the right one always. */
    uintptr_t address = (uintptr_t)pointer - 1;
    struct object *o = object_of(address);
    const struct fit__elf_function *f;
    memset(symbol, 0, sizeof *symbol);
    if (!o) return false;
    read_once(o);
    *symbol = (struct fit__symbol){ .object = o->path, .library = o->library, .users = o->users,
                                    .load_address = o->load_address, .ours = o->ours,
                                    .glibc = o->glibc, .sanitizer = o->sanitizer };
    f = fit__elf_function_at(&o->elf, address - o->load_address);
    if (!f) return true;
    symbol->exact = address - o->load_address < f->end;
    if (symbol->exact || !o->elf.complete) symbol->function = f->name;
    return true;
}

/* In a program at a fixed address, a function whose address the program takes has the address
 * of an entry of its procedure table, for everybody: that tells nothing about who defines it. */
static bool is_table_entry(struct object *o, uintptr_t address)
{
    const struct fit__elf_function *f;
    if (!o->program || o->load_address) return false;
    read_once(o);
    f = fit__elf_function_at(&o->elf, address);
    return !f || f->start != address;
}

static const char *explain(const char *function, const struct object *o)
{
    if (!o)
        return fit__format("%s is in no object file that could be found: the program must be "
                           "linked dynamically", function);
    if (o->program)
        return fit__format("the program defines %s itself, so its calls never reach libfaulttest:"
                           " leave that definition out of the program that is swept", function);
    if (strncmp(o->library, "libtsan", 7) == 0 || strncmp(o->library, "libmsan", 7) == 0 ||
        strncmp(o->library, "liblsan", 7) == 0)
        return fit__format("%s is a sanitizer's (%s), found before libfaulttest's: build the "
                           "program that is swept without -fsanitize; --valgrind finds the same",
                           function, o->path);
    return fit__format("%s is found in %s before libfaulttest: put `pkg-config --libs faulttest` "
                       "before all other libraries when you link", function, o->path);
}

struct order { uintptr_t ours; bool libc_seen, first; };

static int look_who_is_first(struct dl_phdr_info *info, size_t size, void *arg)
{
    struct order *order = arg;
    (void)size;
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        uintptr_t start = info->dlpi_addr + part->p_vaddr;
        if (part->p_type == PT_LOAD && order->ours >= start && order->ours < start + part->p_memsz)
            order->first = !order->libc_seen;
    }
    order->libc_seen |= strstr(info->dlpi_name, "/libc.so.") != NULL;
    return 0;
}

/* AddressSanitizer's functions look at the arguments and call the next definition: ours, if it lies
 * before libc's. But its allocator is its own. */
static bool hands_on(const struct object *o)
{
    struct order order = { .ours = (uintptr_t)&fit__unarmed_reason };
    if (!o->sanitizer) return false;
    dl_iterate_phdr(look_who_is_first, &order);
    return order.first;
}

const char *fit__unarmed_reason(void)
{
    /* One or two of each family; without any of these a sweep would test nothing or would
     * wait for the real world. */
    static const char *const needed[] = {
        "syscall", "read", "write", "close", "socket", "connect", "recv", "send", "epoll_wait",
        "poll", "clock_gettime", "getaddrinfo", "pthread_create", "malloc", "free",
    };
    /* Ours are in front of these libraries', too. A program that has such a library linked in
     * statically is swept without cancel turns and callback faults. */
    static const char *const loops[] = { "uv_run", "curl_easy_setopt" };
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
        void *found = dlsym(RTLD_DEFAULT, needed[i]);
        struct object *o = found ? object_of((uintptr_t)found) : NULL;
        if (o && is_table_entry(o, (uintptr_t)found)) continue;
        if (o && hands_on(o)) continue;
        if (!o || !o->ours) return explain(needed[i], o);
    }
    for (size_t i = 0; i < sizeof loops / sizeof loops[0]; i++) {
        void *found = dlsym(RTLD_DEFAULT, loops[i]);
        struct object *o = found ? object_of((uintptr_t)found) : NULL;
        if (o && !o->ours && !o->program) return explain(loops[i], o);
    }
    return NULL;
}

void fit__symbols_self(uintptr_t *start, uintptr_t *end)
{
    const struct object *o = object_of((uintptr_t)&fit__symbols_self);
    bool shared = o && o->ours;
    *start = shared ? o->start : 0;
    *end = shared ? o->end : 0;
}
