/* Parts of an answer come in datagrams, and the network may bring one twice: counted, not looked
 * at, it stands for one that is missing.
 * expect: swallowed
 * options: --mode partial
 * repaired: recovered
 */
#include "zoo.h"

enum { PARTS = 3 };

static void send_parts(int fd, void *arg)
{
    char part[2] = "0x";
    (void)arg;
    if (read(fd, part, 1) < 0) return;
    for (int i = 0; i < PARTS; i++) {
        part[0] = (char)('0' + i);
        part[1] = (char)('a' + i);
        if (write(fd, part, 2) < 0) return;
        usleep(2000);
    }
}

static int fetch(char text[PARTS])
{
    struct sockaddr_in to = ip4(SERVER, 7);
    char part[2];
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), err = 0, have = 0;
    if (fd < 0) return -errno;
    if (connect(fd, (struct sockaddr *)&to, sizeof to) || send(fd, "?", 1, 0) < 0) err = -errno;
    while (!err && have < PARTS) {
        ssize_t n = take(fd, part, sizeof part);
        if (n != sizeof part) err = n < 0 ? (int)n : -EPROTO;
#ifdef REPAIRED
        if (err || part[0] < '0' || part[0] >= '0' + PARTS || text[part[0] - '0']) continue;
        text[part[0] - '0'] = part[1];
        have++;
#else
        if (!err) text[have++] = part[1];
#endif
    }
    close(fd);
    return err;
}

static void fetches(void **state)
{
    char text[PARTS] = "";
    (void)state;
    fit_peer(SERVER ":7/udp", send_parts, NULL);
    struct fit_op *op = fit_op("fetch");
    int err = fetch(text);
    told(op, err, text, PARTS);
}
ZOO_MAIN(fetches)
