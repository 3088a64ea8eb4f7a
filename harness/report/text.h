/* harness/report/text.h - texts of the command: building, cleaning, wrapping, colour.
 *
 * Memory comes from malloc; when there is none left the command says so and ends with status
 * 70, so that no caller has to check. */
#ifndef HARNESS_REPORT_TEXT_H
#define HARNESS_REPORT_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* How the command was called, for lines that people paste: "faulttest", or the path as typed. */
extern const char *fit__me;

enum { FIT_COLUMNS = 100 };    /* the widest line of any screen, replay lines excepted */

/* A text that grows. All zero is empty. `data` is NULL or ends with a NUL; free() it. */
struct fit__text { char *data; size_t size, room; };
void fit__text_add(struct fit__text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void fit__text_bytes(struct fit__text *text, const char *bytes, size_t size);

/* Memory, zeroed; the caller frees it. Never NULL. */
void *fit__get(size_t size);
/* `list` with room for at least `count` + 1 elements of `size` bytes; doubles. Never NULL. */
void *fit__grow(void *list, size_t count, size_t size);
char *fit__copy(const char *text);                       /* NULL gives NULL */
char *fit__print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A copy in which control bytes and bytes that are no UTF-8 stand as \xNN, newlines excepted:
 * safe for a terminal and for JSON. */
char *fit__clean(const char *text);

/* How many columns a cleaned text takes. */
size_t fit__columns(const char *text);

/* Prints `head`, then `text` broken at blanks to FIT_COLUMNS; further lines are indented by
 * as many columns as `head` has. Newlines in `text` begin a new line. */
void fit__wrap(FILE *out, const char *head, const char *text);

/* Prints every line of `text` behind `indent` blanks, cut at FIT_COLUMNS. */
void fit__block(FILE *out, unsigned indent, const char *text);

/* Escape sequences if `out` is a terminal that shows colour, otherwise "". Colour only adds:
 * nothing is said by colour alone. */
enum fit__look { FIT_PLAIN, FIT_BOLD, FIT_RED };
const char *fit__look(FILE *out, enum fit__look look);

#endif
