/* The dynamic section of a loaded object file. */
#include "harness/explore/tables.h"

#include <string.h>

/* glibc has made these addresses absolute; the vDSO, which nobody relocates, imports nothing. */
static void read_dynamic(const ElfW(Dyn) *d, struct fit__tables *t)
{
    for (; d->d_tag != DT_NULL; d++)
        switch (d->d_tag) {
        case DT_STRTAB: t->strings = (const char *)d->d_un.d_ptr; break;
        case DT_SYMTAB: t->symbols = (const void *)d->d_un.d_ptr; break;
        case DT_RELA: t->eager = (const void *)d->d_un.d_ptr; break;
        case DT_RELASZ: t->eager_size = d->d_un.d_val; break;
        case DT_JMPREL: t->lazy = (const void *)d->d_un.d_ptr; break;
        case DT_PLTRELSZ: t->lazy_size = d->d_un.d_val; break;
        case DT_BIND_NOW: t->at_once = true; break;
        case DT_FLAGS: t->at_once |= (d->d_un.d_val & DF_BIND_NOW) != 0; break;
        case DT_FLAGS_1: t->at_once |= (d->d_un.d_val & DF_1_NOW) != 0; break;
        default: break;
        }
}

void fit__tables_read(const struct dl_phdr_info *info, struct fit__tables *t)
{
    memset(t, 0, sizeof *t);
    t->load_address = info->dlpi_addr;
    t->start = UINTPTR_MAX;
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        uintptr_t at = info->dlpi_addr + p->p_vaddr;
        if (p->p_type == PT_DYNAMIC) read_dynamic((const void *)at, t);
        if (p->p_type != PT_LOAD) continue;
        if (at < t->start) t->start = at;
        if (at + p->p_memsz > t->end) t->end = at + p->p_memsz;
    }
}
