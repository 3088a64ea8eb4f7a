/* A handler takes a lock, which what it interrupted may have: at any call, not only in a wait.
 * options: --mode signal --extended
 * expect: hang
 * repaired: unaffected
 */
#include "zoo.h"

#include <signal.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static volatile sig_atomic_t asked;      /* for the figures */
static int bytes, told_bytes;

static void tell(void)
{
    pthread_mutex_lock(&lock);
    told_bytes = bytes;
    pthread_mutex_unlock(&lock);
}

static void on_usr1(int signal)
{
    (void)signal;
#ifdef REPAIRED
    asked = 1;
#else
    tell();
#endif
}

static int copy(int from, int to)
{
    char text[8];
    ssize_t n;
    pthread_mutex_lock(&lock);
    n = read(from, text, sizeof text);
    if (n > 0) n = write(to, text, (size_t)n);
    if (n > 0) bytes += (int)n;
    pthread_mutex_unlock(&lock);
    if (asked) tell();
    return n < 0 ? -errno : 0;
}

static void copies(void **state)
{
    struct sigaction act = { .sa_handler = on_usr1, .sa_flags = SA_RESTART };
    int in[2] = { -1, -1 }, out[2] = { -1, -1 };
    (void)state;
    bytes = 0;
    struct fit_op *op = fit_op("copy");
    sigaction(SIGUSR1, &act, NULL);
    int err = pipe(in) < 0 || pipe(out) < 0 ? -errno : write(in[1], "text", 4) == 4 ? 0 : -errno;
    if (!err) err = copy(in[0], out[1]);
    for (int i = 0; i < 2; i++) {
        if (in[i] >= 0) close(in[i]);
        if (out[i] >= 0) close(out[i]);
    }
    signal(SIGUSR1, SIG_DFL);
    told(op, err, &bytes, sizeof bytes);
}
ZOO_MAIN(copies)
