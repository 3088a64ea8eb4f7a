/* harness/loops/load.c - libraries that the linker left out.
 *
 * With --as-needed, the default of many distributions, a library is left out of a program when all
 * that the program uses of it is defined here. It is found when it is first needed; but places are
 * named by processes that may never come there, so what will be needed is loaded before the first
 * run. */
#include <dlfcn.h>
#include <link.h>
#include <string.h>

#include "harness/loops/loops.h"

/* Not all: a program that imports none of these has always had its places named without it, and
 * names of cases stay. */
static const struct { const char *name, *file; } imports[] = {
    { "ev_async_send", "libev.so.4" }, { "ev_once", "libev.so.4" },
    { "uv_async_send", "libuv.so.1" }, { "uv_cond_wait", "libuv.so.1" },
    { "event_new", "libevent-2.1.so.7" }, { "event_assign", "libevent-2.1.so.7" },
    { "event_base_once", "libevent-2.1.so.7" }, { "bufferevent_setcb", "libevent-2.1.so.7" },
    { "g_source_set_callback", "libglib-2.0.so.0" },
    { "g_main_context_wakeup", "libglib-2.0.so.0" },
};

static void load_for(const char *name)
{
    for (size_t i = 0; i < sizeof imports / sizeof imports[0]; i++) {
        if (strcmp(name, imports[i].name)) continue;
        void *loaded = dlopen(imports[i].file, RTLD_LAZY | RTLD_NOLOAD);
        if (!loaded) dlopen(imports[i].file, RTLD_LAZY | RTLD_GLOBAL);
        else dlclose(loaded);
    }
}

struct dynamic { const ElfW(Sym) *symbols; const char *names; ElfW(Addr) table; size_t size; };

static void load_imported(const struct dynamic *d)
{
    const ElfW(Rela) *rows = (const ElfW(Rela) *)d->table;
    if (!rows || !d->symbols || !d->names) return;
    for (size_t i = 0; i < d->size / sizeof *rows; i++) {
        const ElfW(Sym) *symbol = &d->symbols[ELF64_R_SYM(rows[i].r_info)];
        if (ELF64_R_SYM(rows[i].r_info) && symbol->st_shndx == SHN_UNDEF)
            load_for(d->names + symbol->st_name);
    }
}

/* Functions that are called are in one table of relocations, those whose address is taken, and all
 * of a program without lazy binding, in the other. */
static void load_needed(const ElfW(Dyn) *entry)
{
    struct dynamic calls = { 0 }, all;
    ElfW(Addr) table = 0;
    size_t size = 0;
    for (; entry->d_tag != DT_NULL; entry++)
        switch (entry->d_tag) {
        case DT_SYMTAB: calls.symbols = (const ElfW(Sym) *)entry->d_un.d_ptr; break;
        case DT_STRTAB: calls.names = (const char *)entry->d_un.d_ptr; break;
        case DT_JMPREL: calls.table = entry->d_un.d_ptr; break;
        case DT_PLTRELSZ: calls.size = entry->d_un.d_val; break;
        case DT_RELA: table = entry->d_un.d_ptr; break;
        case DT_RELASZ: size = entry->d_un.d_val; break;
        default: break;
        }
    all = calls;
    all.table = table;
    all.size = size;
    load_imported(&calls);
    load_imported(&all);
}

/* The first object is the program. */
static int look_at_program(struct dl_phdr_info *program, size_t size, void *found)
{
    (void)size;
    for (unsigned i = 0; i < program->dlpi_phnum; i++)
        if (program->dlpi_phdr[i].p_type == PT_DYNAMIC)
            *(const void **)found = (const char *)program->dlpi_addr
                                  + program->dlpi_phdr[i].p_vaddr;
    return 1;
}

void fit__loops_load(void)
{
    static bool done;
    const void *dynamic = NULL;
    if (done) return;
    done = true;
    dl_iterate_phdr(look_at_program, &dynamic);
    if (dynamic) load_needed(dynamic);
}
