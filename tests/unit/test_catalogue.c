/* The table of faults against the lists of catalogue/NAME.txt, which say for each entry of a
 * catalogue of all faults worth having where it is, or why it is nowhere. A line:
 *
 *   CALL[,CALL...] FAULT[,FAULT...] usual|extended MODE [in which state]
 *   CALL[,CALL...] FAULT[,FAULT...] elsewhere WHICH QUESTION GIVES IT
 *   CALL[,CALL...] FAULT[,FAULT...] never|refused REASON
 *
 * FAULT is a code (EMFILE, EAI_AGAIN) or a word of a case's name (short, eof, delay ...). What is
 * `usual` or `extended` is in the table; `elsewhere`: something else gives it; `never`: Linux
 * cannot do it there, or only to a program that is wrong anyway; `refused`: what leads to it ends
 * a test as unsupported. `#` begins a comment. */
#include <ctype.h>
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fi/case.h"
#include "fi/case_words.h"
#include "fi/catalogue.h"

enum { LINE_MAX = 400, CALLS_MAX = 40, LISTED_MAX = 4000, FACTS_MAX = 400, REASON_WORDS = 3 };

/* What a descriptor is decides which facts a call meets: also those of these families. */
static const struct { enum fit__family call, becomes; } becomes[] = {
    { FIT_READ, FIT_FILE_READ }, { FIT_READ, FIT_COUNTER }, { FIT_WRITE, FIT_FILE_WRITE },
};

enum level { USUAL, EXTENDED, ELSEWHERE, NEVER, REFUSED, LEVELS };
static const char *const level_names[] = { "usual", "extended", "elsewhere", "never", "refused" };

struct line {
    char call[32], fault[32], mode[16];
    enum level level;
};

static struct line listed[LISTED_MAX];
static unsigned listed_count;
static bool fact_listed[FIT_FAMILIES][FACTS_MAX];
static unsigned wrong;
static char place[300];                      /* "sockets.txt:12" */

static void __attribute__((format(printf, 1, 2))) complain(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print_error("# %s: ", place);
    vprint_error(format, args);
    print_error("\n");
    va_end(args);
    wrong++;
}

/* ---- the table --------------------------------------------------------------------------- */

static enum fit__call_id call_of(const char *name)
{
    unsigned id = 0;
    while (id < FIT_CALL_COUNT && strcmp(fit__call_name((enum fit__call_id)id), name)) id++;
    return (enum fit__call_id)id;
}

/* Sets *what, and for a code *space and *value. */
static bool is_fault(const char *text, enum fit__what *what, enum fit__space *space,
                     int64_t *value)
{
    *what = FIT_W_ERROR;
    *space = FIT_S_NUMBER;
    if (!fit__code_of(text, space, value)) return true;
    if (!strcmp(text, "none")) {                     /* the point itself says it all */
        *what = FIT_W_NONE;
        return true;
    }
    for (const struct fit__case_word *w = fit__case_words; w->text; w++)
        if (!strcmp(w->text, text) && w->what != FIT_W_ERROR) {
            *what = w->what;
            return true;
        }
    return false;
}

static bool fits(const struct fit__fact *fact, const struct line *line)
{
    enum fit__what what;
    enum fit__space space;
    int64_t value = 0;
    return is_fault(line->fault, &what, &space, &value) && fact->what == what
        && (what != FIT_W_ERROR || (fact->space == space && fact->value == value))
        && !!(fact->needs & FIT_N_EXTENDED) == (line->level == EXTENDED)
        && !strcmp(fit__mode_name((enum fit__mode)fact->mode), line->mode);
}

/* Notes which facts of the family the line means. False: none. */
static bool note_family(enum fit__family family, const struct line *line)
{
    size_t count;
    bool found = false;
    const struct fit__fact *facts = fit__facts_of(family, &count);
    assert_true(count <= FACTS_MAX);
    for (size_t i = 0; i < count; i++) {
        if (!fits(&facts[i], line)) continue;
        found = fact_listed[family][i] = true;
    }
    return found;
}

static void check_fact(const struct line *line)
{
    enum fit__call_id id = call_of(line->call);
    if (id == FIT_CALL_COUNT) {
        complain("\"%s\" is no call of the table", line->call);
        return;
    }
    enum fit__family family = fit__call_family(id);
    bool found = note_family(family, line);
    for (size_t i = 0; i < sizeof becomes / sizeof becomes[0]; i++)
        if (becomes[i].call == family) found |= note_family(becomes[i].becomes, line);
    if (!found)
        complain("%s %s is not in the table as %s %s", line->call, line->fault,
                 level_names[line->level], line->mode);
}

/* ---- the lists --------------------------------------------------------------------------- */

static bool in_table(enum level level)
{
    return level == USUAL || level == EXTENDED;
}

static void check_twice(const struct line *line)
{
    for (unsigned i = 0; i < listed_count; i++) {
        const struct line *other = &listed[i];
        if (strcmp(other->call, line->call) || strcmp(other->fault, line->fault)) continue;
        if (other->level == line->level && !strcmp(other->mode, line->mode))
            complain("%s %s %s is listed twice", line->call, line->fault,
                     level_names[line->level]);
        else if ((in_table(line->level) && other->level == NEVER)
                 || (line->level == NEVER && in_table(other->level)))
            complain("%s %s is in the table and never at once", line->call, line->fault);
    }
}

static unsigned words_of(const char *text)
{
    unsigned count = 0;
    for (; *text; text++) count += *text != ' ' && (text[1] == ' ' || !text[1]);
    return count;
}

static void add(struct line *line, const char *call, const char *fault)
{
    enum fit__what what;
    enum fit__space space;
    int64_t value;
    if (strlen(call) >= sizeof line->call) complain("\"%s\" is too long for a call", call);
    if (!is_fault(fault, &what, &space, &value)) complain("\"%s\" is no fault", fault);
    snprintf(line->call, sizeof line->call, "%s", call);
    snprintf(line->fault, sizeof line->fault, "%s", fault);
    check_twice(line);
    assert_true(listed_count < LISTED_MAX);
    listed[listed_count++] = *line;
    if (in_table(line->level)) check_fact(line);
}

static void read_line(char *text)
{
    char calls[LINE_MAX], faults[LINE_MAX], level[LINE_MAX], each[LINE_MAX], *left, *rest_of;
    struct line line = { .level = USUAL };
    int rest = 0;
    text[strcspn(text, "#\n")] = 0;
    if (!words_of(text)) return;
    if (sscanf(text, "%399s %399s %399s %n", calls, faults, level, &rest) != 3 || !rest) {
        complain("a line has a call, a fault, a level and more");
        return;
    }
    while (line.level < LEVELS && strcmp(level, level_names[line.level])) line.level++;
    if (line.level == LEVELS) {
        complain("\"%s\" is none of usual, extended, elsewhere, never, refused", level);
        return;
    }
    if (in_table(line.level)) sscanf(text + rest, "%15s", line.mode);
    else if (words_of(text + rest) < REASON_WORDS) complain("%s needs a reason", level);
    for (char *call = strtok_r(calls, ",", &rest_of); call; call = strtok_r(NULL, ",", &rest_of)) {
        strcpy(each, faults);
        for (char *fault = strtok_r(each, ",", &left); fault; fault = strtok_r(NULL, ",", &left))
            add(&line, call, fault);
    }
}

static void read_list(const char *name)
{
    char path[400], text[LINE_MAX];
    snprintf(path, sizeof path, "%s/%s", LISTS, name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    for (unsigned number = 1; fgets(text, sizeof text, file); number++) {
        snprintf(place, sizeof place, "%s:%u", name, number);
        if (!strchr(text, '\n')) complain("a line has at most %d bytes", LINE_MAX - 2);
        read_line(text);
    }
    fclose(file);
}

static void lists_agree_with_the_table(void **state)
{
    (void)state;
    DIR *folder = opendir(LISTS);
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL; ) {
        const char *dot = strrchr(entry->d_name, '.');
        if (dot && !strcmp(dot, ".txt")) read_list(entry->d_name);
    }
    closedir(folder);
    assert_true(listed_count > 0);
    assert_int_equal(wrong, 0);
}

static const char *a_call_of(enum fit__family family)
{
    for (unsigned id = 0; id < FIT_CALL_COUNT; id++)
        if (fit__call_family((enum fit__call_id)id) == family)
            return fit__call_name((enum fit__call_id)id);
    return "a call of what it is about";
}

static void no_fact_is_missing_from_the_lists(void **state)
{
    (void)state;
    wrong = 0;
    snprintf(place, sizeof place, "no list");
    for (unsigned f = FIT_NO_FAULTS + 1; f < FIT_FAMILIES; f++) {
        size_t count;
        char what[64];
        const struct fit__fact *facts = fit__facts_of((enum fit__family)f, &count);
        for (size_t i = 0; i < count; i++) {
            struct fit__alternative a = { .what = facts[i].what, .space = facts[i].space,
                                          .value = facts[i].value, .until = facts[i].until,
                                          .until_ms = facts[i].affliction_value / 1000000 };
            if (fact_listed[f][i]) continue;
            fit__what_print(what, sizeof what, &a);
            complain("has %s of family %u, as in %s: %s %s", what, f,
                     a_call_of((enum fit__family)f),
                     facts[i].needs & FIT_N_EXTENDED ? "extended" : "usual",
                     fit__mode_name((enum fit__mode)facts[i].mode));
        }
    }
    assert_int_equal(wrong, 0);
}

/* For each library of loops, each entry says what there is of it. */
static void every_loop_fault_is_in_the_list(void **state)
{
    static const char *const loops[] = { "libuv", "libevent", "libev", "glib" };
    enum { LAST_LP = 28 };
    static char list[1 << 16];
    char entry[32];
    (void)state;
    wrong = 0;
    snprintf(place, sizeof place, "loops.txt");
    FILE *file = fopen(LISTS "/loops.txt", "r");
    assert_non_null(file);
    list[fread(list, 1, sizeof list - 1, file)] = 0;
    fclose(file);
    for (unsigned n = 1; n <= LAST_LP; n++)
        for (size_t i = 0; i < sizeof loops / sizeof loops[0]; i++) {
            int length = snprintf(entry, sizeof entry, "LP%02u.%s", n, loops[i]);
            const char *at = list;
            while ((at = strstr(at, entry)) != NULL && isalnum((unsigned char)at[length])) at++;
            if (!at) complain("%s is missing", entry);
        }
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_agree_with_the_table),
        cmocka_unit_test(no_fact_is_missing_from_the_lists),
        cmocka_unit_test(every_loop_fault_is_in_the_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
