/* A service on an AF_UNIX path that takes the end of a connection for the only way to lose it:
 * after an error the client's handle stays open, and the loop cannot be closed.
 * expect: assertion hang
 * libs: libuv
 * repaired: reported
 */
#ifndef REPAIRED
#define ONLY_END_CLOSES
#endif
#include "uv_pipe_service.h"

ZOO_UV_MAIN(answers)
