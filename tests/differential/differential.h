/* differential.h - random sequences of calls, the same on both kernels, compared call by call.
 *
 * A sequence is a row of steps over a few slots that hold descriptors. It is made from a number
 * alone and does not depend on what the calls give, so any part of it can be left out: that is
 * how a difference is made small. */
#ifndef TESTS_DIFFERENTIAL_H
#define TESTS_DIFFERENTIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SLOTS = 10, STEPS_MAX = 160, LOG_SIZE = 1 << 17 };

enum step_kind {
    /* These make objects ... */
    STEP_SOCKET, STEP_LISTENER, STEP_LINK, STEP_ACCEPT, STEP_PIPE, STEP_PAIR, STEP_EVENTFD,
    STEP_TIMERFD, STEP_EPOLL, STEP_DUP, STEP_DUP2,
    /* ... and these use them. */
    STEP_CONNECT, STEP_BIND, STEP_LISTEN, STEP_CLOSE, STEP_SHUTDOWN, STEP_SEND, STEP_RECV,
    STEP_WRITE, STEP_READ, STEP_WRITEV, STEP_READV, STEP_SPLICE, STEP_CONTROL, STEP_WAIT, STEP_POLL,
    STEP_SELECT, STEP_UNREAD, STEP_ERROR, STEP_LINGER, STEP_OPTION, STEP_FLAGS, STEP_NAME,
    STEP_SETTIME, STEP_GETTIME,
    STEP_KINDS
};

/* `strict`: the slot itself, whatever it holds; otherwise the next one that holds a kind of
 * object that the step is made for. */
struct step { uint8_t kind, a, b; bool strict; uint32_t number, bits; };
struct sequence { uint64_t seed; unsigned count; struct step steps[STEPS_MAX]; };

/* generate.c */
void generate(struct sequence *sequence, uint64_t seed);

/* What one run saw: a line for each call, in order. */
struct log { char text[LOG_SIZE]; size_t length; unsigned calls; };

/* execute.c: runs the steps on the kernel that is there, and closes everything. `pause_us`:
 * how long to wait after each call for what is under way (0: loopback delivers at once). */
void execute(const struct sequence *sequence, struct log *log, unsigned pause_us);

/* slots.c: what is open, and the notes of a run. */
enum object { NOTHING = 0, SOCKET = 1, LISTENER = 2, PIPE = 4, PAIR = 8, EVENTFD = 16,
              TIMERFD = 32, EPOLL = 64, STREAMS = SOCKET | PAIR, ANYTHING = 127 };

struct slot { int fd; enum object object; uint32_t address; uint16_t port; };
struct run {
    struct slot slots[SLOTS];
    struct log *log;
    unsigned pause_us;
    uint32_t address;                        /* of this sequence's listeners */
    size_t tcp_bytes, pair_bytes;            /* sent so far: known.h has the reason */
    unsigned char next;                      /* the next byte to send */
};

/* Appends "text = result" or the name of the error; counts a call, and lets arrive what it has
 * sent. Gives the result back. */
long seen(struct run *run, long result, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Adds to the line of the last call. */
void also(struct run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));
const char *event_bits(uint32_t bits, char *out);        /* `out`: at least 160 bytes */
/* The slot a step means. */
int slot_for(const struct run *run, const struct step *step, unsigned slot, unsigned objects);
/* Frees the slot for a new object, by close. */
void make_room(struct run *run, int slot);
void put(struct run *run, int slot, int fd, enum object object);
bool is_blocking(int fd);

/* transfers.c: steps that move bytes. */
void step_send(struct run *run, const struct step *step);
void step_receive(struct run *run, const struct step *step);
void step_write(struct run *run, const struct step *step);
void step_read(struct run *run, const struct step *step);
void step_splice(struct run *run, const struct step *step);          /* and tee */

/* making.c: steps that make and connect objects. */
void step_make(struct run *run, const struct step *step);
void step_connect(struct run *run, const struct step *step);

#endif
