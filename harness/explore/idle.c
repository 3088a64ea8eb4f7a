/* Libraries that a test loads and does not call.
 *
 * A program that links libcurl gets sixty libraries, and calls a few. What the loader has written
 * into the others (relocated tables, their variables) is memory of this process, which Linux copies
 * page by page for each case, with three kinds of bookkeeping for each mapping. So it is moved into
 * a file without a name, which is mapped in its place, privately: the same bytes at the same
 * addresses with the same rights, but until somebody writes there is nothing to copy. */
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "fi/arena.h"
#include "fi/raw.h"
#include "harness/explore/explore.h"
#include "harness/judge/judge.h"

enum { PAGE = 4096, MAPS_MOST = 1 << 20, ENTRIES_AT_ONCE = 512 };
/* More than that is a table that is reserved and not filled. */
#define LARGEST ((size_t)1 << 20)

/* Has this process a page of it in use? What only the process that it is a copy of has used of a
 * file is not. */
static bool is_used(int pagemap, uintptr_t start, uintptr_t end)
{
    uint64_t entries[ENTRIES_AT_ONCE];
    for (uintptr_t page = start / PAGE; page < (end + PAGE - 1) / PAGE; page += ENTRIES_AT_ONCE) {
        uintptr_t count = (end + PAGE - 1) / PAGE - page;
        if (count > ENTRIES_AT_ONCE) count = ENTRIES_AT_ONCE;
        if (fit__raw(SYS_pread64, pagemap, entries, count * sizeof entries[0],
                     page * sizeof entries[0]) != (long)(count * sizeof entries[0]))
            return true;
        for (uintptr_t i = 0; i < count; i++)
            if (entries[i] >> 63) return true;
    }
    return false;
}

struct noting { struct fit__reference *r; int pagemap; };

/* Notes where the loader has written, if no instruction of the object was executed. */
static int note(struct dl_phdr_info *info, size_t size, void *arg)
{
    struct noting *n = arg;
    const ElfW(Phdr) *written = NULL;
    (void)size;
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        uintptr_t start = info->dlpi_addr + p->p_vaddr;
        if (p->p_type != PT_LOAD) continue;
        if (p->p_flags & PF_X && is_used(n->pagemap, start, start + p->p_memsz)) return 0;
        if (p->p_flags & PF_W) written = p;
    }
    if (written && n->r->idle_count < FIT_IDLE_MAX)
        n->r->idle[n->r->idle_count++] = (struct fit__range){
            (info->dlpi_addr + written->p_vaddr) & ~(uintptr_t)(PAGE - 1),
            info->dlpi_addr + written->p_vaddr + written->p_memsz };
    return 0;
}

/* Valgrind follows where files are mapped, and a sanitizer where variables lie. */
static bool worth_it(void)
{
    const struct fit__orders *o = &fit__session.orders;
    return o->job == FIT_J_RUN && !o->real && !fit__under_valgrind() && !fit__asan;
}

void fit__idle_note(struct fit__reference *r)
{
    struct noting n = { .r = r };
    if (!worth_it()) return;
    n.pagemap = (int)fit__raw(SYS_openat, AT_FDCWD, "/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    if (n.pagemap < 0) return;
    dl_iterate_phdr(note, &n);
    fit__raw(SYS_close, n.pagemap);
}

/* The mappings of this process as the kernel tells them; NULL: it does not. */
static char *read_maps(void)
{
    long n, fd = fit__raw(SYS_openat, AT_FDCWD, "/proc/self/maps", O_RDONLY | O_CLOEXEC);
    size_t have = 0;
    char *text;
    if (fd < 0) return NULL;
    text = fit__alloc(MAPS_MOST);
    while (have < MAPS_MOST - 1
           && (n = fit__raw(SYS_read, fd, text + have, MAPS_MOST - 1 - have)) > 0)
        have += (size_t)n;
    fit__raw(SYS_close, fd);
    return text;
}

static bool is_idle(const struct fit__reference *r, uintptr_t start, uintptr_t end)
{
    for (unsigned i = 0; i < r->idle_count; i++)
        if (start >= r->idle[i].start && end < r->idle[i].end + PAGE) return true;
    return false;
}

static void move(int file, size_t *size, uintptr_t start, uintptr_t end, int protection)
{
    const size_t length = end - start;
    long got;
    if (fit__raw(SYS_pwrite64, file, start, length, *size) != (long)length) return;
    got = fit__raw(SYS_mmap, start, length, protection, MAP_PRIVATE | MAP_FIXED, file, *size);
    if (got != (long)start) {
        fit__send_error(70, "cannot map memory anew: error %ld from mmap", -got);
        fit__die();
    }
    *size += length;
}

void fit__idle_move(const struct fit__reference *r)
{
    static bool done;
    char *maps = done || !worth_it() ? NULL : read_maps();
    int file = maps ? (int)fit__raw(SYS_memfd_create, "idle", MFD_CLOEXEC) : -1;
    size_t size = 0;
    done = true;
    for (char *line = maps; file >= 0 && line && *line; line = strchr(line, '\n') + 1) {
        unsigned long start, end;
        char rights[5];
        if (sscanf(line, "%lx-%lx %4s", &start, &end, rights) != 3 || !strchr(line, '\n')) break;
        if (end - start > LARGEST || !is_idle(r, start, end)) continue;
        if (!strcmp(rights, "r--p")) move(file, &size, start, end, PROT_READ);
        if (!strcmp(rights, "rw-p")) move(file, &size, start, end, PROT_READ | PROT_WRITE);
    }
    if (file >= 0) fit__raw(SYS_close, file);
    fit__free(maps);
}
