/* fi/choice.h - the one question, and who answers it.
 *
 * Every uncertainty of a run is a choice between alternatives; "nothing goes wrong" is
 * always the answer NULL. Wrappers, the world, the loop adapters and FAULT_POINT ask; the
 * explorer answers (fit__chooser). On its way each question passes libfiu as a point of
 * that name, so fiu_enable() and fiu-ctrl work on it, too (fi/engine.c). */
#ifndef FI_CHOICE_H
#define FI_CHOICE_H

#include <stdbool.h>
#include <stdint.h>

#include "fi/modes.h"

#define FIT__MODE_ID(id, word, usual, meaning) id,
enum fit__mode { FIT_EACH_MODE(FIT__MODE_ID) FIT_MODES };
#undef FIT__MODE_ID
const char *fit__mode_name(enum fit__mode mode);       /* "timeout" ... */
bool fit__mode_usual(enum fit__mode mode);             /* tried when none is named */

/* What goes wrong: the part of a case's name behind the place. */
enum fit__what {
    FIT_W_NONE,          /* the point itself says it all: cancel */
    FIT_W_ERROR,         /* error=SYMBOL; value is the code, space tells whose */
    FIT_W_SHORT,         /* short=N bytes */
    FIT_W_RETURN,        /* return=N from a callback */
    FIT_W_DELAY,         /* delay=N ms */
    FIT_W_ORDER, FIT_W_THREAD,
    FIT_W_EOF, FIT_W_SILENT, FIT_W_NEVER, FIT_W_RAISE, FIT_W_EARLY, FIT_W_TIMERS_FIRST,
    FIT_W_SPURIOUS,
    FIT_W_TWICE,                             /* a datagram comes twice; a cancel, too */
    FIT_W_AGAIN, FIT_W_LATE                  /* a cancel: a turn later, too late */
};
enum fit__space { FIT_S_ERRNO, FIT_S_EAI, FIT_S_UV, FIT_S_CURLE, FIT_S_DNS /* of a response */,
                  FIT_S_NUMBER };
enum fit__until { FIT_U_ONCE, FIT_U_CLOSE, FIT_U_FREE, FIT_U_TIME, FIT_U_ONWARDS /* when=n+ */ };

struct fit__alternative {
    uint8_t mode, what, space, until;
    bool extended;                   /* only with --extended */
    int64_t value;                   /* code, bytes, or milliseconds */
    int64_t until_ms;                /* for FIT_U_TIME */
};

enum { FIT_ALTERNATIVES_MAX = 64 };

struct fit__question {
    const char *point;               /* "recv", "uv_timer_cb", "peer", "cancel"...: static text */
    const char *at, *object, *op, *after;   /* texts of a case's name, or NULL; live for the call */
    const char *in;                  /* the place, when no call stack tells it: the user's callback
                                        that is about to run; else NULL */
    const void *caller;              /* return address of the wrapper */
    bool world;                      /* asked by the world (a segment arrives), on any thread */
    unsigned count;
    struct fit__alternative alternatives[FIT_ALTERNATIVES_MAX];
};

/* Adds an alternative to a question; silently bounded by FIT_ALTERNATIVES_MAX (asserted). */
void fit__offer(struct fit__question *q, enum fit__mode mode, enum fit__what what,
                enum fit__space space, int64_t value, enum fit__until until);

/* The same, for what is only tried with --extended. */
void fit__offer_extended(struct fit__question *q, enum fit__mode mode, enum fit__what what,
                         enum fit__space space, int64_t value, enum fit__until until);

/* Modes whose questions are asked, one bit each; all by default. Only for points that are asked by
 * one mode alone, and often (malloc): for all others the explorer leaves out what was not ordered,
 * because the name of a place depends on which other places of the same call there are. */
extern unsigned fit__modes_asked;
static inline bool fit__mode_asked(enum fit__mode mode)
{
    return fit__modes_asked & (1u << mode);
}
/* The same for places that only --extended tries. */
enum { FIT_EXTENDED_ASKED = 1 << 30 };
static inline bool fit__extended_asked(void)
{
    return fit__modes_asked & FIT_EXTENDED_ASKED;
}

/* Gets libfiu ready; it allocates, so do it before a world begins. Any number of times. */
void fit__engine_start(void);

/* Returns the alternative that is to happen now, or NULL: nothing goes wrong. The result
 * points into `q`. May not return in this process at once: the process may be copied here. */
const struct fit__alternative *fit__choose(struct fit__question *q);

/* > 0: nothing goes wrong on any thread (teardown, fit_faults_off). */
extern unsigned fit__faults_off;
/* Set where nothing can go wrong any more, all faults of a case having come: questions are not even
 * put together then. */
extern bool fit__settled;
extern bool fit__named;                  /* libfiu has made a point fail that was enabled by name */
/* Nothing goes wrong either (setup), and questions are counted. */
extern bool fit__counting;
extern unsigned fit__unasked;

/* The explorer plugs in here. Returns an index into alternatives, or -1. NULL: never anything. */
extern int (*fit__chooser)(struct fit__question *q);

/* The alternative just given could not be made true after all (the connection it was about is
 * gone): the case is `not-fired`. `why`: one clause for people. */
void fit__not_fired(const char *why);
extern void (*fit__on_not_fired)(const char *why);

/* Called, with no effect of its own, at the moment a fault is injected: a breakpoint's place. */
void fit_fault_here(void);
extern void (*fit__on_injected)(const struct fit__question *q,      /* NULL: nobody listens */
                                const struct fit__alternative *what);

#endif
