/* fi/modes.h - the failure modes: the one table of their words. Both halves of harness/ read it.
 *
 * M(id, word, usual, meaning): `usual` ones are tried without --mode; the order is that of every
 * table and list. */
#ifndef FI_MODES_H
#define FI_MODES_H

#define FIT_EACH_MODE(M)                                                                        \
    M(FIT_TIMEOUT, "timeout", true, "the other side is silent, late, or never connects")        \
    M(FIT_PARTIAL, "partial", true, "short reads and writes, EAGAIN in between, early end, EINTR") \
    M(FIT_EMFILE, "emfile", true, "no descriptor is left: once, until something closes, for good") \
    M(FIT_CALLBACK, "callback", true,                                                           \
      "a callback of the loop comes late, takes long, or fails; a busy pool")                   \
    M(FIT_CANCEL, "cancel", true, "the user cancels, at every turn of the loop and in its waits") \
    M(FIT_RESET, "reset", true, "connections are refused, reset, unreachable, half closed")     \
    M(FIT_MEMORY, "memory", false, "allocations fail: once, until memory is freed, for good")   \
    M(FIT_ORDER, "order", true, "ready events and threads in another order, spurious wake-ups") \
    M(FIT_DNS, "dns", true, "names do not resolve, or late, or to hosts that are not there")    \
    M(FIT_DISK, "disk", true, "the disk is full or broken, files are gone")                     \
    M(FIT_CLOCK, "clock", true, "the wall clock is set; the program does not run for an hour")  \
    M(FIT_THREAD, "thread", true, "no thread, key or process can be made")                  \
    M(FIT_SIGNAL, "signal", true, "a signal that the program handles interrupts a wait; EINTR")

#endif
