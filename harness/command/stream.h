/* harness/command/stream.h - reads the records of a swept program out of a stream of bytes.
 *
 * The writer may die in the middle of a record and may write garbage: a record is accepted
 * only if it has a "kind", a second "kind" begins a new record, and what cannot be read is
 * counted. See harness/explore/record.h for the form. */
#ifndef HARNESS_COMMAND_STREAM_H
#define HARNESS_COMMAND_STREAM_H

#include "harness/explore/record.h"
#include "harness/report/text.h"

/* Values are cleaned (fit__clean). */
struct fit__record {
    unsigned count;
    char *keys[FIT_RECORD_FIELDS_MAX], *values[FIT_RECORD_FIELDS_MAX];
};

/* NULL, or "" for the second form, if there is no such key. Valid as long as the record. */
const char *fit__value(const struct fit__record *record, const char *key);
const char *fit__value_or_empty(const struct fit__record *record, const char *key);
unsigned long fit__number(const struct fit__record *record, const char *key);   /* 0: none */
/* Replaces or adds; ignored if the record is full. Copies both. */
void fit__value_set(struct fit__record *record, const char *key, const char *value);
void fit__record_free(struct fit__record *record);                              /* NULL is fine */

struct fit__stream {
    struct fit__text line;
    struct fit__record *open;       /* the record being read */
    bool skipping;                  /* the rest of a line that is too long */
    unsigned long garbage;          /* lines and records that could not be read */
    void (*record)(void *arg, struct fit__record *record);   /* takes the record over */
    void *arg;
};

void fit__stream_bytes(struct fit__stream *stream, const char *bytes, size_t size);
/* No more bytes will come. Frees what is inside. */
void fit__stream_end(struct fit__stream *stream);

#endif
