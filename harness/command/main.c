/* harness/command/main.c - the `faulttest` command: finds the subcommand. */
#include <stdio.h>
#include <string.h>

#include "harness/command/commands.h"
#include "harness/command/options.h"

static const struct { const char *name; int (*run)(int count, char **arguments); } commands[] = {
    { "run", fit__command_run }, { "merge", fit__command_merge }, { "list", fit__command_list },
    { "replay", fit__command_replay }, { "minimise", fit__command_minimise },
    { "explain", fit__command_explain },
    { "doctor", fit__command_doctor }, { "diff-real", fit__command_diff_real },
    { "help", fit__command_help },
};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

static int version(void)
{
    printf("faulttest %s (protocol %d)\n", FIT_VERSION, FIT_PROTOCOL_VERSION);
    return FIT_X_OK;
}

static int unknown(const char *word)
{
    const char *names[COMMANDS + 1] = { 0 };
    for (size_t i = 0; i < COMMANDS; i++)
        names[i] = commands[i].name;
    const char *meant = fit__suggestion(word, names);
    return fit__fail_with(FIT_X_USAGE, meant
        ? fit__print("unknown command '%s'; did you mean '%s'?", word, meant)
        : fit__print("unknown command '%s'; see `faulttest help`", word));
}

int main(int count, char **arguments)
{
    if (count < 2) {
        fit__command_help(1, arguments);
        return FIT_X_USAGE;
    }
    const char *word = arguments[1];
    if (strchr(arguments[0], '/'))
        fit__me = arguments[0];
    if (strcmp(word, "--version") == 0)
        return version();
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
        word = "help";
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(commands[i].name, word) != 0)
            continue;
        /* `faulttest run --help` is `faulttest help run`. */
        if (count > 2 && (strcmp(arguments[2], "--help") == 0 || strcmp(arguments[2], "-h") == 0))
            return fit__command_help(2, (char *[]){ "help", (char *)commands[i].name, NULL });
        return commands[i].run(count - 1, arguments + 1);
    }
    return unknown(word);
}
