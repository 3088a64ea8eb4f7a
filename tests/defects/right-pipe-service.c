/* No mistake: a service on an AF_UNIX path answers lines, whatever becomes of its clients.
 * expect: none
 * libs: libuv
 * repaired: reported
 */
#include "uv_pipe_service.h"

ZOO_UV_MAIN(answers)
