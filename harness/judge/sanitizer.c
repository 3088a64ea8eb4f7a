/* What UndefinedBehaviorSanitizer reports in a program that is built with it: by default it prints
 * and goes on, and nobody would ever see. Its runtime calls this hook before it prints. */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "fi/export.h"
#include "fi/guard.h"
#include "fi/stack.h"
#include "harness/explore/explore.h"
#include "harness/judge/judge.h"

typedef void report_data(const char **kind, const char **message, const char **file,
                         unsigned *line, unsigned *column, char **address);

static void read_report(char *text, size_t size, char *site, size_t site_size)
{
    report_data *get = (report_data *)dlsym(RTLD_DEFAULT, "__ubsan_get_current_report_data");
    const char *kind = "", *message = "", *file = "";
    unsigned line = 0, column = 0;
    char *address = NULL;
    if (get) get(&kind, &message, &file, &line, &column, &address);
    const char *name = file && strrchr(file, '/') ? strrchr(file, '/') + 1 : file;
    snprintf(site, site_size, "%s:%u", name ? name : "?", line);
    snprintf(text, size, "undefined behaviour at %s: %s", site, message ? message : kind);
}

FIT_EXPORT void __ubsan_on_report(void);
FIT_EXPORT void __ubsan_on_report(void)
{
    struct fit__finding f;
    char text[400], site[120];
    if (fit__passes() || fit__guard->exempt || !fit__session.test
        || fit__session.run == FIT_RUN_PLAIN) return;
    fit__enter();
    read_report(text, sizeof text, site, sizeof site);
    fit__finding_make(&f, "memory-error", site, "%s, in {symptom}", text);
    f.depth = fit__stack(f.frames, FIT_STACK_MAX);
    fit__end_finding(&f);
}
