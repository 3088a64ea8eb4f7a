/* A definition of the program's own, which everybody finds before ours: libcurl's calls, too. */
#include <sys/socket.h>
#include <sys/types.h>

ssize_t recv(int fd, void *buffer, size_t size, int flags)
{
    (void)fd;
    (void)buffer;
    (void)flags;
    return size ? 1 : 0;
}

int getpeername(int fd, struct sockaddr *address, socklen_t *size)
{
    (void)fd;
    (void)address;
    *size = 0;
    return 0;
}
