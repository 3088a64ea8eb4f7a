/* A descriptor comes with a message over AF_UNIX, but the table is full: the bytes come without it,
 * and MSG_CTRUNC says so. This worker takes what it did not get.
 * expect: crash
 * options: --mode emfile --extended
 * repaired: reported
 */
#include "zoo.h"

#include <sys/un.h>

#define PLACE "/tmp/zoo-jobs"

union room { char bytes[CMSG_SPACE(sizeof(int))]; struct cmsghdr align; };

static void gives(int fd, void *arg)
{
    union room room = { 0 };
    struct iovec one = { "job", 3 };
    struct msghdr m = { .msg_iov = &one, .msg_iovlen = 1, .msg_control = &room,
                        .msg_controllen = sizeof room };
    int ends[2];
    (void)arg;
    if (pipe(ends)) return;
    *CMSG_FIRSTHDR(&m) = (struct cmsghdr){ .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS,
                                           .cmsg_len = CMSG_LEN(sizeof(int)) };
    memcpy(CMSG_DATA(CMSG_FIRSTHDR(&m)), &ends[1], sizeof(int));
    sendmsg(fd, &m, 0);
    close(ends[1]);
    if (read(ends[0], room.bytes, 2) < 0) return;
    close(ends[0]);
}
static int take_job(int fd)
{
    char job[8];
    union room room = { 0 };
    struct iovec one = { job, sizeof job };
    struct msghdr m = { .msg_iov = &one, .msg_iovlen = 1, .msg_control = &room,
                        .msg_controllen = sizeof room };
    int out, err = await(fd, POLLIN);
    ssize_t n = err ? err : recvmsg(fd, &m, MSG_CMSG_CLOEXEC);
    if (err) return err;
    if (n <= 0) return n ? -errno : -ECONNRESET;
#ifdef REPAIRED
    if (m.msg_flags & MSG_CTRUNC) return -EMFILE;
#endif
    memcpy(&out, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof out);
    err = write(out, "ok", 2) == 2 ? 0 : -errno;
    close(out);
    return err;
}
static void works(void **state)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = PLACE };
    (void)state;
    fit_peer(PLACE, gives, NULL);
    struct fit_op *op = fit_op("job");
    int fd = socket(AF_UNIX, SOCK_STREAM, 0), err = fd < 0 ? -errno : 0;
    if (!err && connect(fd, (struct sockaddr *)&a, sizeof a)) err = -errno;
    if (!err) err = take_job(fd);
    if (fd >= 0) close(fd);
    told(op, err, NULL, 0);
}
ZOO_MAIN(works)
