/* No mistake: a question over UDP is asked again when no answer comes, three times, and then
 * given up. A datagram is whole or not there at all.
 * expect: none
 * libs: libuv
 * repaired: reported
 */
#include "uv_udp_ask.h"

ZOO_UV_MAIN(asks)
