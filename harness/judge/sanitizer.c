/* What sanitizers report in a program that is built with them, as a finding of the case.
 * UndefinedBehaviorSanitizer prints and goes on, and nobody would ever see; its runtime calls a
 * hook before it prints. AddressSanitizer ends the process, and calls one after it has printed. */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "fi/export.h"
#include "fi/guard.h"
#include "fi/stack.h"
#include "harness/explore/explore.h"
#include "harness/judge/judge.h"

static bool is_swept(void)
{
    return fit__active && !fit__guard->exempt && fit__session.test
           && fit__session.run != FIT_RUN_PLAIN;
}

static void __attribute__((noreturn)) end(const char *site, const char *text)
{
    struct fit__finding f;
    fit__finding_make(&f, "memory-error", site, "%s, in {symptom}", text);
    f.depth = fit__stack(f.frames, FIT_STACK_MAX);
    fit__end_finding(&f);
}

/* ---- undefined behaviour ----------------------------------------------------------------- */

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
    char text[400], site[120];
    if (!is_swept() || fit__passes()) return;
    fit__enter();
    read_report(text, sizeof text, site, sizeof site);
    end(site, text);
}

/* ---- memory ------------------------------------------------------------------------------ */

/* "==1==ERROR: AddressSanitizer: heap-use-after-free on address 0x602000000010 at pc ...
 * READ of size 1 at 0x602000000010 thread T0": without addresses, which are chance. */
static void on_asan_report(const char *report)
{
    static const char name[] = "AddressSanitizer: ";
    const char *what = strstr(report, name), *access;
    char text[200], kind[100];
    if (!is_swept()) return;
    fit__enter();
    what = what ? what + sizeof name - 1 : report;
    snprintf(kind, sizeof kind, "%.*s", (int)strcspn(what, " \n"), what);
    access = strstr(what, " of size ");
    while (access && access > what && access[-1] != '\n') access--;
    int size = access ? (int)(strstr(access, " at ") ? strstr(access, " at ") - access : 0) : 0;
    snprintf(text, sizeof text, "%s%s%.*s, by AddressSanitizer", kind, size ? ", " : "", size,
             size ? access : "");
    end(kind, text);
}

void fit__sanitizers_watch(void)
{
    void (*set)(void (*)(const char *)) =
        (void (*)(void (*)(const char *)))dlsym(RTLD_DEFAULT, "__asan_set_error_report_callback");
    if (set) set(on_asan_report);
}
