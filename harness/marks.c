/* FAULT_MARK: which rare paths there are, and which were taken. */
#include "harness/marks.h"

#include <assert.h>
#include <elf.h>
#include <link.h>
#include <stdio.h>
#include <string.h>

#include "fi/export.h"
#include "fi/guard.h"
#include "fi/trace.h"
#include "harness/explore/record.h"
#include "harness/faulttest.h"

FIT_EXPORT void fit__mark(const char *name);     /* of fi/point.h */

static struct { const char *name; unsigned count; } passed[FIT_MARKS_MAX];

void fit__marks_reset(void)
{
    memset(passed, 0, sizeof passed);
}

FIT_EXPORT unsigned fit_marked(const char *name)
{
    for (unsigned i = 0; i < FIT_MARKS_MAX && passed[i].name; i++)
        if (!strcmp(passed[i].name, name)) return passed[i].count;
    return 0;
}

void fit__mark(const char *name)
{
    unsigned i = 0;
    if (fit__passes()) return;
    while (i < FIT_MARKS_MAX && passed[i].name && strcmp(passed[i].name, name)) i++;
    if (i == FIT_MARKS_MAX) return;
    passed[i].name = name;
    passed[i].count++;
    fit__trace("  ", -1, "mark(%s)", name);
}

size_t fit__marks_text(char *out, size_t size)
{
    size_t have = 0;
    for (unsigned i = 0; i < FIT_MARKS_MAX && passed[i].name && have < size; i++)
        have += (size_t)snprintf(out + have, size - have, "%s%s", i ? " " : "", passed[i].name);
    return have;
}

/* ---- the marks of a program -------------------------------------------------------------- */

static struct fit__mark *find(struct fit__reference *r, const char *name)
{
    for (unsigned i = 0; i < r->mark_count; i++)
        if (!strcmp(r->marks[i].name, name)) return &r->marks[i];
    return NULL;
}

static void know(struct fit__reference *r, const char *name)
{
    if (r->mark_count == FIT_MARKS_MAX || find(r, name)) return;
    r->marks[r->mark_count++].name = fit__shared_text(name);
}

static size_t padded(size_t size)
{
    return (size + 3) & ~(size_t)3;
}

/* The notes of a segment, one behind the other: fi/point.h writes the owner and one name. */
static void read_notes(struct fit__reference *r, const char *at, const char *end)
{
    static const char owner[] = "faulttest";
    while (at + sizeof(ElfW(Nhdr)) <= end) {
        const ElfW(Nhdr) *note = (const void *)at;
        const char *name = at + sizeof *note, *text = name + padded(note->n_namesz);
        const char *next = text + padded(note->n_descsz);
        if (next > end || next <= at) return;
        if (note->n_namesz == sizeof owner && !memcmp(name, owner, sizeof owner)
            && note->n_descsz && !text[note->n_descsz - 1])
            know(r, text);
        at = next;
    }
}

static int read_object(struct dl_phdr_info *object, size_t size, void *reference)
{
    (void)size;
    for (unsigned i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &object->dlpi_phdr[i];
        const char *at = (const char *)(object->dlpi_addr + p->p_vaddr);
        if (p->p_type == PT_NOTE && p->p_align <= 4) read_notes(reference, at, at + p->p_filesz);
    }
    return 0;
}

void fit__marks_know(struct fit__reference *r)
{
    dl_iterate_phdr(read_object, r);
}

/* ---- what a run passed ------------------------------------------------------------------- */

void fit__marks_count(void)
{
    struct fit__reference *r = fit__session.reference;
    struct fit__mark *mark;
    for (unsigned i = 0; r && i < FIT_MARKS_MAX && passed[i].name; i++) {
        mark = find(r, passed[i].name);
        if (!mark) continue;             /* compiled with an old point.h, or loaded later */
        if (fit__session.run == FIT_RUN_FIRST) mark->without = true;
        else __atomic_fetch_add(&mark->cases, 1, __ATOMIC_RELAXED);
    }
}

void fit__marks_send(const struct fit__test *test, const struct fit__reference *r)
{
    char memory[1024];
    struct fit__record rec;
    for (unsigned i = 0; i < r->mark_count; i++) {
        fit__record_begin(&rec, memory, sizeof memory, "mark");
        fit__record_add(&rec, "test", "%s.%s", test->group, test->name);
        fit__record_add(&rec, "name", "%s", r->marks[i].name);
        fit__record_add(&rec, "without", "%d", r->marks[i].without);
        fit__record_add(&rec, "cases", "%u", r->marks[i].cases);
        fit__record_send(&rec);
    }
}
