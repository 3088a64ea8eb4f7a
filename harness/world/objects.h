/* harness/world/objects.h - what the objects of the simulated kernel share (harness/world/ only).
 *
 * An object is what an open file description stands for: a TCP socket, a pipe's end, an epoll.
 * Its operations never block: kernel_sim.c waits on the file's queue and calls them again for
 * as long as they answer -EAGAIN. All memory is the arena's. */
#ifndef HARNESS_WORLD_OBJECTS_H
#define HARNESS_WORLD_OBJECTS_H

#include "harness/world/world.h"

/* ---- bytes.c: a queue of bytes ----------------------------------------------------------- */

/* All zero is an empty queue. Grows as needed; whoever appends keeps it within its limit. */
struct fit__bytes { char *data; size_t start, size, room; };

size_t fit__iov_size(const struct iovec *iov, int count);
/* Copies up to `size` bytes at `skip` of the vector into `out`; returns how many there were. */
size_t fit__iov_read(const struct iovec *iov, int count, size_t skip, void *out, size_t size);
void fit__bytes_append(struct fit__bytes *queue, const void *data, size_t size);
/* Copies `size` bytes into the vector; returns how many found room. */
size_t fit__iov_write(const struct iovec *iov, int count, const void *data, size_t size);
/* Takes up to the vector's size from the front. MSG_PEEK: they stay; MSG_TRUNC: not copied. */
size_t fit__bytes_take(struct fit__bytes *queue, const struct iovec *iov, int count, int flags);
void fit__bytes_drop(struct fit__bytes *queue, size_t size);
void fit__bytes_clear(struct fit__bytes *queue);          /* empty, and its memory released */

/* The state of a file changed as a whole: every watcher looks again. */
enum { FIT_ALL_EVENTS = 0xffff };
/* What a socket says when data has arrived, or there is room: more than will hold. */
enum { FIT_DATA_EVENTS = EPOLLIN | EPOLLPRI | EPOLLRDNORM | EPOLLRDBAND,
       FIT_ROOM_EVENTS = EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND };

/* faults.c: is none left for the call of the code under test that is being made? */
bool fit__used_up(enum fit__resource what);

/* ---- sockets ----------------------------------------------------------------------------- */

enum { FIT_SHUT_RECEIVE = 1, FIT_SHUT_SEND = 2, FIT_SHUT_BOTH = 3 };
enum { FIT_STORED_OPTIONS = 48, FIT_PORT_RANGE = 51 /* IP_LOCAL_PORT_RANGE, of Linux 6.3 */ };

/* What a socket does beside reading and writing bytes. None of it blocks. What is NULL is
 * -EOPNOTSUPP, but `connected`, `send` and `receive`: a stream without descriptors to pass has
 * read and write only. */
struct fit__socket_ops {
    int (*bind)(struct fit__file *file, const struct sockaddr *address, socklen_t size);
    int (*listen)(struct fit__file *file, int backlog);
    int (*accept)(struct fit__file *file, int flags);
    /* -EINPROGRESS, -EALREADY and -EAGAIN: a blocking socket goes on with `connected`. */
    int (*connect)(struct fit__file *file, const struct sockaddr *address, socklen_t size);
    int (*connected)(struct fit__file *file);            /* -EAGAIN: nothing is known yet */
    int (*shutdown)(struct fit__file *file, unsigned how);
    int (*name)(struct fit__file *file, bool of_peer, struct sockaddr *out, socklen_t *size);
    ssize_t (*send)(struct fit__file *file, const struct msghdr *message, int flags);
    ssize_t (*receive)(struct fit__file *file, struct msghdr *message, int flags);
};

/* The first member of every object that is a socket. */
struct fit__socket {
    int domain, type, protocol;
    int error;                           /* pending, positive; read and cleared by SO_ERROR */
    unsigned shut;                       /* FIT_SHUT_* */
    fit_ns receive_timeout, send_timeout;/* 0: none */
    int linger_on, linger_seconds;
    int stored[FIT_STORED_OPTIONS];      /* option.c */
    bool changed[FIT_STORED_OPTIONS];
};

bool fit__is_socket(const struct fit__file *file);
struct fit__socket *fit__socket_of(struct fit__file *file);          /* NULL: not a socket */
int fit__socket_take_error(struct fit__socket *socket);              /* 0 or -errno */
/* Copies an address out as the system calls do: cut at *size, *size becomes the true length. */
int fit__address_out(const void *address, socklen_t length, struct sockaddr *out, socklen_t *size);

int fit__option_get(struct fit__file *file, int level, int option, void *value, socklen_t *size);
int fit__option_set(struct fit__file *file, int level, int option, const void *value,
                    socklen_t size);
int fit__option_stored(const struct fit__socket *socket, int level, int option);

/* ---- pair.c, pipe.c, event.c, epoll.c, poll.c, file.c, name.c, entropy.c ----------------- */

extern const struct fit__file_ops fit__tcp_ops, fit__datagram_ops, fit__local_ops, fit__pair_ops,
    fit__pipe_reader_ops,
    fit__pipe_writer_ops, fit__eventfd_ops, fit__timerfd_ops, fit__epoll_ops, fit__regular_ops,
    fit__signalfd_ops, fit__inotify_ops;

/* Each returns files with one reference of the caller's. */
void fit__pipe_new(int flags, struct fit__file *ends[2]);
bool fit__is_pipe(const struct fit__file *file);
/* Of either end: bytes to read; room for bytes that lie in pages of their own; nobody is at the
 * other end any more. */
size_t fit__pipe_bytes(const struct fit__file *end);
size_t fit__pipe_room(const struct fit__file *end);
bool fit__pipe_ended(const struct fit__file *end);
bool fit__pipes_are_one(const struct fit__file *a, const struct fit__file *b);
/* Bytes that lay at `offset` of a file, in its pages; there is room for them. */
void fit__pipe_put(struct fit__file *writer, const char *bytes, size_t size, off_t offset);
size_t fit__pipe_look(struct fit__file *reader, char *bytes, size_t size);
void fit__pipe_take(struct fit__file *reader, size_t size);
/* From one to the other as far as there is room, page by page. `copy`: they stay, too. */
size_t fit__pipe_move(struct fit__file *reader, struct fit__file *writer, size_t size, bool copy);
struct fit__file *fit__eventfd_new(unsigned initial, int flags);
struct fit__file *fit__timerfd_new(int clock, int flags);
int fit__timerfd_set(struct fit__file *file, int flags, const struct itimerspec *value,
                     struct itimerspec *old);
int fit__timerfd_get(struct fit__file *file, struct itimerspec *value);
bool fit__counts_unread(const struct fit__file *file);   /* it knows FIONREAD */
size_t fit__unread(struct fit__file *file);

struct fit__file *fit__epoll_new(void);
int fit__epoll_control(struct fit__file *ep, int operation, int fd, struct fit__file *file,
                       struct epoll_event *event);
/* What is ready now, at most `most`; 0: nothing. `first` gets the descriptor of the first. */
int fit__epoll_harvest(struct fit__file *ep, struct epoll_event *events, int most, int *first);
/* FIT_READY bits and the count; takes nothing. */
int fit__epoll_ready(struct fit__file *ep);
void fit__epoll_order(struct fit__file *ep, int64_t order);
void fit__epoll_sparing(struct fit__file *ep, unsigned first);
/* Who is watched for EPOLLIN, the first FIT_PHANTOMS_MOST; returns how many. */
unsigned fit__epoll_watched(struct fit__file *ep, struct fit__file **files);
bool fit__epoll_has_edge(const struct fit__file *file);  /* someone watches it with EPOLLET */

int fit__poll_sim(struct pollfd *fds, nfds_t count, int64_t timeout_ns);

/* phantom.c: the running thread is about to sleep in a wait for these. True: one of them says that
 * there is something to read, and there is not. Cheap first: could any? */
enum { FIT_PHANTOMS_MOST = 8 };
bool fit__phantoms_asked(void);
bool fit__phantom(struct fit__file *const *files, unsigned count);

/* Opens a file of the copy-on-write file system (files.h): a descriptor or -errno. Also /dev/null
 * and its like, /dev/urandom and /dev/random (our entropy), and of /proc and /sys what libraries
 * are known to read (given.c has the list). Anything else is unsupported. */
int fit__regular_open(int dir, const char *path, int flags, mode_t mode);
ssize_t fit__regular_readv(struct fit__file *file, const struct iovec *iov, int count,
                           off_t offset);
ssize_t fit__regular_writev(struct fit__file *file, const struct iovec *iov, int count,
                            off_t offset);
off_t fit__regular_seek(struct fit__file *file, off_t offset, int whence);
void fit__regular_fstat(struct fit__file *file, struct stat *st);
size_t fit__regular_unread(struct fit__file *file);

/* standard.c. A duplicate of the real standard stream `fd`: 0 or -EBADF. */
extern const struct fit__file_ops fit__standard_ops;
int fit__standard_new(int fd, struct fit__file **file);
int fit__standard_fstat(struct fit__file *file, struct stat *st);
/* A standard number gets a file of the world: the real stream comes back when the world ends. */
void fit__standard_covered(int fd);
/* Puts a real stream, the duplicate `file` or (NULL) number `from`, on a standard number. */
int fit__standard_put(struct fit__file *file, int from, int to);
void fit__standards_restore(void);

int fit__resolve(const char *node, const char *service, const struct addrinfo *hints,
                 struct addrinfo **result);
int fit__name_info(const struct sockaddr *address, socklen_t size, char *host,
                   socklen_t host_size, char *service, socklen_t service_size, int flags);
void fit__entropy(void *buffer, size_t size);            /* entropy.c */

/* The world's dates: what the clocks show when fit__now() is 0. */
enum { FIT_REALTIME_START_S = 1767225600 /* 2026-01-01 00:00 UTC */, FIT_UPTIME_START_S = 1000 };

/* date.c: the same for CLOCK_REALTIME, which may be set: to step it moves what waits for a date. */
fit_ns fit__realtime_start(void);
void fit__realtime_step(fit_ns by);
void fit__timerfds_step(fit_ns by);      /* event.c */
void fit__signal_timers_step(fit_ns by); /* signal_timer.c */

/* ---- tcp.c: TCP's socket calls ----------------------------------------------------------- */

struct fit__file *fit__tcp_new(int domain, int flags);
int fit__tcp_bind(struct fit__file *file, const struct sockaddr *address, socklen_t size);
int fit__tcp_listen(struct fit__file *file, int backlog);
/* A descriptor; -EAGAIN: nobody there yet; -EMFILE: whoever waits goes on waiting. */
int fit__tcp_accept(struct fit__file *file, int flags);
/* Begins to connect: -EINPROGRESS, or what Linux says in the state it is in. */
int fit__tcp_connect(struct fit__file *file, const struct sockaddr *address, socklen_t size);
/* How a blocking connect goes on after -EINPROGRESS: -EAGAIN while nothing is known. */
int fit__tcp_connected(struct fit__file *file);
int fit__tcp_shutdown(struct fit__file *file, unsigned how);
int fit__tcp_name(struct fit__file *file, bool of_peer, struct sockaddr *out, socklen_t *size);
void fit__tcp_hold(fit_ns ns);                           /* its part of fit__kernel.hold */
void fit__tcp_info(struct fit__file *file, void *value, socklen_t *size);
bool fit__tcp_listens(struct fit__file *file);
/* The last close of a file: must it wait until what was sent has arrived, and how long (SO_LINGER)?
 * Then this side has ended by now, and waits on the file's queue. */
bool fit__tcp_lingers(struct fit__file *file, fit_ns *limit);
bool fit__tcp_has_arrived(struct fit__file *file);
struct fit__link;
void fit__tcp_link_changed(const struct fit__link *link);
void fit__tcp_options_changed(struct fit__file *file);   /* of any file */
void fit__tcp_look(struct fit__file *file);      /* its owner has asked how it is */
bool fit__tcp_is_stream(struct fit__file *file);         /* connected or connecting */
bool fit__can_be_held(struct fit__file *file);           /* fit__kernel.hold works on it */
void fit__tcp_forget_all(void);
void fit__entropy_restart(void);

/* ---- datagram.c: UDP --------------------------------------------------------------------- */

enum { FIT_BUFFER = 212992 };                            /* of sockets that are not TCP */

struct fit__file *fit__datagram_new(int domain, int flags);
void fit__datagram_hold(fit_ns ns);
bool fit__datagram_waits(struct fit__file *file);        /* something arrived: hold() works */
void fit__datagram_forget_all(void);

/* ---- local.c: AF_UNIX -------------------------------------------------------------------- */

struct fit__file *fit__local_new(int type, int flags);
void fit__local_pair(int type, int flags, struct fit__file *ends[2]);
bool fit__local_listens(struct fit__file *file);
bool fit__local_is_stream(struct fit__file *file);       /* connected by name: hold() works */
void fit__local_hold(fit_ns ns);
void fit__local_peer(struct fit__file *file, struct ucred *who);     /* SO_PEERCRED */
void fit__local_forget_all(void);

#endif
