/* harness/report/places.h - call stacks of the swept program, for people.
 *
 * Resolves "OFFSET@PATH" with the debug information of the object file, inlined calls
 * included; nothing of the program has to run. Results are kept and live as long as the
 * process. Not thread-safe. */
#ifndef HARNESS_REPORT_PLACES_H
#define HARNESS_REPORT_PLACES_H

#include <stdbool.h>
#include <stddef.h>

enum { FIT_FRAMES_MAX = 64 };

struct fit__frame {
    const char *function;      /* never NULL; without any symbol: "?" */
    const char *file;          /* as in the debug information; NULL: unknown */
    int line;                  /* 0: unknown */
    const char *object;        /* path of the object file */
    bool users;                /* not of a library in the system's folders */
};

/* `stack` as in a record (NULL: none). Returns the number of frames, innermost first, at most
 * FIT_FRAMES_MAX; a frame with inlined calls becomes several. */
size_t fit__frames(const char *stack, struct fit__frame *frames);

/* "on_readable (http.c:141)": the first frame of the user's code, otherwise the innermost,
 * "uv_run (libuv.so.1)". NULL if the stack is empty. The caller frees it. */
char *fit__place(const char *stack);

/* Where a frame is: "http.c:141" or "libuv.so.1". The caller frees it. */
char *fit__frame_where(const struct fit__frame *frame);

/* `text` with every `mark` ("{fault}") replaced by `place`, and every "{at OFFSET@PATH}" by what
 * fit__place makes of that. The caller frees it. */
char *fit__fill_in(const char *text, const char *mark, const char *place);

#endif
