/* A small service: sends a text through a pipe and says what came out at the other end. */
#ifndef SVC_H
#define SVC_H

#include <stddef.h>
#include <uv.h>

enum { SVC_TEXT_MAX = 64 };

/* `err` is 0 or UV_*; `got` ends with the call. */
typedef void svc_done(int err, const char *got, size_t size, void *arg);

/* 0: `done` will be called once, from the loop. Otherwise UV_*, and it will not be called.
 * `text` must live until then and be shorter than SVC_TEXT_MAX bytes. */
int svc_copy(uv_loop_t *loop, const char *text, svc_done *done, void *arg);

#endif
