/* A question over UDP is asked once: when the answer is lost, nobody ever asks again or gives up.
 * expect: hang
 * libs: libuv
 * repaired: reported
 */
#ifndef REPAIRED
#define ASKS_ONCE
#endif
#include "uv_udp_ask.h"

ZOO_UV_MAIN(asks)
