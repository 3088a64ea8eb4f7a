/* harness/explore/audit.h - what `faulttest doctor` wants to know of the process. */
#ifndef HARNESS_EXPLORE_AUDIT_H
#define HARNESS_EXPLORE_AUDIT_H

/* From here on each system call of this process, and of its copies, that is issued outside
 * libfaulttest becomes a record `escape`, once for each place, and is then let through. Cannot
 * be undone. "Inside"; ends the process when the system refuses. */
void fit__audit_start(void);

/* Sends a record `bound` for each import of each object file that has a definition of ours but
 * got another one. Outside a world. */
void fit__bindings_send(void);

#endif
