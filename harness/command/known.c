/* harness/command/known.c - findings that are known: they pass, new ones fail. */
#include "harness/command/known.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/command/results.h"
#include "harness/report/lines.h"

enum { SHOWN = 10 };

/* ---- keys -------------------------------------------------------------------------------- */

/* A case's fault without what unrelated edits move. */
static void add_fault(struct fit__text *text, const char *fault)
{
    static const char *const numbered[] = { "short=", "return=", "delay=" };
    while (*fault) {
        size_t size = strcspn(fault, ":,"), take = size;
        for (size_t i = 0; i < sizeof numbered / sizeof numbered[0]; i++)
            if (strncmp(fault, numbered[i], strlen(numbered[i])) == 0)
                take = strlen(numbered[i]) - 1;
        if (strncmp(fault, "when=", strlen("when=")) == 0)
            take = 0;
        if (take == 0 && text->size && text->data[text->size - 1] == ':')
            text->data[--text->size] = '\0';
        fit__text_bytes(text, fault, take);
        fault += size;
        if (*fault) {
            fit__text_bytes(text, fault, 1);
            fault++;
        }
    }
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* "PROGRAM GROUP.TEST:FAULT "; the caller frees it. `faults`: of the result's name. */
static char *place_of(const struct fit__results *results, const struct fit__result *result,
                      const char *faults)
{
    struct fit__text text = { 0 };
    char *program = fit__prefix_escape(base_name(results->binary));
    char *test = fit__prefix_escape(results->tests[result->test].name);
    fit__text_add(&text, "%s %s:", program, test);
    add_fault(&text, faults);
    fit__text_add(&text, " ");
    free(program);
    free(test);
    return text.data;
}

static char *key_of(const struct fit__results *results, const struct fit__result *result,
                    const char *faults)
{
    char *place = place_of(results, result, faults);
    char *key = fit__print("%s%s", place, result->verdict->name);
    free(place);
    return key;
}

static int by_text(const void *a, const void *b)
{
    const struct fit__known_one *one = a, *two = b;
    return strcmp(one->text, two->text);
}

static void sort(struct fit__known *known)
{
    size_t kept = 0;
    if (known->sorted == known->count)
        return;
    qsort(known->list, known->count, sizeof *known->list, by_text);
    for (size_t i = 0; i < known->count; i++) {
        if (kept && strcmp(known->list[kept - 1].text, known->list[i].text) == 0)
            free(known->list[i].text);
        else
            known->list[kept++] = known->list[i];
    }
    known->count = known->sorted = kept;
}

/* The first that is not before `text`. */
static size_t lower_bound(const struct fit__known *known, const char *text)
{
    size_t low = 0, high = known->sorted;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (strcmp(known->list[middle].text, text) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void add(struct fit__known *known, char *text, bool accepted)
{
    known->list = fit__grow(known->list, known->count, sizeof *known->list);
    known->list[known->count++] = (struct fit__known_one){ .text = text, .accepted = accepted };
}

/* ---- what results do --------------------------------------------------------------------- */

static bool lists(const struct fit__known *known, const struct fit__results *results,
                  const struct fit__result *result, const char *faults)
{
    char *key = key_of(results, result, faults);
    size_t at = lower_bound(known, key);
    bool has = at < known->sorted && strcmp(known->list[at].text, key) == 0;
    free(key);
    return has;
}

/* What is known of a fault alone is known of it together with others. */
static bool lists_one(const struct fit__known *known, const struct fit__results *results,
                      const struct fit__result *result)
{
    char *faults = fit__copy(result->name), *save;
    bool has = false;
    for (char *one = strchr(faults, ',') ? strtok_r(faults, ",", &save) : NULL; one && !has;
         one = strtok_r(NULL, ",", &save))
        has = lists(known, results, result, one);
    free(faults);
    return has;
}

bool fit__known_has(struct fit__known *known, const struct fit__results *results,
                    const struct fit__result *result)
{
    if (result->verdict->family != FIT_FINDING || result->allowed)
        return false;
    if (!known)
        return json_is_true(json_object_get(result->line, "known"));
    return lists(known, results, result, result->name) || lists_one(known, results, result);
}

void fit__known_note(struct fit__known *known, const struct fit__results *results,
                     const struct fit__result *result)
{
    if (!known || result->verdict->family == FIT_NO_RESULT)
        return;
    char *place = place_of(results, result, result->name);
    size_t size = strlen(place);
    for (size_t i = lower_bound(known, place);
         i < known->sorted && strncmp(known->list[i].text, place, size) == 0; i++) {
        known->list[i].tried = true;
        if (result->known && strcmp(known->list[i].text + size, result->verdict->name) == 0)
            known->list[i].cases++;
    }
    free(place);
}

void fit__known_add(struct fit__known *known, const struct fit__results *results,
                    const struct fit__result *result)
{
    if (!result->failed && !result->known)
        return;
    if (known->count - known->sorted > 1024 && known->count > 2 * known->sorted)
        sort(known);          /* the same again and again must not fill the memory */
    char *key = key_of(results, result, result->name);
    size_t at = lower_bound(known, key);
    if (at < known->sorted && strcmp(known->list[at].text, key) == 0)
        free(key);
    else
        add(known, key, false);
}

/* ---- files ------------------------------------------------------------------------------- */

/* "VERDICT PROGRAM CASE" to "PROGRAM CASE VERDICT"; NULL if it is nothing of that kind. */
static char *read_line(char *line)
{
    char *save, *verdict = strtok_r(line, " \t", &save), *program = strtok_r(NULL, " \t", &save);
    char *name = strtok_r(NULL, " \t", &save), *more = strtok_r(NULL, " \t", &save);
    if (!name || more || !strchr(name, ':'))
        return NULL;
    return fit__print("%s %s %s", program, name, verdict);
}

struct fit__known *fit__known_read(const char *path, char **failure)
{
    FILE *file = fopen(path, "re");
    struct fit__known *known = fit__get(sizeof *known);
    char *line = NULL;
    size_t room = 0;
    known->path = path;
    *failure = file ? NULL : fit__print("known findings cannot be read from %s: %s (--write-known "
                                        "writes such a file)", path, strerror(errno));
    for (unsigned number = 1; file && !*failure && getline(&line, &room, file) > 0; number++) {
        line[strcspn(line, "#\n")] = '\0';
        if (line[strspn(line, " \t\r")] == '\0')
            continue;
        char *text = read_line(line);
        if (text)
            add(known, text, true);
        else
            *failure = fit__print("%s:%u: a known finding is a line VERDICT PROGRAM "
                                  "GROUP.TEST:FAULT, as --write-known writes it", path, number);
    }
    free(line);
    if (file)
        fclose(file);
    sort(known);
    if (!*failure)
        return known;
    free(known);
    return NULL;
}

/* As it stands in a file. */
static void print_one(FILE *out, const struct fit__known_one *one)
{
    const char *verdict = strrchr(one->text, ' ') + 1;
    fprintf(out, "%s %.*s", verdict, (int)(verdict - 1 - one->text), one->text);
}

int fit__known_write(struct fit__known *known, const char *path, char **failure)
{
    char *temporary = fit__print("%s.%d", path, (int)getpid());
    int error = fit__make_folders(path);
    FILE *file = error ? NULL : fopen(temporary, "we");
    if (!error && !file)
        error = -errno;
    sort(known);
    if (file)
        fprintf(file, "# Findings that are known, for `faulttest run --accept`: %zu.\n"
                "# A line each: verdict, program, case (see `faulttest help accept`).\n",
                known->count);
    for (size_t i = 0; file && i < known->count; i++) {
        print_one(file, &known->list[i]);
        fputc('\n', file);
    }
    if (file && (fflush(file) != 0 || ferror(file)))
        error = errno ? -errno : -EIO;
    if (file && fclose(file) != 0 && !error)
        error = -errno;
    if (!error && rename(temporary, path) != 0)
        error = -errno;
    if (error) {
        unlink(temporary);
        *failure = fit__print("known findings could not be written to %s: %s", path,
                              strerror(-error));
    }
    free(temporary);
    return error;
}

/* ---- the summary ------------------------------------------------------------------------- */

static bool is_fixed(const struct fit__known_one *one, bool complete)
{
    return one->cases == 0 && (one->tried || complete);
}

static void show_some(const struct fit__known *known, bool fixed, bool complete, bool verbose)
{
    unsigned long shown = 0, hidden = 0;
    for (size_t i = 0; i < known->count; i++) {
        const struct fit__known_one *one = &known->list[i];
        if (fixed ? !is_fixed(one, complete) : one->cases == 0)
            continue;
        if (shown >= SHOWN && !verbose) {
            hidden++;
            continue;
        }
        shown++;
        printf("%s", fixed ? "fixed    " : "  ");
        print_one(stdout, one);
        if (!fixed)
            printf("   %lu %s\n", one->cases, one->cases == 1 ? "case" : "cases");
        else
            printf("%s\n", one->tried ? "" : "   (no such case any more)");
    }
    if (hidden)
        printf("%s%lu more; all of them: -v\n", fixed ? "fixed    " : "  ", hidden);
}

void fit__known_show(const struct fit__known *known, bool complete, bool verbose)
{
    unsigned long cases = 0, findings = 0, fixed = 0, untried = 0;
    for (size_t i = 0; i < known->count; i++) {
        const struct fit__known_one *one = &known->list[i];
        cases += one->cases;
        findings += one->cases > 0;
        fixed += is_fixed(one, complete);
        untried += one->cases == 0 && !is_fixed(one, complete);
    }
    if (cases)
        printf("known    %lu %s of %lu known findings pass (--accept %s):\n", cases,
               cases == 1 ? "case" : "cases", findings, known->path);
    show_some(known, false, complete, verbose);
    show_some(known, true, complete, verbose);
    if (fixed)
        printf("fixed    %lu of %zu known findings did not show: take them out of %s\n", fixed,
               known->count, known->path);
    if (untried)
        printf("known    %lu more of %s were not tried in this run\n", untried, known->path);
}
