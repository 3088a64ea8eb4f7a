/* guard.h - turns an exception inside a callback into an ordinary error.
 *
 * A callback is called by a library (libuv, libcurl) that cannot stand a jump across its
 * frames. So each callback of ours sets up its own guard as its first statement, and whatever
 * is raised while it runs comes back there:
 *
 *   if (setjmp(transfer->guard.place)) return CURL_WRITEFUNC_ERROR;
 *   return take_body(transfer, data, size);
 *
 * Whoever raises must hold nothing that only a return would release. */
#ifndef THUMBNAIL_GUARD_H
#define THUMBNAIL_GUARD_H

#include <setjmp.h>

#include "error.h"

struct guard {
    jmp_buf place;
};

/* Records what happened in `err`, with the call stack of the caller, and jumps. */
__attribute__((noreturn))
void guard_raise(struct guard *guard, struct thumbnail_error *err, const char *operation,
                 const char *where);

#endif
