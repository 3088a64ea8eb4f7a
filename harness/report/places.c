/* harness/report/places.c - call stacks of the swept program, for people. */
#include "harness/report/places.h"

#include <dwarf.h>
#include <elfutils/libdwfl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/report/text.h"

enum { OBJECTS_MAX = 64, INLINED_MAX = 8 };

struct object { char *path; Dwfl *dwfl; Dwfl_Module *module; };

/* A code address and what it means: one frame, and before it the calls inlined there. */
struct known {
    const char *path;
    uint64_t offset;
    size_t count;
    struct fit__frame frames[INLINED_MAX];
};

static struct object objects[OBJECTS_MAX];
static struct known *known;
static size_t known_count;

static Dwfl_Module *open_object(struct object *object)
{
    static const Dwfl_Callbacks callbacks = {
        .find_debuginfo = dwfl_standard_find_debuginfo,
        .section_address = dwfl_offline_section_address,
    };
    unsetenv("DEBUGINFOD_URLS");      /* A report never waits for the network. */
    object->dwfl = dwfl_begin(&callbacks);
    if (!object->dwfl)
        return NULL;
    dwfl_report_begin(object->dwfl);
    object->module = dwfl_report_offline(object->dwfl, "", object->path, -1);
    dwfl_report_end(object->dwfl, NULL, NULL);
    return object->module;
}

static struct object *object_of(const char *path, size_t size)
{
    for (size_t i = 0; i < OBJECTS_MAX; i++) {
        if (!objects[i].path) {
            objects[i].path = fit__print("%.*s", (int)size, path);
            open_object(&objects[i]);
            return &objects[i];
        }
        if (strncmp(objects[i].path, path, size) == 0 && objects[i].path[size] == '\0')
            return &objects[i];
    }
    return NULL;
}

static bool of_the_system(const char *path)
{
    return strncmp(path, "/lib", 4) == 0
        || (strncmp(path, "/usr/lib", 8) == 0 && strchr(path + 8, '/'));
}

/* A copy without what the compiler added: "fetch.constprop.0" is "fetch". */
static const char *plain_name(const char *name)
{
    static const char *const suffixes[] = { ".constprop.", ".isra.", ".part.", ".cold" };
    char *copy = fit__copy(name);
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        char *end = strstr(copy, suffixes[i]);
        if (end && end != copy)
            *end = '\0';
    }
    return copy;
}

static void add(struct known *one, const char *function, const char *file, int line,
                const struct object *object)
{
    if (one->count == INLINED_MAX)
        return;
    one->frames[one->count++] = (struct fit__frame){
        function ? plain_name(function) : "?", fit__copy(file), line, object->path,
        !of_the_system(object->path) };
}

static const char *file_of(Dwarf_Die *unit, Dwarf_Word index)
{
    Dwarf_Files *files;
    size_t count;
    if (dwarf_getsrcfiles(unit, &files, &count) != 0 || index >= count)
        return NULL;
    return dwarf_filesrc(files, index, NULL, NULL);
}

static bool number_of(Dwarf_Die *die, unsigned name, Dwarf_Word *value)
{
    Dwarf_Attribute attribute;
    return dwarf_attr(die, name, &attribute) && dwarf_formudata(&attribute, value) == 0;
}

/* Adds the functions inlined around `pc`, innermost first, and the real one. False: the debug
 * information knows no function there. */
static bool add_scopes(struct known *one, Dwarf_Die *unit, Dwarf_Addr pc, const char *file,
                       int line, const struct object *object)
{
    Dwarf_Die *scopes = NULL, *outer = NULL;
    bool found = false;
    int count = dwarf_getscopes(unit, pc, &scopes);
    /* The scopes around an inlined function are asked for by its entry: dwarf_getscopes would
     * go on with where it was written, not with where it was called. */
    int all = count > 0 ? dwarf_getscopes_die(&scopes[0], &outer) : 0;
    for (int i = 0; i < all && !found; i++) {
        int tag = dwarf_tag(&outer[i]);
        Dwarf_Word call_file = 0, call_line = 0;
        if (tag != DW_TAG_subprogram && tag != DW_TAG_inlined_subroutine)
            continue;
        add(one, dwarf_diename(&outer[i]), file, line, object);
        if (tag == DW_TAG_subprogram) {
            found = true;
        } else if (number_of(&outer[i], DW_AT_call_file, &call_file)
                   && number_of(&outer[i], DW_AT_call_line, &call_line)) {
            file = file_of(unit, call_file);
            line = (int)call_line;
        }
    }
    free(scopes);
    free(outer);
    return found;
}

static void resolve(struct known *one, struct object *object)
{
    Dwarf_Addr bias = 0;
    GElf_Addr elf_bias = 0;
    if (!object->module || !dwfl_module_getelf(object->module, &elf_bias)) {
        add(one, NULL, NULL, 0, object);
        return;
    }
    /* A return address may lie behind the calling line, even behind the calling function. */
    Dwarf_Addr address = one->offset + elf_bias - 1;
    Dwarf_Die *unit = dwfl_module_addrdie(object->module, address, &bias);
    Dwfl_Line *line = dwfl_module_getsrc(object->module, address);
    int number = 0;
    const char *file = line ? dwfl_lineinfo(line, NULL, &number, NULL, NULL, NULL) : NULL;
    if (unit && add_scopes(one, unit, address - bias, file, number, object))
        return;
    one->count = 0;
    add(one, dwfl_module_addrname(object->module, address), file, number, object);
}

static const struct known *look_up(const char *path, size_t size, uint64_t offset)
{
    struct object *object = object_of(path, size);
    if (!object)
        return NULL;
    for (size_t i = 0; i < known_count; i++)
        if (known[i].offset == offset && known[i].path == object->path)
            return &known[i];
    known = fit__grow(known, known_count, sizeof *known);
    struct known *one = &known[known_count++];
    *one = (struct known){ .path = object->path, .offset = offset };
    resolve(one, object);
    return one;
}

size_t fit__frames(const char *stack, struct fit__frame *frames)
{
    size_t count = 0;
    while (stack && *stack) {
        size_t size = strcspn(stack, " \n");
        char *end;
        uint64_t offset = strtoull(stack, &end, 16);
        if (*end == '@' && end < stack + size) {
            const struct known *one = look_up(end + 1, (size_t)(stack + size - end - 1), offset);
            for (size_t i = 0; one && i < one->count && count < FIT_FRAMES_MAX; i++)
                frames[count++] = one->frames[i];
        }
        stack += size;
        stack += strspn(stack, " \n");
    }
    return count;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

char *fit__frame_where(const struct fit__frame *frame)
{
    if (frame->file && frame->line > 0)
        return fit__print("%s:%d", base_name(frame->file), frame->line);
    return fit__copy(base_name(frame->object));
}

char *fit__place(const char *stack)
{
    struct fit__frame frames[FIT_FRAMES_MAX];
    size_t count = fit__frames(stack, frames), i = 0;
    while (i < count && !frames[i].users)
        i++;
    if (count == 0)
        return NULL;
    const struct fit__frame *frame = &frames[i < count ? i : 0];
    char *where = fit__frame_where(frame);
    char *place = fit__print("%s (%s)", frame->function, where);
    free(where);
    return place;
}

/* "{at OFFSET@PATH}" becomes a place, too. Takes the text over. */
static char *fill_in_addresses(char *text)
{
    static const char mark[] = "{at ";
    const char *rest = text, *at, *end;
    struct fit__text filled = { 0 };
    while ((at = strstr(rest, mark)) && (end = strchr(at, '}'))) {
        const char *from = at + strlen(mark);
        char *stack = fit__print("%.*s", (int)(end - from), from), *place = fit__place(stack);
        fit__text_add(&filled, "%.*s%s", (int)(at - rest), rest, place ? place : "?");
        free(stack);
        free(place);
        rest = end + 1;
    }
    fit__text_add(&filled, "%s", rest);
    free(text);
    return filled.data;
}

char *fit__fill_in(const char *text, const char *mark, const char *place)
{
    struct fit__text filled = { 0 };
    const char *at;
    while ((at = strstr(text, mark))) {
        fit__text_add(&filled, "%.*s%s", (int)(at - text), text, place);
        text = at + strlen(mark);
    }
    fit__text_add(&filled, "%s", text);
    return fill_in_addresses(filled.data);
}
