/* harness/loops/ev_run.c - libev's loops: stepped turn by turn.
 *
 * Facts (libev 4.33, ev.c): ev_run() forgets at its start that a break was asked for, so one that
 * the user's cancel function asks for between two steps would be lost: ev_break() is followed
 * here, by libev's own rules. EVBREAK_ONE ends the innermost ev_run(), EVBREAK_ALL all of them,
 * EVBREAK_CANCEL takes either back. EVRUN_ONCE is one round of the loop exactly as EVRUN_DEFAULT
 * makes it; the result is the number of active watchers, without which a round does not wait. A
 * wait that EINTR ends is the end of a round. libev's header is not needed: what is declared here
 * is its interface for several loops, which is what Debian's package has. */
#include "fi/export.h"
#include "fi/guard.h"
#include "harness/loops/loops.h"

struct ev_loop;
enum { EVRUN_NOWAIT = 1, EVRUN_ONCE = 2 };
enum { EVBREAK_CANCEL, EVBREAK_ONE, EVBREAK_ALL };

FIT_EXPORT int ev_run(struct ev_loop *loop, int flags);
FIT_EXPORT void ev_break(struct ev_loop *loop, int how);

static struct fit__library library = { .file = "libev.so.4" };
static struct ev_loop *stepped;          /* NULL: none */
static int asked;                        /* how its end was asked for, since its run began */

static bool watched(void)
{
    return !fit__passes() && !fit__guard->exempt;
}

FIT_EXPORT void ev_break(struct ev_loop *loop, int how)
{
    if (watched() && loop == stepped) asked = how;
    FIT__REAL(&library, ev_break)(loop, how);
}

static int run_really(struct ev_loop *loop, int flags)
{
    fit__loop_begin("ev_run");
    int active = FIT__REAL(&library, ev_run)(loop, flags);
    fit__loop_end("ev_run");
    return active;
}

/* From a callback: this run forgets what was asked before, as libev does, and uses up a break of
 * one run. */
static int run_nested(struct ev_loop *loop, int flags)
{
    if (loop == stepped) asked = EVBREAK_CANCEL;
    int active = run_really(loop, flags);
    if (loop == stepped && asked == EVBREAK_ONE) asked = EVBREAK_CANCEL;
    return active;
}

FIT_EXPORT int ev_run(struct ev_loop *loop, int flags)
{
    bool once = flags & (EVRUN_ONCE | EVRUN_NOWAIT);
    int active = 1;
    if (!watched()) return FIT__REAL(&library, ev_run)(loop, flags);
    if (!fit__turn_allowed()) return run_nested(loop, flags);
    stepped = loop;
    asked = EVBREAK_CANCEL;
    do {
        fit__turn();
        if (asked == EVBREAK_CANCEL) active = run_really(loop, once ? flags : flags | EVRUN_ONCE);
    } while (!once && active && asked == EVBREAK_CANCEL);
    stepped = NULL;
    return active;
}

void fit__ev_reset(void)
{
    stepped = NULL;
    asked = EVBREAK_CANCEL;
}
