/* harness/command/words.c - the words users meet: verdicts and modes, and help for a typo. */
#include "harness/command/words.h"

#include <assert.h>
#include <string.h>

#include "harness/report/text.h"

enum { WORD_MAX = 64, UNKNOWN_MAX = 16 };

#define F FIT_FINDING, true
#define U FIT_FINDING, false
#define N FIT_NO_RESULT, true
#define O FIT_OUTCOME, true
static const struct fit__verdict verdicts[] = {
    { "crash", F, 0, "The program was ended by a signal such as SIGSEGV after the fault.",
      "Look at the symptom's innermost frame: usually a pointer that the error path left NULL, "
      "uninitialised or already freed. Check the result of the call named under FAULT before "
      "using it." },
    { "abort", F, 1, "The program ended itself: abort(), a failed assert(), or exit() called "
      "from inside a library or a callback.",
      "Turn the assert into an error that is reported; an error that the outside world can cause "
      "is no broken invariant. If it is policy, allow it: fit_allow(\"abort\", ...)." },
    { "memory-error", F, 2, "Memcheck or a sanitizer saw an invalid access, the use of an "
      "uninitialised value, or undefined behaviour.",
      "The usual case is freed memory used by a callback that was still pending, or a buffer "
      "used beyond what a short read filled. Use the count that was returned; stop or close "
      "handles before freeing what they point to." },
    { "hang", F, 3, "Nothing can run and no timer is set, but the test is not over: it would "
      "wait for ever. In virtual time this is a proof, not a guess.",
      "Give every wait for the outside world a timer, and make every error path complete the "
      "operation or close the handle that keeps the loop alive." },
    { "busy-loop", F, 4, "The loop turned many times without any progress, at full processor "
      "load.",
      "A descriptor stays ready and nobody consumes the event: typical is accept() failing with "
      "EMFILE. Stop watching it and try again after a delay, or keep a spare descriptor to "
      "accept and close with." },
    { "blocks-loop", U, 5, "The loop's thread was blocked inside a callback, so nothing else "
      "could be served.",
      "Make the descriptor non-blocking, or move the call (DNS, file, lock, sleep) to a worker "
      "thread." },
    { "callback-lost", F, 6, "An operation was begun, but its caller was never told how it "
      "ended.",
      "Every path out of the operation, early returns and cancellation included, must call the "
      "completion callback. Funnel them through one finish function." },
    { "callback-twice", F, 7, "The caller was told twice how one operation ended.",
      "Typical: an error path calls the callback, then falls through to the normal end. Clear "
      "the callback pointer, or set a `done` flag, before calling it." },
    { "callback-late", F, 8, "The caller was told something after the operation was cancelled, or "
      "the service told to stop, and that had been confirmed.",
      "Cancel what is under way (timer, request, watcher) before confirming, or confirm only "
      "when the last of them has answered." },
    { "leak-memory", F, 9, "Memory is still allocated at the end that the run without faults "
      "had freed, and nothing points to it any more (confirmed by Memcheck).",
      "The error path returns without freeing what was built so far. Free in the reverse order "
      "of building, at one label at the end of the function." },
    { "leak-fd", F, 10, "A descriptor is still open at the end that the run without faults had "
      "closed.",
      "The error path forgets close(), or closes the wrapper but not the descriptor. Close it "
      "where its owner is freed, so that each path passes there." },
    { "leak-handle", F, 11, "A loop handle, timer, task, thread or child process is still alive at "
      "the end.",
      "Close it on the error path, too (uv_close, event_free, ev_timer_stop, pthread_join, "
      "waitpid), and let the loop run until its close callback has come." },
    { "bad-close", F, 12, "close() was called twice, on -1, or on a descriptor that is not the "
      "caller's own.",
      "Set the descriptor to -1 right after closing it, and close only if it is not -1. In a "
      "program with threads a second close hits somebody else's file." },
    { "swallowed", F, 13, "The fault fired, the caller was told success, but the result is not "
      "the one of the run without faults.",
      "Some error code is ignored on the way up. Follow the call under FAULT outwards and look "
      "for the first place that drops its result." },
    { "wrong-result", F, 14, "The result differs from the run without faults, although nothing "
      "failed: only the order was another (mode order).",
      "Look for code that relies on how data is split or ordered: a message that comes in two "
      "pieces, or two replies that come the other way round." },
    { "cause-lost", F, 15, "An operation failed, but what its caller got does not name the cause "
      "of the failure.",
      "Hand errno (or the library's code) up instead of a general \"failed\"; save it before "
      "the clean-up, which may overwrite it." },
    { "context-missing", F, 16, "An operation failed without the details that the test requires "
      "(fit_require_details).",
      "Add the missing keys, which the evidence names, to what the error carries." },
    { "assertion", F, 17, "An assertion of a strict test failed after the fault.",
      "In a strict test (fit_run_group_tests) assertions hold whatever goes wrong. Either the "
      "code is wrong, or the assertion holds only without faults: then report the failure with "
      "fit_op_failed() and return." },
    { "not-recovered", F, 18, "The fault was lifted or had to be survived, but the service did "
      "not work again.",
      "State kept from the failure (a dead connection, a stopped listener, a counter) blocks the "
      "next operation. Reset it, or connect again." },
    { "slow-cleanup", U, 19, "After the failure the test needed far longer to end than without.",
      "A timer of the failed operation, often a long timeout, was left running. Stop it when the "
      "operation ends." },
    { "library-abort", F, 20, "A library ended the program, as it is known to do by design on this "
      "failure. Counted, with the reason, and no failure.",
      "Not to be mended in your code, except by not making the call. An abort() of your own stays "
      "`abort`." },
    { "broken-test", N, 21, "The test fails without any fault, so nothing was swept.",
      "Run the test without Faulttest first. If it passes there, the simulated kernel may be to "
      "blame: please report it with the text shown." },
    { "nondeterministic", N, 22, "Two runs without faults differ, so no case could be trusted.",
      "See `faulttest help determinism`." },
    { "unsupported", N, 23, "The test uses something that is not simulated; it was not swept.",
      "Replace the other side by a peer (fit_peer), or leave this test out." },
    { "not-fired", N, 24, "The fault of this case did not happen, so the case proves nothing.",
      "Nearly always the call comes from a library that was linked before libfaulttest, or from "
      "a static one. Link libfaulttest first." },
    { "noticed", O, 25, "An assertion of an old-style test failed after the fault: the test "
      "noticed. This is good; the case ended there.", "Nothing to fix." },
    { "reported", O, 26, "The failure was reported to the caller, and everything was released. "
      "This is good.", "Nothing to fix." },
    { "recovered", O, 27, "The fault fired, and the result is still that of the run without "
      "faults. This is good.", "Nothing to fix." },
    { "unaffected", O, 28, "The fault fired and changed nothing that anybody could see. This is "
      "good.", "Nothing to fix." },
};
#undef F
#undef U
#undef N
#undef O

static const struct fit__mode_word modes[] = {
    { "timeout", true, true, "the other side is silent, late, or never connects" },
    { "partial", true, true, "short reads and writes, EAGAIN in between, early end, EINTR" },
    { "emfile", true, true, "no descriptor is left: once, until something closes, for good" },
    { "callback", true, true, "a callback of the loop comes late, takes long, or fails; a busy pool" },
    { "cancel", true, true, "the user cancels, at every turn of the loop and in its waits" },
    { "reset", true, true, "connections are refused, reset, unreachable, half closed" },
    { "memory", true, false, "allocations fail: once, until memory is freed, for good" },
    { "order", true, true, "ready events and threads in another order, spurious wake-ups" },
    { "dns", true, true, "names do not resolve, or late, or to hosts that are not there" },
    { "disk", true, true, "the disk is full or broken, files are gone" },
    { "clock", true, true, "the wall clock is set; the program does not run for an hour" },
    { "thread", true, true, "no thread, key or process can be made" },
    { "signal", true, true, "a signal that the program handles interrupts a wait; EINTR" },
};

/* What people type instead of our words. */
static const struct { const char *typed, *meant; } synonyms[] = {
    { "oom", "memory" }, { "disconnect", "reset" }, { "schedule", "order" },
    { "stall", "hang" }, { "deadlock", "hang" }, { "spin", "busy-loop" },
    { "blocked", "blocks-loop" }, { "memcheck", "memory-error" }, { "double-close", "bad-close" },
    { "double-callback", "callback-twice" }, { "lost-callback", "callback-lost" },
    { "late-callback", "callback-late" }, { "wrong-cause", "cause-lost" },
    { "no-context", "context-missing" }, { "flaky", "nondeterministic" },
};

const struct fit__verdict *fit__verdict_at(size_t index)
{
    return index < sizeof verdicts / sizeof verdicts[0] ? &verdicts[index] : NULL;
}

const struct fit__verdict *fit__verdict_of(const char *name)
{
    static struct fit__verdict unknown[UNKNOWN_MAX];
    for (size_t i = 0; i < sizeof verdicts / sizeof verdicts[0]; i++)
        if (strcmp(verdicts[i].name, name) == 0)
            return &verdicts[i];
    size_t i = 0;
    while (i < UNKNOWN_MAX - 1 && unknown[i].name && strcmp(unknown[i].name, name) != 0)
        i++;
    if (!unknown[i].name)
        unknown[i] = (struct fit__verdict){ fit__copy(name), FIT_FINDING, true, 0,
                                            NULL, NULL };
    return &unknown[i];
}

const struct fit__mode_word *fit__mode_at(size_t index)
{
    return index < sizeof modes / sizeof modes[0] ? &modes[index] : NULL;
}

/* Number of single-letter edits that turn `a` into `b`; words longer than WORD_MAX are far. */
static size_t distance(const char *a, const char *b)
{
    size_t row[WORD_MAX + 1], columns = strlen(b);
    if (columns > WORD_MAX || strlen(a) > WORD_MAX)
        return WORD_MAX;
    for (size_t j = 0; j <= columns; j++)
        row[j] = j;
    for (size_t i = 0; a[i]; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < columns; j++) {
            size_t change = diagonal + (a[i] != b[j]);
            diagonal = row[j + 1];
            size_t edit = (row[j] < diagonal ? row[j] : diagonal) + 1;
            row[j + 1] = edit < change ? edit : change;
        }
    }
    return row[columns];
}

const char *fit__suggestion(const char *word, const char *const *words)
{
    const char *best = NULL;
    size_t least = strlen(word) / 3 + 1;
    for (size_t s = 0; s < sizeof synonyms / sizeof synonyms[0]; s++)
        for (size_t i = 0; strcmp(synonyms[s].typed, word) == 0 && words[i]; i++)
            if (strcmp(words[i], synonyms[s].meant) == 0)
                return words[i];
    for (size_t i = 0; words[i]; i++) {
        size_t edits = distance(word, words[i]);
        if (edits <= least) {
            best = words[i];
            least = edits ? edits - 1 : 0;
        }
    }
    return best;
}

char *fit__mode_list(bool usual, const char *between)
{
    struct fit__text text = { 0 };
    for (size_t i = 0; fit__mode_at(i); i++)
        if (usual ? fit__mode_at(i)->usual : fit__mode_at(i)->built)
            fit__text_add(&text, "%s%s", text.size ? between : "", fit__mode_at(i)->name);
    return text.data;
}

static char *mode_refused(const char *word)
{
    const char *names[sizeof modes / sizeof modes[0] + 1] = { 0 };
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        names[i] = modes[i].name;
        if (strcmp(word, modes[i].name) == 0)
            return modes[i].built ? NULL : fit__print("mode '%s' is not built yet; there are %s",
                                                      word, fit__mode_list(false, ", "));
    }
    const char *meant = fit__suggestion(word, names);
    if (meant)
        return fit__print("unknown mode '%s'; did you mean '%s'?", word, meant);
    return fit__print("unknown mode '%s'; there are %s, or all", word, fit__mode_list(false, ", "));
}

char *fit__modes_refused(const char *list)
{
    for (;;) {
        size_t size = strcspn(list, ",");
        char *word = fit__print("%.*s", (int)size, list);
        char *refused = mode_refused(word);
        if (refused || list[size] == '\0')
            return refused;
        list += size + 1;
    }
}
