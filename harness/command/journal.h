/* harness/command/journal.h - what a run brings, line by line on disk, while it lasts.
 *
 * A million cases must not lie in memory; but the first thousand may, so that most runs need not
 * read what they have written. Each line is one JSON object: a case, or something said about a
 * whole run or test. A process that dies leaves whole lines and at most one half at the end, which
 * a reader drops. */
#ifndef HARNESS_COMMAND_JOURNAL_H
#define HARNESS_COMMAND_JOURNAL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include "harness/report/text.h"

struct fit__kept_line { off_t at, next; json_t *line; };

struct fit__journal {
    char *path;                    /* NULL: a file without a name */
    int fd;
    off_t size;                    /* of all lines, those not yet written included */
    struct fit__text unwritten;
    int error;                     /* the first, -errno: nothing is written any more */
    FILE *ahead, *aside;           /* to read in order, and to look at one line */
    char *line;
    size_t room;
    struct fit__kept_line *kept;   /* in order of their places */
    size_t kept_count, kept_next;  /* kept_next: the one that is probably asked for next */
};

/* `path` NULL: a file without a name, in TMPDIR. Makes missing folders. What there is stays if
 * `keep`, except for half a line at its end. Nobody else may have it open: -EWOULDBLOCK. 0 or
 * -errno; close it in any case. */
int fit__journal_open(struct fit__journal *journal, const char *path, bool keep);

/* Appends; returns where the line begins. An error shows in `error`, and the line is lost. */
off_t fit__journal_add(struct fit__journal *journal, const json_t *line);
/* The same for what will be read again: a case. It must not be changed any more. */
off_t fit__journal_add_kept(struct fit__journal *journal, json_t *line);
/* Everything added so far is in the file. */
void fit__journal_flush(struct fit__journal *journal);

/* The line at `*at`, which moves behind it; the caller's. NULL at `end` and at what is no line. */
json_t *fit__journal_next(struct fit__journal *journal, off_t *at, off_t end);
/* The line at `at`, without disturbing those who read in order. */
json_t *fit__journal_look(struct fit__journal *journal, off_t at);

/* Closes, and removes the file if `remove`. */
void fit__journal_close(struct fit__journal *journal, bool remove);

#endif
