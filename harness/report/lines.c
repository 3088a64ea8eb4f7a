/* harness/report/lines.c - the results file: JSON Lines, one case a line. */
#include "harness/report/lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/report/places.h"
#include "harness/report/told.h"

static void set_text(json_t *line, const char *key, const char *text)
{
    if (text && *text)
        json_object_set_new(line, key, json_string(text));
}

static json_t *stack_lines(const char *stack)
{
    struct fit__frame frames[FIT_FRAMES_MAX];
    size_t count = fit__frames(stack, frames);
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        json_t *frame = json_object();
        set_text(frame, "function", frames[i].function);
        set_text(frame, "file", frames[i].file);
        if (frames[i].line > 0)
            json_object_set_new(frame, "line", json_integer(frames[i].line));
        set_text(frame, "object", frames[i].object);
        json_array_append_new(list, frame);
    }
    return list;
}

/* The keys that every line has. */
static json_t *line_of(const struct fit__results *results, const struct fit__test *test,
                       const char *mode, const char *name, const char *verdict)
{
    json_t *line = json_object();
    set_text(line, "schema", "faulttest/1");
    json_object_set_new(line, "test", json_string(test->name));
    json_object_set_new(line, "mode", json_string(mode));
    json_object_set_new(line, "case", json_string(name));
    json_object_set_new(line, "verdict", json_string(verdict));
    set_text(line, "binary", results->binary);
    set_text(line, "contract", test->strict ? "strict" : "old");
    if (results->peer_threads.count > 0) {
        json_t *patterns = json_array();
        for (size_t i = 0; i < results->peer_threads.count; i++)
            json_array_append_new(patterns, json_string(results->peer_threads.list[i]));
        json_object_set_new(line, "peer_threads", patterns);
    }
    if (results->real)
        json_object_set_new(line, "world", json_string("real"));
    return line;
}

static void add_evidence(json_t *line, const struct fit__record *record)
{
    char *fault = fit__told_faults(record), *symptom = fit__told(record, "symptom");
    const char *fault_stack = fit__value(record, "fault.stack");
    const char *symptom_stack = fit__value(record, "symptom.stack");
    const char *ns = fit__value(record, "virtual_ns");
    set_text(line, "fault", fault);
    set_text(line, "symptom", symptom);
    set_text(line, "site", fit__value(record, "site"));
    if (fault_stack || symptom_stack) {
        json_t *stacks = json_object();
        json_object_set_new(stacks, "fault", stack_lines(fault_stack));
        json_object_set_new(stacks, "symptom", stack_lines(symptom_stack));
        json_object_set_new(line, "stacks", stacks);
    }
    if (ns)
        json_object_set_new(line, "virtual_ms", json_real((double)strtoull(ns, NULL, 10) / 1e6));
    if (fit__value(record, "turn"))
        json_object_set_new(line, "turn", json_integer((json_int_t)fit__number(record, "turn")));
    if (fit__number(record, "left.blocks") > 0) {
        json_object_set_new(line, "left_blocks",
                            json_integer((json_int_t)fit__number(record, "left.blocks")));
        json_object_set_new(line, "left_bytes",
                            json_integer((json_int_t)fit__number(record, "left.bytes")));
    }
    free(fault);
    free(symptom);
}

static json_t *case_line(const struct fit__results *results, const struct fit__result *result)
{
    json_t *line = line_of(results, &results->tests[result->test], result->mode, result->full,
                           result->verdict->name);
    json_object_set_new(line, "allowed", json_boolean(result->allowed != NULL));
    json_object_set_new(line, "valgrind", json_boolean(result->memcheck));
    json_object_set_new(line, "failed", json_boolean(result->failed));
    json_object_set_new(line, "finding",
                        result->finding ? json_integer(result->finding) : json_null());
    set_text(line, "reason", result->allowed);
    if (result->again)
        json_object_set_new(line, "again", json_true());
    add_evidence(line, result->record);
    return line;
}

static json_t *test_line(const struct fit__results *results, const struct fit__test *test)
{
    bool empty = strcmp(test->state, "no-calls") == 0 || strcmp(test->state, "ready") == 0;
    char *name = fit__print("%s:none", test->prefix);
    json_t *line = line_of(results, test, "none", name, empty ? "broken-test" : test->state);
    json_object_set_new(line, "allowed", json_false());
    json_object_set_new(line, "valgrind", json_false());
    json_object_set_new(line, "failed", json_boolean(test->failed > 0));
    json_object_set_new(line, "finding", json_null());
    set_text(line, "text", test->text ? test->text : empty ? "makes no call that can fail" : NULL);
    free(name);
    return line;
}

/* Tests that were not swept, and strict tests without a case (which count as failed). */
static bool without_result(const struct fit__test *test)
{
    if (strcmp(test->state, "ready") != 0 && strcmp(test->state, "no-calls") != 0)
        return true;
    return test->cases == 0 && test->failed > 0;
}

void fit__lines_add(json_t *lines, const struct fit__results *results)
{
    size_t next = 0;
    for (size_t t = 0; t < results->test_count; t++) {
        bool listed = false;
        for (; next < results->count && results->list[next].test == t; next++) {
            json_array_append_new(lines, case_line(results, &results->list[next]));
            listed |= !fit__is_case(&results->list[next]);
        }
        if (without_result(&results->tests[t]) && !listed)
            json_array_append_new(lines, test_line(results, &results->tests[t]));
    }
}

static int make_folders(const char *path)
{
    char *folder = fit__copy(path);
    int error = 0;
    for (char *slash = strchr(folder + 1, '/'); slash && !error; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(folder, 0777) != 0 && errno != EEXIST)
            error = -errno;
        *slash = '/';
    }
    free(folder);
    return error;
}

int fit__lines_open(struct fit__lines_file *file, const char *path, char **failure)
{
    struct stat status;
    bool special = stat(path, &status) == 0 && !S_ISREG(status.st_mode);
    int error = make_folders(path);
    *file = (struct fit__lines_file){ .path = fit__copy(path) };
    file->temporary = special ? NULL : fit__print("%s.%d", path, (int)getpid());
    if (!error && !(file->file = fopen(special ? path : file->temporary, "we")))
        error = -errno;
    if (error) {
        *failure = fit__print("results cannot be written to %s: %s", path, strerror(-error));
        free(file->path);
        free(file->temporary);
    }
    return error;
}

int fit__lines_close(struct fit__lines_file *file, const json_t *lines, char **failure)
{
    int error = 0;
    for (size_t i = 0; i < json_array_size(lines) && !error; i++)
        if (json_dumpf(json_array_get(lines, i), file->file, JSON_COMPACT | JSON_PRESERVE_ORDER)
            || putc('\n', file->file) == EOF)
            error = errno ? -errno : -EIO;
    if (fclose(file->file) != 0 && !error)
        error = -errno;
    if (!error && file->temporary && rename(file->temporary, file->path) != 0)
        error = -errno;
    if (error && file->temporary)
        unlink(file->temporary);
    if (error)
        *failure = fit__print("results could not be written to %s: %s", file->path,
                              strerror(-error));
    free(file->path);
    free(file->temporary);
    return error;
}

json_t *fit__lines_read(const char *path, char **failure)
{
    FILE *file = fopen(path, "re");
    if (!file) {
        *failure = errno == ENOENT
            ? fit__print("there is no last run here (%s): start with `faulttest run TEST-BINARY`",
                         path)
            : fit__print("%s: %s", path, strerror(errno));
        return NULL;
    }
    json_t *lines = json_array();
    char *text = NULL;
    size_t room = 0;
    while (getline(&text, &room, file) > 0) {
        json_t *line = json_loads(text, 0, NULL);
        if (json_is_object(line) && strcmp(fit__line_text(line, "schema"), "faulttest/1") == 0)
            json_array_append(lines, line);
        json_decref(line);
    }
    free(text);
    fclose(file);
    return lines;
}

const char *fit__line_text(const json_t *line, const char *key)
{
    const char *text = json_string_value(json_object_get(line, key));
    return text ? text : "";
}
