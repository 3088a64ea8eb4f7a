/* Callbacks run under a guard, so that an exception cannot tear the loop down. What the callback
 * had allocated when it was left is nobody's any more.
 * expect: leak-memory
 * repaired: reported
 */
#include "zoo.h"

struct parser { jmp_buf guard; char *copy; size_t size; char line[32]; size_t have; };

static void on_line(struct parser *p, const char *line, size_t size)
{
    char *copy = malloc(size);
    if (!copy) longjmp(p->guard, ENOMEM);
#ifdef REPAIRED
    p->copy = copy;
#endif
    memcpy(copy, line, size);
    FAULT_RAISE("on_line", longjmp(p->guard, EPROTO));
    p->copy = copy;
    p->size = size;
}
static int parse(struct parser *p)
{
    int fd = dial(SERVER, 7), err, code;
    if (fd < 0) return fd;
    err = take_line(fd, p->line, sizeof p->line, &p->have);
    close(fd);
    if (err) return err;
    if ((code = setjmp(p->guard)) != 0) return -code;
    on_line(p, p->line, p->have);
    return 0;
}

static void parses(void **state)
{
    static const struct fit_reply noon[] = { { .send = "12:00\n" }, { 0 } };
    static struct parser p;
    (void)state;
    memset(&p, 0, sizeof p);
    fit_peer_replies(SERVER ":7", noon);
    struct fit_op *op = fit_op("parse");
    int err = parse(&p);
    told(op, err, p.copy, p.size);
    free(p.copy);
}
ZOO_MAIN(parses)
