/* A library that is loaded while threads exist: thread-local storage with values to begin with, and
 * a constructor that starts a thread. Built once with dynamic TLS, once with initial-exec. */
#include <pthread.h>

__thread int late_number = 42;
__thread char late_text[64] = "as it was initialised";
__thread long late_zeroes[100];
int late_seen_by_constructor, late_seen_by_its_thread;

int late_take(char *text, int *zeroes)
{
    *zeroes = 1;
    for (int i = 0; i < 100; i++)
        *zeroes &= late_zeroes[i] == 0;
    for (int i = 0; i < 64; i++)
        text[i] = late_text[i];
    late_zeroes[7] = 1;
    late_text[0] = 'A';
    return late_number++;
}

static void *look(void *unused)
{
    late_seen_by_its_thread = late_number;
    return unused;
}

static void __attribute__((constructor)) start(void)
{
    pthread_t thread;
    late_seen_by_constructor = late_number;
    if (!pthread_create(&thread, 0, look, 0))
        pthread_join(thread, 0);
}
