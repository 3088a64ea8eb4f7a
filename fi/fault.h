/* fi/fault.h - how a wrapper asks what goes wrong, and makes it true.
 *
 * All functions are called between fit__begin and fit__end (fi/wrap.h). Those that return bool
 * return true when the call must not be carried out: *result is then what it gives (>= 0 or
 * -errno). They ask nothing for peers, clients, and while faults are off. */
#ifndef FI_FAULT_H
#define FI_FAULT_H

#include <stdbool.h>
#include <stddef.h>

#include "fi/catalogue.h"
#include "fi/choice.h"
#include "fi/guard.h"

/* One simulated call, from its entry to its return. */
struct fit__call {
    enum fit__call_id id;
    const void *caller;          /* return address of the wrapper */
    int fd;                      /* what it is about, or -1 */
    int saved_errno;             /* a call that succeeds leaves errno alone */
    bool by_number;              /* came through syscall() */
    bool cut;                    /* a short count was asked for */
    bool outer_point;            /* fit__point_begin */
    uint8_t family;              /* of facts: that of the call, or of what it is about */
    bool twice;                  /* a path: somebody else has just done the same */
    bool passes_files;           /* a message goes with descriptors, or could come with them */
    bool from_file;              /* what is sent is read from a file */
    int64_t lasts_ns;            /* FIT_U_TIME: how long */
    const char *object;          /* text for the question, or NULL: that of fd */
    const int64_t *orders;       /* values of FIT_W_ORDER, where FIT_N_SEVERAL holds */
    unsigned order_count;
    struct fit__info info;       /* of fd, once fit__described */
};

/* Could anything go wrong in a call made now? */
static inline bool fit__asks(void)
{
    return !fit__settled && !fit__guard->exempt && !fit__faults_off;
}

/* Offers each fact of the call's family whose needs are among `holds` (FIT_N_*), and asks.
 * `amount`: bytes that could be moved. Returns the fact that is to happen, or NULL; *value is
 * its number of bytes, or code. */
const struct fit__fact *fit__ask(struct fit__call *c, unsigned holds, size_t amount,
                                 int64_t *value);

/* The same for what is about no descriptor: `object` is what it is about, or NULL. */
const struct fit__fact *fit__ask_at(enum fit__call_id id, const void *caller, const char *object,
                                    unsigned holds, int64_t *value);
/* ... and can only fail: 0, or the error. */
int fit__error_at(enum fit__call_id id, const void *caller, unsigned holds);

/* Makes a fact true, FIT_E_SPECIAL and FIT_E_CUT excepted. */
bool fit__carry_out(struct fit__call *c, const struct fit__fact *fact, long *result);

/* A call that makes a descriptor. */
bool fit__fault_make(struct fit__call *c, long *result);

/* A call that nothing is to be known of but `holds`. */
bool fit__fault_simple(struct fit__call *c, unsigned holds, long *result);

/* A call about a path from the directory `dir`, which becomes the question's object. `holds`: what
 * is known, FIT_N_NEW, FIT_N_CHANGES and the like; whether the file is there is looked up. What
 * would be made is not there, FIT_N_FOLDER is. With c->twice afterwards the call is to be carried
 * out by somebody else first. */
bool fit__fault_path(struct fit__call *c, int dir, const char *path, unsigned holds,
                     long *result);

/* A call about the open file c->fd, other than reading and writing; nothing else is asked. */
bool fit__fault_open_file(struct fit__call *c, unsigned holds, long *result);
/* ... that would lock it. */
bool fit__fault_lock(struct fit__call *c, unsigned holds, long *result);
/* fsync and its like: what failed to reach the disk is lost. */
bool fit__fault_flush(struct fit__call *c, long *result);
/* close and fclose. Afterwards *error is what is told of a descriptor that is closed all the
 * same; 0: nothing. */
void fit__fault_close(struct fit__call *c, long *error);
/* copy_file_range from `in` to c->fd; *size may be lowered. */
bool fit__fault_copy(struct fit__call *c, int in, off_t from, off_t to, size_t *size,
                     long *result);
/* A read of inotify's events. */
void fit__fault_notices(struct fit__call *c);
/* What holds for a call that would make a file end at `size`, or last long. */
unsigned fit__holds_of_size(int fd, off_t size);
unsigned fit__holds_of_signals(const struct fit__call *c);

/* Calls that an older kernel does not have. True: nor does this one, and *result is what the call
 * gives. Else what holds of it: FIT_N_UNKNOWN or nothing. */
bool fit__is_lacking(const struct fit__call *c, long *result);
unsigned fit__first_call(const struct fit__call *c);

/* read() of an eventfd or a timerfd, for which c->info must be there; at most `size` bytes. */
bool fit__fault_counter(struct fit__call *c, size_t size, long *result);

/* recv and its like, at most *size bytes, which may be lowered. Waits for something to come
 * if the call would. After the call say how it ended: fit__after_transfer. */
bool fit__fault_read(struct fit__call *c, int flags, size_t *size, long *result);
bool fit__fault_write(struct fit__call *c, int flags, size_t *size, long *result);

/* The same for what is on a disk. c->info must be there: call it after one of the two above, or
 * fit__described. `offset`: -1 for the current place. */
bool fit__fault_file(struct fit__call *c, bool writes, size_t size, off_t offset, long *result);

/* A short count on an edge-triggered descriptor is only true when the rest comes later, as an
 * edge of its own. */
void fit__after_transfer(struct fit__call *c, long result);

/* A world has ended: what was known of its kernel is over. */
void fit__faults_forget(void);

/* No thread can be made any more. */
extern bool fit__no_threads;
/* There is no getrandom() here: a sandbox does not let it through. */
extern bool fit__no_getrandom;

/* Lifts what lasts: a full table, a full disk, no threads. */
void fit__faults_lift(void);

/* ---- fault_file.c, for fault.c ---- */

void fit__carry_out_file(const struct fit__call *c, const struct fit__fact *fact);
void fit__nothing_lacks(void);

/* Fills c->info; false: not a descriptor. */
bool fit__described(struct fit__call *c);

/* Waits as a blocking call does: 0, or -EAGAIN when the time of `option` (SO_RCVTIMEO or
 * SO_SNDTIMEO) is over. */
int fit__wait_for(struct fit__call *c, short events, int option);

#endif
