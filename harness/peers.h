/* harness/peers.h - the other side of a test: servers and clients on simulated hosts (private). */
#ifndef HARNESS_PEERS_H
#define HARNESS_PEERS_H

#include <stdbool.h>

/* A test begins; it has ended: its peers and clients are dropped. */
void fit__side_start(void);
void fit__side_drop(void);
/* Waits until every client of the test has returned; calls the shutdown function when the last
 * one has. "Inside", on green thread 0. */
void fit__clients_wait(void);
/* A client has returned and the service was not told to stop yet. */
bool fit__shutdown_is_due(void);
/* Calls the function given to fit_on_shutdown(), once; on the loop's thread. */
void fit__shutdown_call(void);
/* The function given to fit_on_shutdown, or NULL, for mode cancel. */
void fit__shutdown_register(void (*stop)(void *), void *arg);
bool fit__shutdown_registered(void);     /* and was not called yet */
bool fit__shutdown_known(void);
/* A turn of the service's loop is to begin, although it waits. Any thread, "inside". */
void fit__service_wake(void);

#endif
