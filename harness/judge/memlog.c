/* Memcheck's log of this process, read back: Valgrind writes each error at once, into a file named
 * by the pid, and names an error only the first time that it occurs. What stands in the log of the
 * run without faults is a finding of its own, and never one of a case. */
#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "fi/arena.h"
#include "fi/raw.h"
#include "harness/judge/judge.h"

enum { LOG_MAX = 1 << 20, FRAMES_COMPARED = 6, SIGNATURE_MAX = 600 };

static char *read_log(int pid)
{
    char path[600], *text;
    long fd, n;
    size_t have = 0;
    if (!fit__session.orders.logs) return NULL;
    snprintf(path, sizeof path, "%s/%d", fit__session.orders.logs, pid);
    fd = fit__raw(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return NULL;
    fd = fit__own_fd(fd);
    text = fit__alloc(LOG_MAX + 1);
    while (have < LOG_MAX && (n = fit__raw(SYS_read, fd, text + have, LOG_MAX - have)) > 0)
        have += (size_t)n;
    fit__raw(SYS_close, fd);
    return text;
}

/* "==123== text" -> "text"; NULL: not Valgrind's. */
static char *line_text(char *line)
{
    char *end;
    if (strncmp(line, "==", 2)) return NULL;
    end = strstr(line + 2, "== ");
    return end ? end + 3 : NULL;
}

/* "   by 0x1234: on_read (svc.c:12)" -> "on_read (svc.c:12)" */
static const char *frame_of(const char *line)
{
    const char *colon;
    while (*line == ' ') line++;
    if (strncmp(line, "at 0x", 5) && strncmp(line, "by 0x", 5)) return NULL;
    colon = strstr(line, ": ");
    return colon ? colon + 2 : NULL;
}

static bool is_ours(const char *frame)
{
    return strstr(frame, "libfaulttest") || strstr(frame, "vgpreload");
}

/* Reads one error from `*at` on. `text`: its lines; `signature`: what it is and where, without
 * addresses; `place`: the first frame that is no library's. False: no more. */
struct error { char text[3000], signature[SIGNATURE_MAX], place[160]; bool checked; };

/* A simulated call that checks its caller's memory stands innermost, with the lines of its own
 * source: the mistake is in whoever called. */
static bool checks(struct error *e, const char *frame, unsigned frames)
{
    bool own = !strncmp(frame, "fit__", 5);
    if (!frames && own) e->checked = true;
    if (!own && !strstr(frame, " (wrap")) e->checked = false;
    return e->checked;
}

static void add_frame(struct error *e, const char *frame, unsigned *frames)
{
    size_t have = strlen(e->signature);
    if (is_ours(frame) || checks(e, frame, *frames)) return;
    if ((*frames)++ < FRAMES_COMPARED)
        snprintf(e->signature + have, sizeof e->signature - have, " < %s", frame);
    if (!e->place[0] && !strstr(frame, "(in /")) snprintf(e->place, sizeof e->place, "%s", frame);
}

static bool next_error(char **at, struct error *e)
{
    unsigned frames = 0;
    bool header = false;
    memset(e, 0, sizeof *e);
    while (**at) {
        char *line = *at, *end = strchr(line, '\n'), *text;
        const char *frame;
        *at = end ? end + 1 : line + strlen(line);
        if (end) *end = 0;
        text = line_text(line);
        if (!text || !*text || *text == '\n') {          /* an empty line ends an error */
            if (frames) return true;
            memset(e, 0, sizeof *e);
            header = false;
            continue;
        }
        frame = frame_of(text);
        if (!frame && !header && !isspace((unsigned char)*text)) {
            snprintf(e->signature, sizeof e->signature, "%s", text);
            header = true;
        }
        if (frame && header) add_frame(e, frame, &frames);
        if (strlen(e->text) + strlen(text) + 2 < sizeof e->text) {
            strcat(e->text, text);
            strcat(e->text, "\n");
        }
    }
    return frames > 0;
}

static bool known(const char *reference, const char *signature)
{
    struct error e;
    char *copy, *at;
    bool found = false;
    if (!reference) return false;
    copy = at = fit__strdup(reference);
    while (!found && next_error(&at, &e)) found = !strcmp(e.signature, signature);
    fit__free(copy);
    return found;
}

static void make_finding(const struct error *e, struct fit__finding *f)
{
    static const char check[] = " found during client check request";
    char what[160];
    snprintf(what, sizeof what, "%s", e->signature);
    what[strcspn(what, "<")] = 0;
    char *by = strstr(what, check);          /* Memcheck's words for a simulated call that looks */
    if (by) strcpy(by, " passed to a call ");
    fit__finding_make(f, "memory-error", e->signature, "%s%s%s, by Memcheck", what,
                      e->place[0] ? "in " : "", e->place[0] ? e->place : "a library");
}

bool fit__memcheck_finding(int pid, int reference_pid, struct fit__finding *finding,
                           char *text, size_t size)
{
    char *log = read_log(pid), *reference = reference_pid ? read_log(reference_pid) : NULL, *at;
    struct error e;
    bool found = false;
    for (at = log; log && !found && next_error(&at, &e);) {
        if (known(reference, e.signature)) continue;
        make_finding(&e, finding);
        snprintf(text, size, "%s", e.text);
        found = true;
    }
    fit__free(log);
    fit__free(reference);
    return found;
}

void fit__memcheck_forget_log(int pid)
{
    char path[600];
    if (!fit__session.orders.logs) return;
    snprintf(path, sizeof path, "%s/%d", fit__session.orders.logs, pid);
    fit__raw(SYS_unlinkat, AT_FDCWD, path, 0);
}
