/* harness/world/calls.h - the parts of the simulated kernel's table (kernel_sim.c, transfer.c). */
#ifndef HARNESS_WORLD_CALLS_H
#define HARNESS_WORLD_CALLS_H

#include "harness/world/objects.h"

enum { FIT_CALL_NS = 1000 };                 /* what a simulated call costs */

/* Begins every call: time passes, and events that are due happen. */
void fit__call_begins(void);
/* 0 to 2 of the code under test, which are real. */
bool fit__is_standard(int fd);
/* A call returned at once and moved nothing. Returns `result`. */
long fit__idle(const char *call, int fd, long result);
fit_ns fit__deadline(int64_t timeout_ns);    /* -1 or huge: FIT_NEVER */

/* kernel_sim.c: a number for a new file, or -errno; then the file is gone. */
int fit__number(struct fit__file *file, bool cloexec);
int fit__number_two(struct fit__file *files[2], bool cloexec, int fds[2]);

/* socket.c */
int fit__call_socket(int domain, int type, int protocol);
int fit__call_socketpair(int domain, int type, int protocol, int fds[2]);
int fit__call_bind(int fd, const struct sockaddr *address, socklen_t size);
int fit__call_listen(int fd, int backlog);
int fit__call_shutdown(int fd, int how);
int fit__call_getsockname(int fd, struct sockaddr *address, socklen_t *size);
int fit__call_getpeername(int fd, struct sockaddr *address, socklen_t *size);
int fit__call_getsockopt(int fd, int level, int option, void *value, socklen_t *size);
int fit__call_setsockopt(int fd, int level, int option, const void *value, socklen_t size);
void fit__call_hold(int64_t ns);

/* transfer.c */
ssize_t fit__call_readv(int fd, const struct iovec *iov, int count, off_t offset);
ssize_t fit__call_writev(int fd, const struct iovec *iov, int count, off_t offset);
ssize_t fit__call_sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t fit__call_recvmsg(int fd, struct msghdr *message, int flags);
int fit__call_accept(int fd, struct sockaddr *address, socklen_t *size, int flags);
int fit__call_connect(int fd, const struct sockaddr *address, socklen_t size);

/* splice.c */
ssize_t fit__call_splice(int in, off64_t *from, int out, off64_t *to, size_t size, unsigned flags);
ssize_t fit__call_tee(int in, int out, size_t size, unsigned flags);
ssize_t fit__call_sendfile(int out, int in, off_t *offset, size_t size);

/* waiting.c */
int fit__call_epoll_ctl(int ep, int operation, int fd, struct epoll_event *event);
int fit__call_epoll_await(int ep, int64_t timeout_ns);
void fit__call_epoll_order(int ep, int64_t order);
void fit__call_epoll_sparing(int ep, unsigned first);
bool fit__call_more_soon(int64_t ns);
int fit__call_epoll_wait(int ep, struct epoll_event *events, int most, int64_t timeout_ns);
int fit__call_poll(struct pollfd *fds, nfds_t count, int64_t timeout_ns);
int fit__call_timerfd_settime(int fd, int flags, const struct itimerspec *value,
                              struct itimerspec *old);
int fit__call_timerfd_gettime(int fd, struct itimerspec *value);
int fit__call_clock_gettime(clockid_t clock, struct timespec *now);
int fit__call_sleep(int64_t ns);
ssize_t fit__call_getrandom(void *buffer, size_t size, unsigned flags);
int fit__call_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                          struct addrinfo **result);
int fit__call_getnameinfo(const struct sockaddr *address, socklen_t size, char *host,
                          socklen_t host_size, char *service, socklen_t service_size, int flags);

/* inotify.c */
int fit__call_inotify_init(int flags);
int fit__call_inotify_add(int fd, const char *path, uint32_t mask);
int fit__call_inotify_remove(int fd, int watch);

/* faults.c */
int fit__call_describe(int fd, struct fit__info *info);
int fit__call_afflict(int fd, enum fit__affliction affliction, int64_t value);
void fit__call_limit_descriptors(bool until_close);
void fit__call_unlimit_descriptors(void);
void fit__call_exhaust(enum fit__resource what);
void fit__call_relieve_after(enum fit__resource what, int64_t ns);
void fit__relieve_server(void);              /* accept() is called: has it tried for long enough? */

#endif
