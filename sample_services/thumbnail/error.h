/* error.h - making errors that carry their cause and their context. */
#ifndef THUMBNAIL_ERROR_H
#define THUMBNAIL_ERROR_H

#include "thumbnail.h"

/* Begins a new error; keeps the call stack of this place. `operation` is static text. */
void error_set(struct thumbnail_error *err, enum thumbnail_code code, const char *operation);

/* Adds the next, deeper cause. Dropped when the chain is full. */
void error_cause(struct thumbnail_error *err, const char *domain, int code, const char *format,
                 ...) __attribute__((format(printf, 4, 5)));
void error_cause_errno(struct thumbnail_error *err, int number);
void error_cause_uv(struct thumbnail_error *err, int status);

/* Adds an earlier failure and its causes below those that are there. */
void error_follows(struct thumbnail_error *err, const struct thumbnail_error *earlier);

/* Says what the error is about. */
void error_context(struct thumbnail_error *err, const char *url, unsigned long request,
                   unsigned attempt, size_t bytes);

#endif
