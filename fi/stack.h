/* fi/stack.h - call stacks. Fact: glibc's backtrace() costs 2 us for 17 frames natively and
 * 62 us under Memcheck, so stacks are taken at choice points and when descriptors are made,
 * not at each malloc. */
#ifndef FI_STACK_H
#define FI_STACK_H

enum { FIT_STACK_MAX = 32 };

/* Return addresses, innermost first, without frames of libfaulttest itself. Returns how many.
 * Any green thread or callback; not from signal handlers before fit__stack_warm_up(). */
unsigned fit__stack(void **frames, unsigned most);

/* The first backtrace() loads libgcc and allocates: do it once, before a world begins. */
void fit__stack_warm_up(void);

#endif
