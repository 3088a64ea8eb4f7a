/* known.h - where the simulated kernel differs from Linux on purpose, and why: the one table.
 *
 * The conformance suite reports a case of that name as known, and as an error when it no longer
 * differs. The random differential test keeps away from what is named here. */
#ifndef TESTS_CONFORMANCE_KNOWN_H
#define TESTS_CONFORMANCE_KNOWN_H

/* Linux counts buffers of sockets in memory of packets, which depends on their number, their
 * history and the kernel's version; the world counts bytes. How much fits until EAGAIN
 * therefore differs, as it does between two Linux machines: a sequence sends less than that. */
enum { KNOWN_TCP_BYTES = 40000, KNOWN_PAIR_BYTES = 24000, KNOWN_MESSAGE_BYTES = 500 };

struct known_difference { const char *name, *reason; };

static const struct known_difference known_differences[] = {
    { "epoll-ioctl", "ioctl on an epoll gives ENOTTY before Linux 6.9 and EINVAL since" },
    { "eventfd-size", "Linux 6.10 and later refuse to write more than 8 bytes to an eventfd" },
    { "delayed-acks", "Linux holds a small packet back until the last one was acknowledged, up to "
                      "40 ms later, unless TCP_NODELAY is set; in the world nothing is held back" },
    { "socket-buffers", "how many bytes fit into a socket's buffers before EAGAIN" },
};

#endif
