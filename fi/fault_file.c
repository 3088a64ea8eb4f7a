/* What can go wrong with files now, and making it true. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "fi/fault.h"
#include "fi/signal.h"

/* A question that we put to the kernel ourselves: it is none of the calls that get the program
 * nowhere, and feels no full disk. */
#define OURS(expression)                                                                      \
    (__extension__({ bool exempt_ = fit__guard->exempt;                                       \
        fit__guard->exempt = true;                                                            \
        __typeof__(expression) found_ = (expression);                                         \
        fit__guard->exempt = exempt_;                                                         \
        found_; }))

/* ---- calls that this machine does not have ----------------------------------------------- */

static int lacking[FIT_CALL_COUNT];      /* the error of each */
static bool known[FIT_CALL_COUNT];       /* it was asked for, and it was there or not */

void fit__nothing_lacks(void)
{
    memset(lacking, 0, sizeof lacking);
}

void fit__faults_forget(void)
{
    memset(known, 0, sizeof known);
    fit__nothing_lacks();
}

unsigned fit__first_call(const struct fit__call *c)
{
    if (known[c->id] || fit__guard->exempt) return 0;
    known[c->id] = true;
    return FIT_N_UNKNOWN;
}

bool fit__is_lacking(const struct fit__call *c, long *result)
{
    if (!lacking[c->id] || fit__guard->exempt) return false;
    *result = -lacking[c->id];
    return true;
}

/* ---- signals ----------------------------------------------------------------------------- */

/* A wait for a lock goes on after a handler with SA_RESTART; fallocate() on tmpfs does not. */
static bool is_interrupted(enum fit__call_id id, int signal)
{
    struct sigaction action;
    fit__signal_action(signal, &action);
    return action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN
        && (id == FIT_CALL_fallocate || !(action.sa_flags & SA_RESTART));
}

/* The first of those that others send; 0: none. */
static int signal_that_interrupts(enum fit__call_id id)
{
    static const int sent[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGCHLD };
    for (size_t i = 0; i < sizeof sent / sizeof sent[0]; i++)
        if (is_interrupted(id, sent[i])) return sent[i];
    return 0;
}

unsigned fit__holds_of_signals(const struct fit__call *c)
{
    return fit__asks() && signal_that_interrupts(c->id) ? FIT_N_INTERRUPTED : 0;
}

/* Who leaves SIGXFSZ alone is ended by it, as the administrator wants it. */
static bool survives_limit(void)
{
    struct sigaction action;
    fit__signal_action(SIGXFSZ, &action);
    return action.sa_handler != SIG_DFL;
}

unsigned fit__holds_of_size(int fd, off_t size)
{
    struct stat st;
    if (!fit__asks() || !survives_limit() || OURS(fit__kernel->fstat(fd, &st)) < 0) return 0;
    return size > st.st_size ? FIT_N_LARGER : 0;
}

static void send_to_self(int signal)
{
    pthread_t self = pthread_self();
    fit__signals->send(&self, signal, SI_USER, (union sigval){ 0 });
}

void fit__carry_out_file(const struct fit__call *c, const struct fit__fact *fact)
{
    if (fact->effect == FIT_E_LACKING) lacking[c->id] = (int)fact->value;
    if (fact->effect == FIT_E_SIGNAL) send_to_self(SIGXFSZ);
    if (fact->effect == FIT_E_INTERRUPTED) send_to_self(signal_that_interrupts(c->id));
}

/* ---- paths ------------------------------------------------------------------------------- */

/* The root and the working directory cannot fail to be found. */
static bool is_on_disk(const char *path)
{
    return strcmp(path, "/") && strcmp(path, ".") && strncmp(path, "/proc/", 6)
        && strncmp(path, "/sys/", 5) && strncmp(path, "/dev/", 5);
}

/* An encrypted home of eCryptfs has the shortest names. */
enum { NAME_SHORT = 143 };

static unsigned what_it_spells(const char *path)
{
    const char *name = strrchr(path, '/');
    unsigned holds = name && name != path ? FIT_N_BELOW : 0;
    return strlen(name ? name + 1 : path) > NAME_SHORT ? holds | FIT_N_LONG : holds;
}

static unsigned what_is_there(int dir, const char *path)
{
    struct stat st;
    if (OURS(fit__kernel->stat(dir, path, &st, AT_SYMLINK_NOFOLLOW)) < 0) return 0;
    if (S_ISDIR(st.st_mode)) return FIT_N_THERE | FIT_N_FOLDER;
    bool runs = S_ISREG(st.st_mode) && (st.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH));
    return FIT_N_THERE | FIT_N_MORTAL | (runs ? FIT_N_PROGRAM : 0);
}

/* What is known of the path, and of what the call would do. */
static unsigned holds_of_path(int dir, const char *path, unsigned holds)
{
    const unsigned makes = FIT_N_NEW | FIT_N_NAMED | FIT_N_REPLACES | FIT_N_DRAWN;
    const unsigned rest = FIT_N_MORTAL | FIT_N_FOLDER;
    if (!is_on_disk(path)) return holds & FIT_N_BLOCK;
    unsigned there = what_is_there(dir, path);
    if (!(holds & FIT_N_FOLDER)) there &= ~(unsigned)FIT_N_FOLDER;
    holds = (holds & ~(unsigned)FIT_N_FOLDER) | what_it_spells(path);
    if (there && (holds & FIT_N_NEW)) {  /* if it were gone, it would be made anew */
        holds &= ~makes;
        there &= ~rest;
    }
    return holds | there;
}

static bool make_file(int dir, const char *path)
{
    int fd = OURS(fit__kernel->open(dir, path, O_WRONLY | O_CREAT | O_EXCL, 0644));
    if (fd >= 0) fit__kernel->close(fd);
    return fd >= 0;
}

static bool fill(int dir, const char *path)
{
    char name[4096];
    int size = snprintf(name, sizeof name, "%s/%s", path, "somebody-elses");
    return size < (int)sizeof name && make_file(dir, name);
}

/* What somebody else has just done to it. False: he could not. */
static bool change_path(enum fit__effect effect, int dir, const char *path)
{
    return effect == FIT_E_MADE ? make_file(dir, path) : fill(dir, path);
}

/* If the code under test may not remove it, somebody else may. */
static bool remove_it(const struct fit__fact *fact, int dir, const char *path, long *result)
{
    *result = -(long)fact->value;
    return OURS(fit__kernel->unlink(dir, path, 0)) < 0;
}

bool fit__fault_path(struct fit__call *c, int dir, const char *path, unsigned holds, long *result)
{
    int64_t value;
    if (fit__is_lacking(c, result)) return true;
    if (!fit__asks() || !path || !*path) return false;
    c->object = path;
    const struct fit__fact *fact = fit__ask(c, holds_of_path(dir, path, holds), 0, &value);
    if (!fact) return false;
    const enum fit__effect effect = (enum fit__effect)fact->effect;
    if (effect == FIT_E_GONE) return remove_it(fact, dir, path, result);
    if (effect != FIT_E_MADE && effect != FIT_E_FILLED)
        return fit__carry_out(c, fact, result);
    if (!change_path(effect, dir, path)) fit__not_fired("nobody else could do that either");
    return false;
}

/* ---- open files -------------------------------------------------------------------------- */

static bool is_file(struct fit__call *c)
{
    return fit__asks() && fit__described(c) && c->info.class == FIT_C_FILE
        && is_on_disk(c->info.object);
}

/* A file without a name is the program's alone. */
static unsigned others_reach(int fd)
{
    struct stat st;
    return OURS(fit__kernel->fstat(fd, &st)) >= 0 && st.st_nlink ? FIT_N_THERE : 0;
}

bool fit__fault_lock(struct fit__call *c, unsigned holds, long *result)
{
    if (fit__asks()) holds |= others_reach(c->fd);
    return fit__fault_open_file(c, holds, result);
}

bool fit__fault_open_file(struct fit__call *c, unsigned holds, long *result)
{
    if (fit__is_lacking(c, result)) return true;
    return is_file(c) && fit__fault_simple(c, holds, result);
}

/* Linux tells it once. What did not reach the disk counts as clean from then on, so that the next
 * call has nothing to do. */
bool fit__fault_flush(struct fit__call *c, long *result)
{
    int64_t value;
    if (!is_file(c)) return false;
    const struct fit__fact *fact = fit__ask(c, FIT_N_CHANGES, 0, &value);
    if (!fact) return false;
    if (fact->effect != FIT_E_SPECIAL) return fit__carry_out(c, fact, result);
    fit__kernel->afflict(c->fd, FIT_A_LOST, 0);
    *result = -(long)value;
    return true;
}

void fit__fault_close(struct fit__call *c, long *error)
{
    int64_t value;
    *error = 0;
    if (!is_file(c) || (fit__kernel->fcntl(c->fd, F_GETFL, 0) & O_ACCMODE) == O_RDONLY) return;
    if (fit__ask(c, FIT_N_CHANGES, 0, &value)) *error = -(long)value;
}

void fit__fault_notices(struct fit__call *c)
{
    long unused;
    if (!fit__asks() || c->info.class != FIT_C_NOTICES || !c->info.readable) return;
    struct fit__call notices = *c;
    notices.id = FIT_CALL_inotify;
    notices.family = FIT_NOTICES;
    fit__fault_simple(&notices, 0, &unused);
}

/* ---- reading and writing ----------------------------------------------------------------- */

/* Where a transfer at `offset` (-1: the current place) begins, and where its file ends. */
static off_t place_in(int fd, off_t offset, off_t *end)
{
    struct stat st;
    off_t at = offset >= 0 ? offset : OURS(fit__kernel->lseek(fd, 0, SEEK_CUR));
    *end = 0;
    if (at < 0 || OURS(fit__kernel->fstat(fd, &st)) < 0) return -1;
    *end = st.st_size;
    return at;
}

/* How many new pages a write needs of the disk; *half: the bytes that fit if it has half of
 * them. */
static off_t pages_needed(int fd, size_t size, off_t offset, size_t *half)
{
    off_t end, at = place_in(fd, offset, &end);
    *half = 0;
    if (at < 0) return 0;
    if (fit__kernel->fcntl(fd, F_GETFL, 0) & O_APPEND) at = end;
    off_t have = (end + FIT_DISK_PAGE - 1) / FIT_DISK_PAGE;
    off_t first = at / FIT_DISK_PAGE > have ? at / FIT_DISK_PAGE : have;
    off_t need = (at + (off_t)size + FIT_DISK_PAGE - 1) / FIT_DISK_PAGE - first;
    if (need >= 2) *half = (size_t)((first + need / 2) * FIT_DISK_PAGE - at);
    return need > 0 ? need : 0;
}

static bool fault_write(struct fit__call *c, size_t size, off_t offset, long *result)
{
    int64_t value;
    size_t half;
    off_t end, at = place_in(c->fd, offset, &end), need = pages_needed(c->fd, size, offset, &half);
    unsigned holds = FIT_N_DATA | FIT_N_CHANGES | (need ? FIT_N_GROWS : 0);
    if (at + (off_t)size > end && survives_limit()) holds |= FIT_N_LARGER;
    c->family = FIT_FILE_WRITE;
    /* The table cuts in the middle. */
    const struct fit__fact *fact = fit__ask(c, holds, 2 * half, &value);
    if (!fact) return false;
    if (fact->effect != FIT_E_SPECIAL) return fit__carry_out(c, fact, result);
    fit__kernel->limit_disk(need / 2 * FIT_DISK_PAGE);
    return false;
}

/* The end of a page near the middle of what would be read; 0: it lies in one. */
static off_t middle_of(off_t at, off_t size)
{
    off_t first = at / FIT_DISK_PAGE + 1, middle = (at + size / 2) / FIT_DISK_PAGE;
    off_t page = middle > first ? middle : first;
    return page * FIT_DISK_PAGE < at + size ? page * FIT_DISK_PAGE : 0;
}

static bool fault_read(struct fit__call *c, size_t size, off_t offset, long *result)
{
    int64_t value;
    off_t end, at = place_in(c->fd, offset, &end);
    off_t left = at >= 0 && end > at ? end - at : 0, most = (off_t)size < left ? (off_t)size : left;
    off_t middle = most ? middle_of(at, most) : 0;
    size_t cut = middle ? 2 * (size_t)(middle - at) : 0;
    c->family = FIT_FILE_READ;
    unsigned holds = FIT_N_DATA | others_reach(c->fd);
    if (left && !c->info.mapped) holds |= FIT_N_READY;
    const struct fit__fact *fact = fit__ask(c, holds, cut, &value);
    if (!fact) return false;
    if (fact->effect != FIT_E_SPECIAL) return fit__carry_out(c, fact, result);
    if (fit__kernel->afflict(c->fd, (enum fit__affliction)fact->affliction,
                             fact->affliction == FIT_A_CUT ? at : middle) < 0)
        fit__not_fired("this file cannot suffer it");
    return false;
}

bool fit__fault_file(struct fit__call *c, bool writes, size_t size, off_t offset, long *result)
{
    if (!size || c->fd < 0 || !fit__asks() || c->info.class != FIT_C_FILE) return false;
    if (!is_on_disk(c->info.object)) return false;
    return writes ? fault_write(c, size, offset, result) : fault_read(c, size, offset, result);
}

/* ---- from file to file ------------------------------------------------------------------- */

bool fit__fault_copy(struct fit__call *c, int in, off_t from, off_t to, size_t *size, long *result)
{
    int64_t value;
    size_t unused;
    off_t end, at = place_in(in, from, &end);
    if (fit__is_lacking(c, result)) return true;
    if (at < 0 || end <= at || !*size || !is_file(c)) return false;
    off_t most = (off_t)*size < end - at ? (off_t)*size : end - at;
    bool grows = pages_needed(c->fd, (size_t)most, to, &unused) > 0;
    unsigned holds = FIT_N_DATA | FIT_N_RECENT | (grows ? FIT_N_GROWS : 0) | others_reach(in);
    const struct fit__fact *fact = fit__ask(c, holds, (size_t)most, &value);
    if (!fact) return false;
    if (fact->effect == FIT_E_CUT) {
        *size = (size_t)value;
        return false;
    }
    if (fact->effect != FIT_E_SPECIAL) return fit__carry_out(c, fact, result);
    if (fit__kernel->afflict(in, FIT_A_CUT, at) < 0) fit__not_fired("this file cannot be cut");
    return false;
}
