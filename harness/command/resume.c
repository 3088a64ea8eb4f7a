/* harness/command/resume.c - goes on from what a run has left that did not come to its end: its
 * journal, if it was killed, or its results, if it had the time to write them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/command/run.h"

static bool differ(const json_t *one, const json_t *two, const char *key)
{
    const json_t *ours = json_object_get(one, key), *theirs = json_object_get(two, key);
    return ours != theirs && !json_equal(ours, theirs);      /* both may be absent */
}

static char *builds_differ(const json_t *one, const json_t *two)
{
    const json_t *ours = json_object_get(one, "binaries");
    const json_t *theirs = json_object_get(two, "binaries");
    for (size_t i = 0; i < json_array_size(ours) || i < json_array_size(theirs); i++) {
        const json_t *a = json_array_get(ours, i), *b = json_array_get(theirs, i);
        if (strcmp(fit__line_text(a, "path"), fit__line_text(b, "path")) != 0)
            return fit__copy("of other programs");
        if (strcmp(fit__line_text(a, "build"), fit__line_text(b, "build")) != 0)
            return fit__print("of another build of %s", fit__line_text(a, "path"));
    }
    return NULL;
}

char *fit__headers_differ(const json_t *one, const json_t *two)
{
    if (differ(one, two, "version") || differ(one, two, "protocol"))
        return fit__print("of another version of Faulttest (%s, not %s)",
                          fit__line_text(two, "version"), fit__line_text(one, "version"));
    char *build = builds_differ(one, two);
    if (build)
        return build;
    if (differ(one, two, "orders") || differ(one, two, "valgrind"))
        return fit__copy("of a run with other options");
    return NULL;
}

/* ---- from results to a journal ----------------------------------------------------------- */

void fit__run_strip(json_t *line)
{
    json_object_del(line, "run");
    json_object_del(line, "known");
    json_object_del(line, "again");
    json_object_set_new(line, "failed", json_false());
    json_object_set_new(line, "finding", json_null());
    if (json_is_false(json_object_get(line, "native"))) {
        json_object_del(line, "native");
        json_object_set_new(line, "pass", json_string("memcheck"));
    }
}

struct copying {
    struct fit__run *run;
    json_t *header;                   /* of the results, or NULL: no line read yet */
    size_t next;                      /* binary whose records come next */
    char *differs;
};

static void copy_records(struct copying *copying, const char *until)
{
    const json_t *binaries = json_object_get(copying->header, "binaries");
    for (; copying->next < json_array_size(binaries); copying->next++) {
        const json_t *binary = json_array_get(binaries, copying->next);
        const json_t *records = json_object_get(binary, "records");
        for (size_t i = 0; i < json_array_size(records); i++) {
            json_t *line = json_pack("{s:s, s:O}", "binary", fit__line_text(binary, "path"),
                                     "record", json_array_get(records, i));
            fit__journal_add(&copying->run->journal, line);
            json_decref(line);
        }
        if (until && strcmp(fit__line_text(binary, "path"), until) == 0) {
            copying->next++;
            return;
        }
    }
}

static bool is_next(const struct copying *copying, const char *binary)
{
    const json_t *binaries = json_object_get(copying->header, "binaries");
    for (size_t i = copying->next; i < json_array_size(binaries); i++)
        if (strcmp(fit__line_text(json_array_get(binaries, i), "path"), binary) == 0)
            return true;
    return false;
}

static bool copy_line(void *arg, json_t *line)
{
    struct copying *copying = arg;
    struct fit__run *run = copying->run;
    if (!copying->header) {
        copying->header = json_incref(json_object_get(line, "run"));
        copying->differs = !copying->header ? fit__copy("without what is needed to go on with it")
                         : fit__headers_differ(run->header, copying->header);
        if (!copying->differs && differ(run->header, copying->header, "shard"))
            copying->differs = fit__copy("of another shard");
        if (copying->differs)
            return false;
        json_t *first = json_pack("{s:O}", "run", run->header);
        fit__journal_add(&run->journal, first);
        json_decref(first);
    }
    if (!json_object_get(line, "seq"))
        return true;                  /* a test that was not swept: told by its record */
    if (is_next(copying, fit__line_text(line, "binary")))
        copy_records(copying, fit__line_text(line, "binary"));
    fit__run_strip(line);
    fit__journal_add(&run->journal, line);
    return true;
}

static int refuse(const struct fit__run *run, char *differs)
{
    char *sentence = fit__print("%s cannot be gone on with: it is %s. Run without --resume, or "
                                "name another file", run->options.output, differs);
    free(differs);
    return fit__fail_with(FIT_X_USAGE, sentence);
}

static int begin_anew(struct fit__run *run)
{
    json_t *line = json_pack("{s:O}", "run", run->header);
    fit__journal_add(&run->journal, line);
    json_decref(line);
    return FIT_X_OK;
}

/* There is no journal: from the results, if there are any. */
static int from_results(struct fit__run *run)
{
    struct copying copying = { .run = run };
    int error = fit__lines_each(run->options.output, copy_line, &copying);
    if (error == -ENOENT || (!error && !copying.header && !copying.differs)) {
        fit__fail_with(0, fit__print("nothing to go on with in %s: the run begins anew",
                                     run->options.output));
        return begin_anew(run);
    }
    if (error)
        return fit__fail_with(FIT_X_USAGE, fit__print("%s: %s", run->options.output,
                                                      strerror(-error)));
    if (!copying.differs)
        copy_records(&copying, NULL);
    json_decref(copying.header);
    return copying.differs ? refuse(run, copying.differs) : FIT_X_OK;
}

/* ---- from a journal ---------------------------------------------------------------------- */

static const char *build_of(const json_t *header, const char *path)
{
    const json_t *binaries = json_object_get(header, "binaries");
    for (size_t i = 0; i < json_array_size(binaries); i++)
        if (strcmp(fit__line_text(json_array_get(binaries, i), "path"), path) == 0)
            return fit__line_text(json_array_get(binaries, i), "build");
    return NULL;
}

static void load_line(struct fit__run *run, json_t *line, off_t at)
{
    const char *path = fit__line_text(line, "binary"), *build = build_of(run->header, path);
    struct fit__results *results = NULL;
    if (!build)
        return;
    for (size_t i = 0; i < run->count && !results; i++)
        if (strcmp(run->binaries[i].binary, path) == 0)
            results = &run->binaries[i];
    if (!results) {
        if (run->count == run->room)
            return;
        results = fit__run_begin(run, run->options.words.list[run->count], build);
        results->from = at;
    }
    fit__results_load(results, line, at);
}

static int load(struct fit__run *run)
{
    off_t at = 0, from;
    json_t *line = fit__journal_next(&run->journal, &at, run->journal.size);
    json_t *header = json_object_get(line, "run");
    char *differs = !header ? fit__copy("no journal of a run")
                  : fit__headers_differ(run->header, header);
    if (!differs && differ(run->header, header, "shard"))
        differs = fit__copy("of another shard");
    json_decref(line);
    if (differs)
        return refuse(run, differs);
    for (from = at; (line = fit__journal_next(&run->journal, &at, run->journal.size)); from = at) {
        load_line(run, line, from);
        json_decref(line);
    }
    return FIT_X_OK;
}

int fit__run_resume(struct fit__run *run)
{
    char *path = fit__run_journal_path(run->options.output);
    if (!path)
        return fit__fail_with(FIT_X_USAGE, fit__copy("--resume goes on from the file that -o "
                                                     "names: name the one of the earlier run"));
    bool there = access(path, F_OK) == 0;
    int status = fit__run_journal(run, run->options.output, true);
    if (status == FIT_X_OK && (!there || run->journal.size == 0)) {
        status = from_results(run);
        fit__journal_flush(&run->journal);
        if (status != FIT_X_OK)       /* the journal made for nothing goes */
            unlink(path);
    }
    if (status == FIT_X_OK)
        status = load(run);
    free(path);
    return status;
}
