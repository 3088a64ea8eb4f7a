/* conformance.h - the simulated kernel must tell the truth: the same calls, both kernels.
 *
 * A case is a function of ordinary libc calls that writes down what they gave. It runs twice,
 * over the real kernel and in a world; the two texts must be equal. Whatever may differ between
 * two runs over the real kernel (numbers of ports, times) is not written down. */
#ifndef TESTS_CONFORMANCE_H
#define TESTS_CONFORMANCE_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

struct conformance_case { const char *name; void (*run)(void); };

/* Tables end with a NULL name. */
extern const struct conformance_case connect_cases[], stream_cases[], close_cases[],
    epoll_cases[], poll_cases[], local_cases[], descriptor_cases[], name_cases[],
    datagram_cases[], datagram_wait_cases[], unix_cases[], unix_datagram_cases[],
    rights_cases[], six_cases[],
    corner_cases[], lock_cases[], thread_cases[], watch_cases[],
    futex_cases[], file_cases[], directory_cases[], stdio_cases[],
    signal_cases[], signalfd_cases[], inotify_cases[], inotify_event_cases[], cancel_cases[],
    unwound_cases[], splice_cases[], patience_cases[], ancillary_cases[], lock_kind_cases[],
    loaded_cases[], thread_way_cases[];

/* Appends a line to what this run saw. */
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Notes the call's text and its result, or the name of its error; gives the result back. */
#define RUN(call) noted(#call, (long)(call))
long noted(const char *text, long result);

/* Notes what a fresh epoll, or poll, says about `fd` for IN|OUT|RDHUP. */
void note_epoll(const char *what, int fd);
void note_poll(const char *what, int fd);
/* Notes the events that epoll_wait(ep, ..., most, ms) gives: "name:BITS name:BITS". The data of
 * an event is a letter. */
void note_wait(const char *what, int ep, int most, int ms);
void watch(int ep, int operation, int fd, uint32_t events, char letter);

/* Files: a fresh directory to be in, and out of it again; those of a case have one letter. */
void enter_folder(void);
void leave_folder(void);
void put_file(const char *name, const char *text);
void note_file(const char *name);                /* its content, or the error */

/* Lets everything that is under way arrive. */
void settle(void);

struct link { int listener, client, server; struct sockaddr_in address; };
int listen_loopback(int backlog, struct sockaddr_in *address);
struct link link_up(void);                   /* a TCP connection, both ends nonblocking */
void link_down(struct link *link);           /* closes what is >= 0 */
int nonblocking_tcp(void);
void set_nonblocking(int fd, bool on);
/* Runs `body(arg)` on a second thread; join with wait_for_thread. */
pthread_t on_thread(void *(*body)(void *), void *arg);
void wait_for_thread(pthread_t thread);
int64_t now_ms(void);

#endif
