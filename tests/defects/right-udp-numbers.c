/* No mistake: questions over UDP with numbers: asked again with growing patience, answers to old
 * questions and torn ones are dropped, the deadline is the monotonic clock's.
 * expect: none
 * repaired: reported recovered
 */
#include "zoo.h"

#include <time.h>

struct packet { uint32_t number, value; };
struct asker { int fd; uint32_t next; int cancelled; };

static long now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}
/* 1: it is here, 0: not yet, or a negative errno. */
static int look(struct asker *a, uint32_t number, uint32_t *value)
{
    struct packet p;
    for (;;) {
        ssize_t n = recv(a->fd, &p, sizeof p, MSG_DONTWAIT);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -errno;
        if (n != sizeof p || ntohl(p.number) != number) continue;
        *value = ntohl(p.value);
        return 1;
    }
}
static int wait_for(struct asker *a, uint32_t number, int patience, uint32_t *value)
{
    long deadline = now_ms() + patience;
    for (;;) {
        long left = deadline - now_ms();
        struct pollfd p = { .fd = a->fd, .events = POLLIN };
        FAULT_CANCEL_POINT();
        if (a->cancelled) return -ECANCELED;
        int n = poll(&p, 1, left > 0 ? (int)left : 0);
        if (n < 0 && errno != EINTR && errno != EAGAIN) return -errno;
        if (n > 0) {
            int found = look(a, number, value);
            if (found) return found;
        }
        if (n == 0 && left <= 0) return 0;
    }
}
static int ask(struct asker *a, uint32_t value, uint32_t *answer)
{
    uint32_t number = a->next++;
    struct packet p = { htonl(number), htonl(value) };
    int last = -ETIMEDOUT;
    for (int attempt = 0, patience = 200; attempt < 4; attempt++, patience *= 2) {
        ssize_t n = send(a->fd, &p, sizeof p, MSG_NOSIGNAL);
        if (n < 0) last = -errno;
        int found = wait_for(a, number, patience, answer);
        if (found == -ECANCELED) return found;
        if (found == 1) return 0;
        if (found < 0) last = found;
    }
    return last;
}
static void doubler(int fd, void *unused)
{
    struct packet p;
    (void)unused;
    while (recv(fd, &p, sizeof p, 0) == sizeof p) {
        p.value = htonl(ntohl(p.value) * 2);
        send(fd, &p, sizeof p, 0);
    }
}
static void cancel(void *asker) { ((struct asker *)asker)->cancelled = 1; }

static int ask_all(struct asker *a, uint32_t *sum)
{
    struct sockaddr_in to = ip4(SERVER, 7000);
    if (connect(a->fd, (struct sockaddr *)&to, sizeof to) < 0) return -errno;
    for (uint32_t i = 1; i <= 3; i++) {
        uint32_t answer = 0;
        int err = ask(a, i, &answer);
        if (err) return err;
        *sum += answer;
    }
    return 0;
}
static void asks(void **state)
{
    struct asker a = { .next = 100 };
    uint32_t sum = 0;
    (void)state;
    fit_peer(SERVER ":7000/udp", doubler, NULL);
    struct fit_op *op = fit_op("ask");
    fit_on_cancel(op, cancel, &a);
    a.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int err = a.fd < 0 ? -errno : ask_all(&a, &sum);
    if (a.fd >= 0) close(a.fd);
    told(op, err, &sum, sizeof sum);
}
ZOO_MAIN(asks)
