/* harness/command/commands.h - the subcommands; each returns the exit status. */
#ifndef HARNESS_COMMAND_COMMANDS_H
#define HARNESS_COMMAND_COMMANDS_H

/* arguments[0] is the subcommand's name. */
int fit__command_run(int count, char **arguments);
int fit__command_merge(int count, char **arguments);
int fit__command_list(int count, char **arguments);
int fit__command_replay(int count, char **arguments);
int fit__command_minimise(int count, char **arguments);
int fit__command_doctor(int count, char **arguments);
int fit__command_diff_real(int count, char **arguments);
int fit__command_explain(int count, char **arguments);
int fit__command_help(int count, char **arguments);

#endif
