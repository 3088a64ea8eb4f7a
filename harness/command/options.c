/* harness/command/options.c - the command line of run, list and replay. */
#include "harness/command/options.h"

#include <getopt.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

enum { JOBS_MAX = 256, SHARDS_MAX = 100000, PAIRS_USUAL = 1000, PAIRS_MAX = 1000000,
       RANDOM_MAX = 100000000, SEED_USUAL = 1 };
enum { MODE = 256, TEST, VALGRIND, ONLY, COVERAGE, TRACE, GDB, FINDING, PEER_THREAD, WORLD,
       EXTENDED, BUDGET, TIME, CASE_TIME, SHARD, RESUME, ACCEPT, WRITE_KNOWN, FAIL_ON, PAIRS,
       RANDOM, SEED, MEMORY, LAST_FAILED, SETUP };

static const struct option all_options[] = {
    { "output", required_argument, NULL, 'o' }, { "jobs", required_argument, NULL, 'j' },
    { "verbose", no_argument, NULL, 'v' }, { "mode", required_argument, NULL, MODE },
    { "test", required_argument, NULL, TEST }, { "valgrind", optional_argument, NULL, VALGRIND },
    { "only", required_argument, NULL, ONLY }, { "coverage", required_argument, NULL, COVERAGE },
    { "trace", no_argument, NULL, TRACE }, { "gdb", no_argument, NULL, GDB },
    { "finding", required_argument, NULL, FINDING },
    { "peer-thread", required_argument, NULL, PEER_THREAD },
    { "world", required_argument, NULL, WORLD }, { "extended", no_argument, NULL, EXTENDED },
    { "include-setup", no_argument, NULL, SETUP },
    { "budget", required_argument, NULL, BUDGET }, { "time", required_argument, NULL, TIME },
    { "case-time", required_argument, NULL, CASE_TIME },
    { "shard", required_argument, NULL, SHARD }, { "resume", no_argument, NULL, RESUME },
    { "accept", required_argument, NULL, ACCEPT },
    { "write-known", required_argument, NULL, WRITE_KNOWN },
    { "failed", no_argument, NULL, LAST_FAILED },
    { "fail-on", required_argument, NULL, FAIL_ON },
    { "pairs", required_argument, NULL, PAIRS }, { "random", required_argument, NULL, RANDOM },
    { "seed", required_argument, NULL, SEED }, { "memory", required_argument, NULL, MEMORY },
    { 0 },
};

static const struct { const char *command; int options[28]; } allowed[] = {
    { "run", { 'o', 'j', 'v', MODE, TEST, VALGRIND, ONLY, COVERAGE, PEER_THREAD,
               WORLD, EXTENDED, BUDGET, TIME, CASE_TIME, SHARD, RESUME, ACCEPT, WRITE_KNOWN,
               FAIL_ON, PAIRS, RANDOM, SEED, MEMORY, LAST_FAILED, SETUP } },
    { "merge", { 'o', 'v', ACCEPT, WRITE_KNOWN, FAIL_ON } },
    { "list", { 'v', 'j', MODE, MEMORY, FINDING, PEER_THREAD, WORLD, EXTENDED, SETUP } },
    { "doctor", { TEST } }, { "diff-real", { TEST } },
    { "minimise", { VALGRIND, PEER_THREAD, WORLD, SETUP } },
    { "replay", { 'v', TRACE, GDB, VALGRIND, PEER_THREAD, WORLD, SETUP } },
};

int fit__fail_with(int status, char *sentence)
{
    fflush(stdout);
    fprintf(stderr, "faulttest: %s\n", sentence);
    free(sentence);
    return status;
}

bool fit__case_split(const char *text, char **test, char **name)
{
    const char *colon = strchr(text, ':');
    if (!colon || colon == text || colon[1] == '\0')
        return false;
    *test = fit__prefix_unescape(text, (size_t)(colon - text));
    *name = fit__copy(colon + 1);
    return true;
}

const char *fit__usual_modes(void)
{
    static const char *text;
    if (!text)
        text = fit__mode_list(true, ",");
    return text;
}

static char *modes(struct fit__options *options, const char *list)
{
    options->modes = strcmp(list, "all") == 0 ? fit__mode_list(false, ",") : list;
    return fit__modes_refused(options->modes);
}

/* "service,library": a list of these. */
static char *memory(struct fit__options *options, const char *list)
{
    static const char *const words[] = { "service", "library", "framework" };
    for (const char *at = list; at; at = strchr(at, ',')) {
        size_t size, i = 0;
        at += at != list;
        size = strcspn(at, ",");
        while (i < 3 && (strlen(words[i]) != size || strncmp(words[i], at, size) != 0))
            i++;
        if (i == 3)
            return fit__print("--memory takes service, library and framework, with commas between "
                              "them, not '%.*s'", (int)size, at);
    }
    options->memory = list;
    return NULL;
}

bool fit__same_file(const char *one, const char *two)
{
    char first[PATH_MAX], second[PATH_MAX];
    return strcmp(one, two) == 0
        || (realpath(one, first) && realpath(two, second) && strcmp(first, second) == 0);
}

static char *number(const char *text, unsigned limit, const char *option, unsigned *value)
{
    char *end;
    unsigned long number = strtoul(text, &end, 10);
    if (*end || end == text || *text == '-' || number < 1 || number > limit)
        return fit__print("%s takes a number from 1 to %u, not '%s'", option, limit, text);
    *value = (unsigned)number;
    return NULL;
}

static char *pairs(struct fit__options *options, const char *text)
{
    options->pairs_given = true;
    if (strcmp(text, "no") != 0)
        return number(text, PAIRS_MAX, "--pairs", &options->pairs);
    options->pairs = 0;
    return NULL;
}

static char *random_runs(struct fit__options *options, const char *text)
{
    options->random = 0;
    options->random_off = strcmp(text, "no") == 0;
    return options->random_off ? NULL : number(text, RANDOM_MAX, "--random", &options->random);
}

static char *valgrind(struct fit__options *options, const char *text)
{
    static const char *const words[] = { "none", "failed", "all", NULL };
    options->valgrind_given = true;
    options->valgrind = FIT_VALGRIND_ALL;
    if (!text)
        return NULL;
    for (int i = 0; words[i]; i++) {
        if (strcmp(text, words[i]) == 0) {
            options->valgrind = (enum fit__valgrind)i;
            return NULL;
        }
    }
    return fit__print("--valgrind takes all, failed or none, not '%s'", text);
}

static char *world(struct fit__options *options, const char *text)
{
    options->real = strcmp(text, "real") == 0;
    if (options->real || strcmp(text, "simulated") == 0 || strcmp(text, "sim") == 0)
        return NULL;
    return fit__print("--world takes real or sim, not '%s'", text);
}

/* "1/3": the first of three parts. */
static char *shard(struct fit__options *options, const char *text)
{
    const char *slash = strchr(text, '/');
    char *part = fit__print("%.*s", slash ? (int)(slash - text) : 0, text);
    char *wrong = slash ? number(slash + 1, SHARDS_MAX, "--shard", &options->shards) : NULL;
    bool fits = slash && !wrong;
    free(wrong);
    wrong = fits ? number(part, options->shards, "--shard", &options->shard) : NULL;
    fits &= !wrong;
    free(wrong);
    free(part);
    return fits ? NULL : fit__print("--shard takes PART/PARTS, such as 1/3, 2/3 and 3/3 for three "
                                    "parts (at most %d), not '%s'", SHARDS_MAX, text);
}

/* Seconds, or with a unit: 90, 90s, 15m, 2h. */
static char *duration(const char *text, const char *option, double *value)
{
    static const struct { const char *unit; double seconds; } units[] = {
        { "", 1 }, { "s", 1 }, { "m", 60 }, { "h", 3600 } };
    char *end;
    double number = strtod(text, &end);
    for (size_t i = 0; end != text && i < sizeof units / sizeof units[0]; i++)
        if (strcmp(end, units[i].unit) == 0 && number > 0 && number < 1e7) {
            *value = number * units[i].seconds;
            return NULL;
        }
    return fit__print("%s takes a time in seconds, or such as 15m or 2h, not '%s'", option, text);
}

static char *fail_on(struct fit__options *options, const char *text)
{
    options->unreached_mark = strcmp(text, "unreached-mark") == 0;
    return options->unreached_mark ? NULL
                                   : fit__print("--fail-on takes unreached-mark, not '%s'", text);
}

static char *only(struct fit__options *options, const char *text)
{
    char *test, *name;
    if (!fit__case_split(text, &test, &name))
        return fit__print("--only takes a case, TEST:FAULT, not '%s'; see `faulttest help cases`",
                          text);
    free(test);
    free(name);
    fit__words_add(&options->only, text);
    return NULL;
}

/* NULL, or what is wrong. */
static char *take(struct fit__options *options, int option, const char *value)
{
    switch (option) {
    case 'o': options->output = value; return NULL;
    case 'v': options->verbose = true; return NULL;
    case 'j': return number(value, JOBS_MAX, "-j", &options->jobs);
    case MODE: return modes(options, value);
    case MEMORY: return memory(options, value);
    case TEST: fit__words_add(&options->tests, value); return NULL;
    case VALGRIND: return valgrind(options, value);
    case ONLY: return only(options, value);
    case COVERAGE: options->coverage = value; return NULL;
    case PEER_THREAD: fit__words_add(&options->peer_threads, value); return NULL;
    case WORLD: return world(options, value);
    case EXTENDED: options->extended = true; return NULL;
    case SETUP: options->setup = true; return NULL;
    case PAIRS: return pairs(options, value);
    case RANDOM: return random_runs(options, value);
    case SEED:
        options->seed_given = true;
        return number(value, UINT_MAX, "--seed", &options->seed);
    case TRACE: options->trace = true; return NULL;
    case FINDING: return number(value, UINT_MAX, "--finding", &options->finding);
    case BUDGET: return number(value, UINT_MAX, "--budget", &options->budget);
    case TIME: return duration(value, "--time", &options->time);
    case CASE_TIME: return duration(value, "--case-time", &options->case_time);
    case SHARD: return shard(options, value);
    case RESUME: options->resume = true; return NULL;
    case ACCEPT: options->accept = value; return NULL;
    case WRITE_KNOWN: options->write_known = value; return NULL;
    case FAIL_ON: return fail_on(options, value);
    case LAST_FAILED: options->failed = true; return NULL;
    case GDB: options->gdb = true; return NULL;
    }
    return fit__copy("");
}

static bool known_to(const char *command, int option)
{
    for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; i++)
        for (size_t j = 0; strcmp(allowed[i].command, command) == 0 && allowed[i].options[j]; j++)
            if (allowed[i].options[j] == option)
                return true;
    return false;
}

static char *unknown_option(const char *command, const char *text)
{
    const char *names[sizeof all_options / sizeof all_options[0]] = { 0 };
    size_t count = 0;
    char *word = fit__print("%.*s", (int)strcspn(text, "="), text);
    for (size_t i = 0; all_options[i].name; i++)
        if (known_to(command, all_options[i].val))
            names[count++] = all_options[i].name;
    const char *meant = strncmp(word, "--", 2) == 0 ? fit__suggestion(word + 2, names) : NULL;
    char *sentence = meant
        ? fit__print("unknown option '%s'; did you mean '--%s'?", word, meant)
        : fit__print("unknown option '%s'; see `faulttest help %s`", word, command);
    free(word);
    return sentence;
}

static unsigned processors(void)
{
    cpu_set_t set;
    int count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return count < JOBS_MAX ? (unsigned)count : JOBS_MAX;
}

int fit__options_read(struct fit__options *options, const char *command, int count,
                      char **arguments)
{
    *options = (struct fit__options){ .pairs = PAIRS_USUAL, .seed = SEED_USUAL };
    opterr = 0;
    optind = 1;
    for (;;) {
        int before = optind;
        int option = getopt_long(count, arguments, ":o:j:v", all_options, NULL);
        char *wrong = NULL;
        if (option == -1)
            break;
        if (option == ':')
            wrong = fit__print("option '%s' needs a value", arguments[optind - 1]);
        else if (option == '?' || !known_to(command, option))
            wrong = unknown_option(command, arguments[optind > before ? optind - 1 : before]);
        else
            wrong = take(options, option, optarg);
        if (wrong)
            return fit__fail_with(FIT_X_USAGE, wrong);
    }
    /* Runs side by side would disturb each other at the one real server. */
    if (!options->jobs)
        options->jobs = options->real ? 1 : processors();
    for (; optind < count; optind++)
        fit__words_add(&options->words, arguments[optind]);
    return 0;
}
