/* harness/api.h - what the implementations of faulttest.h share (private). */
#ifndef HARNESS_API_H
#define HARNESS_API_H

/* A function of faulttest.h begins: our own code runs now. Called outside a test it ends the
 * program with a message that names function and caller. */
void fit__api_enter(const char *function, const void *caller);
void fit__api_leave(void);

#endif
