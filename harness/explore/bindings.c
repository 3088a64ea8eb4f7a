/* Whose definition each object file of the process got for each function that we define: read
 * from its own tables, where the loader has written it. */
#include <dlfcn.h>
#include <link.h>
#include <string.h>

#include "fi/symbols.h"
#include "harness/explore/audit.h"
#include "harness/explore/explore.h"
#include "harness/explore/record.h"
#include "harness/explore/tables.h"

static struct { void *ours, *libc; uintptr_t start, end; } handles;

static bool is_ours(const void *address)
{
    return (uintptr_t)address >= handles.start && (uintptr_t)address < handles.end;
}

static void send_bound(const struct fit__tables *t, const char *name, const void *found)
{
    char memory[2048];
    struct fit__record r;
    struct fit__symbol importer, definer;
    fit__symbol_of((const void *)(t->start + 1), &importer);
    if (!fit__symbol_of((const char *)found + 1, &definer) || importer.ours) return;
    if (definer.sanitizer) return;       /* it hands on: fi/symbols.c */
    fit__record_begin(&r, memory, sizeof memory, "bound");
    fit__record_add(&r, "function", "%s", name);
    fit__record_add(&r, "object", "%s", importer.object);
    fit__record_add(&r, "found", "%s", definer.object);
    fit__record_send(&r);
}

/* A library whose functions we wrap (libuv) calls its own directly: only what libc defines counts
 * there. A slot that points back into its own object is not resolved yet, or the entry in the
 * program's procedure table that stands for the function everywhere. */
static void look_at(const struct fit__tables *t, const ElfW(Rela) *r)
{
    unsigned type = ELF64_R_TYPE(r->r_info);
    const ElfW(Sym) *s = &t->symbols[ELF64_R_SYM(r->r_info)];
    const char *name = t->strings + s->st_name;
    const void *found, *mine;
    bool inside;
    if (type != FIT_JUMP_SLOT && type != FIT_GLOB_DAT && type != FIT_ABSOLUTE) return;
    if (!ELF64_R_SYM(r->r_info) || ELF64_ST_TYPE(s->st_info) == STT_OBJECT || !*name) return;
    mine = dlsym(handles.ours, name);
    if (!mine || !is_ours(mine)) return;
    found = *(void *const *)(t->load_address + r->r_offset);
    inside = (uintptr_t)found >= t->start && (uintptr_t)found < t->end;
    if (inside && s->st_shndx == SHN_UNDEF) found = dlsym(RTLD_DEFAULT, name);
    if (!found || is_ours(found)) return;
    inside = (uintptr_t)found >= t->start && (uintptr_t)found < t->end;
    if (inside && (s->st_shndx == SHN_UNDEF || !dlsym(handles.libc, name))) return;
    send_bound(t, name, found);
}

static int look_at_object(struct dl_phdr_info *info, size_t size, void *unused)
{
    struct fit__tables t;
    struct fit__symbol s;
    (void)size;
    (void)unused;
    fit__tables_read(info, &t);
    if (!t.symbols || !t.strings || (uintptr_t)t.symbols < t.start) return 0;
    if (!fit__symbol_of((const void *)(t.start + 1), &s) || s.ours) return 0;
    if (!strcmp(s.library, "libc") || !strncmp(s.library, "ld-linux", 8)) return 0;
    for (size_t i = 0; t.eager && i < t.eager_size / sizeof *t.eager; i++)
        look_at(&t, &t.eager[i]);
    for (size_t i = 0; t.lazy && i < t.lazy_size / sizeof *t.lazy; i++)
        look_at(&t, &t.lazy[i]);
    return 0;
}

void fit__bindings_send(void)
{
    struct fit__symbol s;
    fit__symbols_self(&handles.start, &handles.end);
    if (!handles.end || !fit__symbol_of((const void *)(handles.start + 1), &s)) return;
    handles.ours = dlopen(s.object, RTLD_NOW | RTLD_NOLOAD);
    handles.libc = dlopen("libc.so.6", RTLD_NOW | RTLD_NOLOAD);
    if (handles.ours && handles.libc) dl_iterate_phdr(look_at_object, NULL);
}
