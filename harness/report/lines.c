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
    if (results->setup)
        json_object_set_new(line, "setup", json_true());
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

json_t *fit__line_of(const struct fit__results *results, const struct fit__test *test,
                     const struct fit__record *record, bool memcheck)
{
    const char *its = fit__value_or_empty(record, "case"), *mode = fit__value(record, "mode");
    const char *allowed = fit__value(record, "allowed");
    bool none = !*its || strcmp(its, "none") == 0;
    char *prefix = fit__prefix_escape(test->name);
    char *name = fit__print("%s:%s", prefix, none ? "none" : its);
    json_t *line = line_of(results, test, none ? "none" : mode ? mode : "?", name,
                           fit__value_or_empty(record, "verdict"));
    json_object_set_new(line, "allowed", json_boolean(allowed != NULL));
    json_object_set_new(line, "valgrind", json_boolean(memcheck));
    json_object_set_new(line, "failed", json_false());
    json_object_set_new(line, "finding", json_null());
    json_object_set_new(line, "seq", json_integer((json_int_t)fit__number(record, "seq")));
    set_text(line, "reason", allowed);
    add_evidence(line, record);
    if (fit__number(record, "cause_named") > 0)
        json_object_set_new(line, "cause_named", json_true());
    set_text(line, "detail", fit__value(record, "detail"));
    set_text(line, "marks", fit__value(record, "marks"));
    if (memcheck)
        json_object_set_new(line, "pass", json_string("memcheck"));
    free(prefix);
    free(name);
    return line;
}

/* ---- evidence ---------------------------------------------------------------------------- */

static const char *const evidence_keys[] = { "fault", "symptom", "stacks", "virtual_ms", "turn",
                                             "detail", "replayed_as", "smallest" };
enum { EVIDENCE_KEYS = sizeof evidence_keys / sizeof evidence_keys[0] };

json_t *fit__line_with_evidence(const json_t *line, const struct fit__record *record)
{
    json_t *copy = json_copy((json_t *)line), *said = json_object();
    add_evidence(said, record);
    set_text(said, "detail", fit__value(record, "detail"));
    for (size_t i = 0; i < EVIDENCE_KEYS; i++) {
        json_t *value = json_object_get(said, evidence_keys[i]);
        if (value)
            json_object_set(copy, evidence_keys[i], value);
    }
    json_decref(said);
    return copy;
}

void fit__line_remember(json_t *line, const json_t *plain)
{
    json_t *before = json_object();
    for (size_t i = 0; i < EVIDENCE_KEYS; i++) {
        json_t *value = json_object_get(plain, evidence_keys[i]);
        json_t *now = json_object_get(line, evidence_keys[i]);
        if (value != now && !json_equal(value, now))
            json_object_set(before, evidence_keys[i], value ? value : json_null());
    }
    json_object_set_new(line, "before", before);
}

json_t *fit__line_plain(json_t *line)
{
    json_t *before = json_incref(json_object_get(line, "before")), *value;
    const char *key;
    if (!before)
        return NULL;
    json_object_del(line, "before");
    json_t *evidence = json_copy(line);
    json_object_foreach(before, key, value) {
        if (json_is_null(value))
            json_object_del(line, key);
        else
            json_object_set(line, key, value);
    }
    json_decref(before);
    return evidence;
}

/* ---- tests that have no case of their own ------------------------------------------------ */

json_t *fit__line_of_test(const struct fit__results *results, const struct fit__test *test)
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

/* ---- files ------------------------------------------------------------------------------- */

int fit__make_folders(const char *path)
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
    int error = fit__make_folders(path);
    *file = (struct fit__lines_file){ .path = fit__copy(path) };
    file->temporary = special ? NULL : fit__print("%s.%d", path, (int)getpid());
    if (!error && !(file->file = fopen(special ? path : file->temporary, "we")))
        error = -errno;
    if (error) {
        *failure = fit__print("results cannot be written to %s: %s", path, strerror(-error));
        free(file->path);
        free(file->temporary);
        file->file = NULL;
    }
    return error;
}

char *fit__line_dump(const json_t *line)
{
    return json_dumps(line, JSON_COMPACT | JSON_PRESERVE_ORDER);
}

void fit__lines_put(struct fit__lines_file *file, const char *line)
{
    if (!file->file || file->error)
        return;
    errno = 0;
    if (!line || fputs(line, file->file) == EOF || putc('\n', file->file) == EOF)
        file->error = errno ? -errno : -EIO;
}

int fit__lines_close(struct fit__lines_file *file, char **failure)
{
    int error = file->error;
    if (!file->file)
        return 0;
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
    *file = (struct fit__lines_file){ 0 };
    return error;
}

static bool ours(const json_t *line)
{
    return json_is_object(line) && strcmp(fit__line_text(line, "schema"), "faulttest/1") == 0;
}

int fit__lines_each(const char *path, bool (*each)(void *arg, json_t *line), void *arg)
{
    FILE *file = fopen(path, "re");
    char *text = NULL;
    size_t room = 0;
    bool more = true;
    if (!file)
        return -errno;
    while (more && getline(&text, &room, file) > 0) {
        json_t *line = json_loads(text, 0, NULL);
        if (ours(line))
            more = each(arg, line);
        json_decref(line);
    }
    int error = ferror(file) ? -EIO : 0;
    free(text);
    fclose(file);
    return error;
}

char *fit__lines_unread(const char *path, int error)
{
    return error == -ENOENT
        ? fit__print("there is no last run here (%s): start with `faulttest run TEST-BINARY`",
                     path)
        : fit__print("%s: %s", path, strerror(-error));
}

const char *fit__line_text(const json_t *line, const char *key)
{
    const char *text = json_string_value(json_object_get(line, key));
    return text ? text : "";
}
