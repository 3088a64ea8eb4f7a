/* rights.c - descriptors, and who sent them, beside the bytes of an AF_UNIX message. */
#include <errno.h>
#include <string.h>

#include "fi/arena.h"
#include "fi/raw.h"
#include "fi/wrap.h"
#include "harness/world/local.h"

/* What a program on a host of the world has for a number, if it is not the code under test. */
enum { OTHER_PID = 4243 };

struct ucred fit__rights_who(bool service)
{
    return (struct ucred){ .pid = service ? FIT_PID : OTHER_PID,
                           .uid = (uid_t)fit__raw(SYS_getuid), .gid = (gid_t)fit__raw(SYS_getgid) };
}

/* ---- sending ----------------------------------------------------------------------------- */

static int add_files(struct fit__message *message, const int *fds, unsigned count)
{
    if (message->file_count + count > FIT_RIGHTS_MAX)
        return -EINVAL;
    if (!message->files)
        message->files = fit__alloc(FIT_RIGHTS_MAX * sizeof *message->files);
    for (unsigned i = 0; i < count; i++) {
        struct fit__file *file = fit__file_of(fds[i]);
        if (!file && fds[i] >= 0 && fds[i] <= 2 && fit__current->process->service)
            fit__unsupported("sendmsg", NULL, "standard streams cannot be passed on in a world");
        if (!file)
            return -EBADF;
        file->references++;
        file->passed = true;
        message->files[message->file_count++] = file;
    }
    return 0;
}

static int check_who(const struct cmsghdr *c)
{
    struct ucred who, own = fit__rights_who(fit__current->process->service);
    if (c->cmsg_len != CMSG_LEN(sizeof who))
        return -EINVAL;
    memcpy(&who, CMSG_DATA(c), sizeof who);
    return who.pid == own.pid && who.uid == own.uid && who.gid == own.gid ? 0 : -EPERM;
}

int fit__rights_gather(const struct msghdr *header, struct fit__message *message)
{
    const char *at = header->msg_control, *end = at + header->msg_controllen;
    int error = 0;
    while (!error && (size_t)(end - at) >= sizeof(struct cmsghdr)) {
        const struct cmsghdr *c = (const void *)at;
        if (c->cmsg_len < sizeof *c || c->cmsg_len > (size_t)(end - at))
            return -EINVAL;
        size_t size = c->cmsg_len - CMSG_LEN(0);
        if (c->cmsg_level != SOL_SOCKET)
            error = 0;
        else if (c->cmsg_type == SCM_RIGHTS)
            error = add_files(message, (const int *)(const void *)CMSG_DATA(c),
                              (unsigned)(size / sizeof(int)));
        else
            error = c->cmsg_type == SCM_CREDENTIALS ? check_who(c) : -EINVAL;
        size_t step = CMSG_ALIGN(c->cmsg_len);
        if (step >= (size_t)(end - at))
            break;
        at += step;
    }
    return error;
}

/* ---- receiving --------------------------------------------------------------------------- */

/* One row behind those that are there; false, with MSG_CTRUNC: it was cut or there was no room. */
static bool put(struct msghdr *header, size_t *used, int type, const void *data, size_t size)
{
    size_t left = header->msg_controllen - *used, length = CMSG_LEN(size);
    struct cmsghdr head = { .cmsg_level = SOL_SOCKET, .cmsg_type = type };
    if (!header->msg_control || left < sizeof head) {
        header->msg_flags |= MSG_CTRUNC;
        return false;
    }
    if (length > left) {
        header->msg_flags |= MSG_CTRUNC;
        length = left;
    }
    head.cmsg_len = length;
    char *to = (char *)header->msg_control + *used;
    memcpy(to, &head, sizeof head);
    memcpy(to + CMSG_LEN(0), data, length - CMSG_LEN(0));
    *used += CMSG_SPACE(size) < left ? CMSG_SPACE(size) : left;
    return length == CMSG_LEN(size);
}

static unsigned install_files(struct fit__message *message, unsigned most, int flags, int *fds)
{
    unsigned count = 0;
    while (count < most && count < message->file_count) {
        struct fit__file *file = message->files[count];
        file->references++;
        fds[count] = fit__install(file, 0, !!(flags & MSG_CMSG_CLOEXEC));
        if (fds[count] < 0) {
            fit__file_release(file);
            break;
        }
        count++;
    }
    return count;
}

static void forget_files(struct fit__message *message)
{
    while (message->file_count)
        fit__file_release(message->files[--message->file_count]);
    fit__free(message->files);
    message->files = NULL;
}

void fit__rights_deliver(struct fit__message *message, struct msghdr *header, int flags,
                         bool creds)
{
    int fds[FIT_RIGHTS_MAX];
    size_t used = 0, room;
    struct ucred who = fit__rights_who(message->by_service);
    header->msg_flags |= flags & MSG_CMSG_CLOEXEC;
    if (creds)
        put(header, &used, SCM_CREDENTIALS, &who, sizeof who);
    if (message->file_count) {
        room = header->msg_control ? header->msg_controllen - used : 0;
        unsigned most = room > CMSG_LEN(0) ? (unsigned)((room - CMSG_LEN(0)) / sizeof(int)) : 0;
        unsigned count = install_files(message, most, flags, fds);
        if (count)
            put(header, &used, SCM_RIGHTS, fds, count * sizeof(int));
        if (count < message->file_count)
            header->msg_flags |= MSG_CTRUNC;
        if (!(flags & MSG_PEEK))
            forget_files(message);
    }
    header->msg_controllen = used;
}
