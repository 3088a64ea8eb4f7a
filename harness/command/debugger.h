/* harness/command/debugger.h - a replay inside gdb. */
#ifndef HARNESS_COMMAND_DEBUGGER_H
#define HARNESS_COMMAND_DEBUGGER_H

/* Writes the script that gdb is to load into a new file under /tmp; its name, which the caller
 * frees and whose file the caller removes; NULL: errno says why not. */
char *fit__debugger_script(void);

/* The command line of gdb for `program`, which gets exactly `environment`, though gdb has its own;
 * ended by NULL; the caller frees list and texts. */
char **fit__debugger_arguments(const char *script, const char *program, char *const *environment);

#endif
