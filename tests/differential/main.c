/* Random sequences of calls on both kernels, compared call by call: differential [SEED] [CALLS]
 * runs sequences SEED, SEED+1... until at least CALLS calls were compared. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/world/world.h"
#include "tests/differential/differential.h"

enum { PATIENT_US = 1500, WORLD_US = 200, TRIES = 3, SHOWN_MAX = 20, HANGS_S = 60 };

static struct log real_log, world_log;
static char now_at[96];

static void run_in_world(void *arg)
{
    execute(arg, &world_log, WORLD_US);
}

/* True: they differ. */
static bool differs(struct sequence *sequence, unsigned pause_us)
{
    alarm(HANGS_S);
    execute(sequence, &real_log, pause_us);
    if (fit__world_new()) {
        fprintf(stderr, "no world\n");
        exit(4);
    }
    fit__world_run(run_in_world, sequence);
    fit__world_drop();
    alarm(0);
    return strcmp(real_log.text, world_log.text) != 0;
}

/* Linux needs time to deliver when the machine is busy: a difference counts only if it is still
 * there when there was time after every step. */
static bool differs_for_good(struct sequence *sequence)
{
    for (int i = 0; i < TRIES; i++)
        if (!differs(sequence, PATIENT_US))
            return false;
    return true;
}

/* ---- making a difference small ----------------------------------------------------------- */

static struct sequence without(const struct sequence *whole, unsigned from, unsigned count)
{
    struct sequence rest = *whole;
    unsigned end = from + count < whole->count ? from + count : whole->count;
    memmove(&rest.steps[from], &whole->steps[end],
            (whole->count - end) * sizeof rest.steps[0]);
    rest.count = whole->count - (end - from);
    return rest;
}

/* Leaves out ever smaller parts for as long as the difference stays. */
static void minimise(struct sequence *sequence)
{
    for (unsigned part = sequence->count / 2; part; part /= 2) {
        bool smaller;
        do {
            smaller = false;
            for (unsigned at = 0; at < sequence->count;) {
                struct sequence rest = without(sequence, at, part);
                if (rest.count && differs(&rest, PATIENT_US)) {
                    *sequence = rest;
                    smaller = true;
                } else {
                    at += part;
                }
            }
        } while (smaller && part == 1);
    }
}

static void show(struct sequence *sequence)
{
    const char *real = real_log.text + 1, *world = world_log.text + 1;
    differs(sequence, PATIENT_US);
    while (*real || *world) {
        int a = (int)strcspn(real, "\n"), b = (int)strcspn(world, "\n");
        if (a == b && !strncmp(real, world, (size_t)a)) {
            printf("    %.*s\n", a, real);
        } else {
            printf("    %.*s   <-- Linux\n    %.*s   <-- the world\n", a, real, b, world);
            break;
        }
        real += a + (real[a] != 0);
        world += b + (world[b] != 0);
    }
}

static void report(struct sequence *sequence)
{
    uint64_t seed = sequence->seed;
    minimise(sequence);
    printf("not ok differential/%llu\n", (unsigned long long)seed);
    show(sequence);
    printf("    again: differential %llu 1\n", (unsigned long long)seed);
}

static void hangs(int signal_number)
{
    (void)signal_number;
    ssize_t ignored = write(1, now_at, strlen(now_at));
    (void)ignored;
    _exit(2);
}

int main(int argc, char **argv)
{
    static struct sequence sequence;
    uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
    unsigned long long wanted = argc > 2 ? strtoull(argv[2], NULL, 0) : 20000, calls = 0;
    unsigned sequences = 0, differences = 0;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGALRM, hangs);
    setvbuf(stdout, NULL, _IOLBF, 4096);
    for (; calls < wanted && differences < SHOWN_MAX; sequences++) {
        generate(&sequence, seed + sequences);
        snprintf(now_at, sizeof now_at, "not ok differential/%llu: hangs\n",
                 (unsigned long long)sequence.seed);
        bool different = differs(&sequence, 0);
        calls += real_log.calls;
        if (!different || !differs_for_good(&sequence))
            continue;
        differences++;
        report(&sequence);
    }
    if (!differences)
        printf("ok differential\n");
    printf("differential: %u sequences, %llu calls, %u differences\n", sequences, calls,
           differences);
    return differences ? 1 : 0;
}
