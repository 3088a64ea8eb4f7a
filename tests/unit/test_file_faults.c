/* Faults of files and of memory that change the world: what is seen of them afterwards. In a world
 * each; linked with the library's objects. */
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>

#include "fi/allocate.h"
#include "fi/fault.h"
#include "fi/watch.h"
#include "tests/unit/files_world.h"

#define FOLDER "/tmp/faulttest-faults"
enum { PAGE = 4096 };
static char bytes[16384];

static void begin(void)
{
    check(!mkdir(FOLDER, 0700) && !chdir(FOLDER));
    wish.open = false;
    fit__chooser = grant;
}

/* The wish was granted, and the call has failed so. */
static bool failed(long result, int error)
{
    return result < 0 && errno == error && !wish.open;
}

/* Nobody asked. */
static bool was_not_offered(void)
{
    bool open = wish.open;
    wish.open = false;
    return open;
}

static void lift(void)
{
    fit__enter();
    fit__faults_lift();
    fit__leave();
}

/* ---- content ----------------------------------------------------------------------------- */

static void blocks_go_bad(void *arg)
{
    (void)arg;
    begin();
    check(put("a", 10000) == 10000);
    int fd = open("a", O_RDWR);
    wish_for(FIT_W_SHORT, 0, FIT_U_ONCE);
    check(read(fd, bytes, 100) == 100 && was_not_offered());     /* all of it lies in one block */
    wish_for(FIT_W_SHORT, 0, FIT_U_ONCE);
    check(pread(fd, bytes, sizeof bytes, 0) == PAGE && !wish.open);
    check(failed(pread(fd, bytes, sizeof bytes, PAGE), EIO));
    check(failed(pread(fd, bytes, 1, 8191), EIO));
    check(pread(fd, bytes, 10, 8192) == 10 && pread(fd, bytes, 5000, 4000) == 96);
    check(pwrite(fd, bytes, PAGE, PAGE) == PAGE);                /* mended */
    check(pread(fd, bytes, sizeof bytes, 0) == 10000);
    wish_for(FIT_W_SHORT, 0, FIT_U_ONCE);
    check(pread(fd, bytes, sizeof bytes, 0) == PAGE);
    lift();
    check(pread(fd, bytes, sizeof bytes, 0) == 10000);
    close(fd);
}

static void somebody_cuts_the_file(void *arg)
{
    struct stat st;
    (void)arg;
    begin();
    check(put("a", 10000) == 10000);
    int fd = open("a", O_RDONLY);
    check(read(fd, bytes, 6000) == 6000);
    wish_for(FIT_W_EOF, 0, FIT_U_ONCE);
    check(read(fd, bytes, 6000) == 0 && !wish.open);
    check(!fstat(fd, &st) && st.st_size == 6000);
    check(read(fd, bytes, 1) == 0 && pread(fd, bytes, 10000, 0) == 6000);
    wish_for(FIT_W_EOF, 0, FIT_U_ONCE);
    check(read(fd, bytes, 1) == 0 && was_not_offered());         /* there is its end anyway */
    close(fd);
}

static volatile sig_atomic_t caught;
static void on_signal(int number) { caught = number; }

static void files_may_not_grow(void *arg)
{
    (void)arg;
    begin();
    int fd = open("a", O_RDWR | O_CREAT, 0600);
    wish_for(FIT_W_ERROR, EFBIG, FIT_U_ONCE);
    check(write(fd, "x", 1) == 1 && was_not_offered());          /* it would end the program */
    signal(SIGXFSZ, SIG_IGN);
    wish_for(FIT_W_ERROR, EFBIG, FIT_U_ONCE);
    check(failed(write(fd, "x", 1), EFBIG));
    signal(SIGXFSZ, on_signal);
    wish_for(FIT_W_ERROR, EFBIG, FIT_U_ONCE);
    check(failed(ftruncate(fd, 100), EFBIG) && caught == SIGXFSZ);
    wish_for(FIT_W_ERROR, EFBIG, FIT_U_ONCE);
    check(!ftruncate(fd, 0) && was_not_offered());
    wish_for(FIT_W_ERROR, EFBIG, FIT_U_ONCE);
    check(posix_fallocate(fd, 0, 10) == EFBIG && !wish.open);
    signal(SIGXFSZ, SIG_DFL);
    close(fd);
}

static void what_has_no_room_is_lost(void *arg)
{
    (void)arg;
    begin();
    int fd = open("a", O_RDWR | O_CREAT, 0600);
    check(write(fd, "kept", 4) == 4);
    wish_for(FIT_W_ERROR, EDQUOT, FIT_U_ONCE);
    check(failed(fsync(fd), EDQUOT) && !fsync(fd));
    check(pread(fd, bytes, 4, 0) == 4 && !memcmp(bytes, "\0\0\0\0", 4));
    wish_for(FIT_W_ERROR, EROFS, FIT_U_ONWARDS);
    check(failed(fsync(fd), EROFS) && failed(fsync(fd), EROFS));
    check(failed(fchmod(fd, 0644), EROFS) && failed(chmod("a", 0644), EROFS));
    check(failed(futimens(fd, NULL), EROFS) && failed(chown("a", 0, 0), EROFS));
    lift();
    check(!fsync(fd) && !fchmod(fd, 0644));
    close(fd);
}

/* ---- names ------------------------------------------------------------------------------- */

static void others_use_the_folder(void *arg)
{
    struct stat st;
    char drawn[] = FOLDER "/tXXXXXX";
    (void)arg;
    begin();
    wish_for(FIT_W_ERROR, EISDIR, FIT_U_ONCE);
    check(failed(open("a", O_WRONLY | O_CREAT, 0600), EISDIR) && stat("a", &st) < 0);
    check(!mkdir("a", 0700));
    wish_for(FIT_W_ERROR, ENOTEMPTY, FIT_U_ONCE);
    check(failed(rmdir("a"), ENOTEMPTY) && failed(rmdir("a"), ENOTEMPTY));
    wish_for(FIT_W_ERROR, EEXIST, FIT_U_ONCE);
    check(failed(open("lock", O_WRONLY | O_CREAT | O_EXCL, 0600), EEXIST));
    check(!stat("lock", &st) && S_ISREG(st.st_mode) && !st.st_size);
    wish_for(FIT_W_ERROR, ENOTEMPTY, FIT_U_ONCE);
    check(!unlink("lock") && was_not_offered());                 /* it is no folder */
    wish_for(FIT_W_ERROR, EEXIST, FIT_U_ONCE);
    check(failed(mkstemp(drawn), EEXIST) && !strcmp(drawn, FOLDER "/tXXXXXX"));
    check(put("b", 1) == 1);
    wish_for(FIT_W_ERROR, ENOENT, FIT_U_ONCE);
    check(failed(rename("b", "c"), ENOENT));
    check(stat("b", &st) < 0 && stat("c", &st) < 0);
}

static void some_paths_can_fail_on_the_way(void *arg)
{
    struct stat st;
    char name[200];
    (void)arg;
    begin();
    check(put("a", 1) == 1);
    wish_for(FIT_W_ERROR, ELOOP, FIT_U_ONCE);
    check(!stat("a", &st) && was_not_offered());                 /* no folder but our own */
    wish_for(FIT_W_ERROR, ELOOP, FIT_U_ONCE);
    check(failed(stat(FOLDER "/a", &st), ELOOP) && !stat(FOLDER "/a", &st));
    wish_for(FIT_W_ERROR, ENAMETOOLONG, FIT_U_ONCE);
    check(!unlink("a") && was_not_offered());
    memset(name, 'n', 150);
    name[150] = 0;
    wish_for(FIT_W_ERROR, ENAMETOOLONG, FIT_U_ONCE);
    check(put(name, 1) == -ENAMETOOLONG && !wish.open);
    wish_for(FIT_W_ERROR, ETXTBSY, FIT_U_ONCE);
    check(put("a", 1) == 1 && open("a", O_WRONLY) >= 0 && was_not_offered());
    check(!chmod("a", 0700));
    wish_for(FIT_W_ERROR, ETXTBSY, FIT_U_ONCE);
    check(failed(open("a", O_WRONLY), ETXTBSY));
}

/* ---- calls that are not there, locks, inotify, streams ----------------------------------- */

static void calls_are_not_there(void *arg)
{
    struct statx x;
    struct stat st;
    (void)arg;
    begin();
    check(put("a", 5000) == 5000 && put("b", 0) == 0);
    wish_for(FIT_W_ERROR, ENOSYS, FIT_U_ONWARDS);
    check(failed(statx(AT_FDCWD, "a", 0, STATX_BASIC_STATS, &x), ENOSYS));
    check(failed(statx(AT_FDCWD, "b", 0, STATX_BASIC_STATS, &x), ENOSYS) && !stat("a", &st));
    lift();
    check(!statx(AT_FDCWD, "b", 0, STATX_BASIC_STATS, &x));
    int in = open("a", O_RDONLY), out = open("b", O_RDWR);
    wish_for(FIT_W_SHORT, 1, FIT_U_ONCE);
    check(copy_file_range(in, NULL, out, NULL, 5000, 0) == 1 && !wish.open);
    wish_for(FIT_W_ERROR, ENOSPC, FIT_U_FREE);
    check(copy_file_range(in, NULL, out, NULL, 4999, 0) == PAGE - 1 && !wish.open);
    check(failed(copy_file_range(in, NULL, out, NULL, 904, 0), ENOSPC));
    lift();
    wish_for(FIT_W_EOF, 0, FIT_U_ONCE);
    check(copy_file_range(in, NULL, out, NULL, 904, 0) == 0 && !wish.open);
    check(!fstat(in, &st) && st.st_size == lseek(in, 0, SEEK_CUR));
    wish_for(FIT_W_ERROR, EOPNOTSUPP, FIT_U_ONWARDS);
    check(posix_fallocate(out, 0, 10000) == 0 && was_not_offered());
    wish_for(FIT_W_ERROR, EOPNOTSUPP, FIT_U_ONWARDS);
    check(failed(fallocate(out, 0, 0, 20000), EOPNOTSUPP));
    close(in);
    close(out);
}

static void others_have_the_lock(void *arg)
{
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    (void)arg;
    begin();
    int fd = open("a", O_RDWR | O_CREAT, 0600);
    wish_for(FIT_W_ERROR, EWOULDBLOCK, FIT_U_ONCE);
    check(!flock(fd, LOCK_EX) && was_not_offered());             /* it would wait */
    wish_for(FIT_W_ERROR, EWOULDBLOCK, FIT_U_ONCE);
    check(!flock(fd, LOCK_UN | LOCK_NB) && was_not_offered());
    wish_for(FIT_W_ERROR, EWOULDBLOCK, FIT_U_ONCE);
    check(failed(flock(fd, LOCK_EX | LOCK_NB), EWOULDBLOCK) && !flock(fd, LOCK_EX | LOCK_NB));
    wish_for(FIT_W_ERROR, EAGAIN, FIT_U_ONCE);
    check(failed(fcntl(fd, F_SETLK, &lock), EAGAIN) && !fcntl(fd, F_SETLK, &lock));
    wish_for(FIT_W_ERROR, EDEADLK, FIT_U_ONCE);
    check(failed(lockf(fd, F_LOCK, 0), EDEADLK));
    wish_for(FIT_W_ERROR, EINTR, FIT_U_ONCE);
    check(!fcntl(fd, F_SETLKW, &lock) && was_not_offered());     /* no signal is handled */
    signal(SIGUSR1, on_signal);
    wish_for(FIT_W_ERROR, EINTR, FIT_U_ONCE);
    check(!fcntl(fd, F_SETLKW, &lock) && was_not_offered());     /* signal() means SA_RESTART */
    check(!sigaction(SIGUSR1, &(struct sigaction){ .sa_handler = on_signal }, NULL));
    wish_for(FIT_W_ERROR, EINTR, FIT_U_ONCE);
    check(failed(fcntl(fd, F_SETLKW, &lock), EINTR) && caught == SIGUSR1);
    check(!unlink("a"));
    wish_for(FIT_W_ERROR, EWOULDBLOCK, FIT_U_ONCE);
    check(!flock(fd, LOCK_EX | LOCK_NB) && was_not_offered());   /* nobody else can open it */
    signal(SIGUSR1, SIG_DFL);
    close(fd);
}

static void watchers_miss_something(void *arg)
{
    (void)arg;
    begin();
    int fd = inotify_init1(IN_NONBLOCK), watch = inotify_add_watch(fd, FOLDER, IN_CREATE);
    check(put("a", 0) == 0 && put("b", 0) == 0);
    wish_for(FIT_W_NEVER, 0, FIT_U_ONCE);
    ssize_t size = read(fd, bytes, sizeof bytes);
    const struct inotify_event *first = (void *)bytes;
    const struct inotify_event *next = (void *)(bytes + sizeof *first + first->len);
    check(!wish.open && first->wd == watch && !strcmp(first->name, "a"));
    check(next->wd == -1 && next->mask == IN_Q_OVERFLOW);
    check(size == (ssize_t)(2 * sizeof *first + first->len));
    check(put("c", 0) == 0 && read(fd, bytes, sizeof bytes) > 0 && first->wd == watch);
    close(fd);
}

static void streams_close_with_errors(void *arg)
{
    struct stat st;
    (void)arg;
    begin();
    FILE *f = fopen("a", "w");
    check(f && fputs("all", f) >= 0 && !fflush(f));
    int fd = fileno(f);
    wish_for(FIT_W_ERROR, EDQUOT, FIT_U_ONCE);
    check(failed(fclose(f), EDQUOT));
    check(failed(fstat(fd, &st), EBADF));                        /* closed it is */
    check(!stat("a", &st) && st.st_size == 3);
    wish_for(FIT_W_ERROR, ENOMEM, FIT_U_ONCE);
    check(!fopen("a", "r") && errno == ENOMEM && !wish.open);
    wish_for(FIT_W_ERROR, EIO, FIT_U_ONCE);
    check((fd = open("a", O_RDONLY)) >= 0 || errno == EIO);
    lift();
    close(fd);
}

/* ---- memory ------------------------------------------------------------------------------ */

static void on_allocated(void *block, size_t size, const void *caller)
{
    (void)block, (void)size, (void)caller;
}
static void on_released(void *block) { (void)block; }

/* Compilers leave out what is only allocated. */
static bool there_is(size_t size)
{
    void *volatile block = malloc(size);
    free(block);
    return block;
}

static void no_big_blocks_are_left(void *arg)
{
    (void)arg;
    static const struct fit__watcher watcher = { .allocated = on_allocated,
                                                 .released = on_released };
    begin();
    fit__watcher = &watcher;
    wish_for(FIT_W_SHORT, 99, FIT_U_ONWARDS);
    check(there_is(100) && was_not_offered());                   /* small ones are always left */
    wish_for(FIT_W_SHORT, 4999, FIT_U_ONWARDS);
    check(!there_is(5000) && !wish.open && errno == ENOMEM);
    check(!there_is(5000) && !there_is(10000) && there_is(4999) && there_is(1));
    char *volatile kept = malloc(100);
    strcpy(kept, "kept");
    check(!realloc(kept, 6000) && !strcmp(kept, "kept"));
    free(kept);
    fit__memory_again();
    check(there_is(10000));
    fit__watcher = NULL;
}

static void pages_are_refused(void *arg)
{
    (void)arg;
    begin();
    char *volatile block = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    check(block != MAP_FAILED);
    wish_for(FIT_W_ERROR, ENOMEM, FIT_U_ONCE);
    check(failed(mprotect(block, PAGE, PROT_READ), ENOMEM));
    block[0] = 'x';                                              /* it is as it was */
    wish_for(FIT_W_ERROR, EAGAIN, FIT_U_ONCE);
    check(failed(mlock(block, PAGE), EAGAIN));
    wish_for(FIT_W_ERROR, EPERM, FIT_U_ONCE);
    check(failed(mlock(block, PAGE), EPERM));
    wish_for(FIT_W_ERROR, ENOMEM, FIT_U_ONCE);
    check(failed(madvise(block, PAGE, MADV_SEQUENTIAL), ENOMEM));
    wish_for(FIT_W_ERROR, ENOMEM, FIT_U_ONCE);
    check(!madvise(block + PAGE, PAGE, MADV_DONTNEED) && was_not_offered());
    wish_for(FIT_W_ERROR, ENOMEM, FIT_U_ONCE);
    check(mremap(block, 2 * PAGE, 4 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED && errno == ENOMEM);
    check(block[0] == 'x');
    char *moved = mremap(block, 2 * PAGE, 4 * PAGE, MREMAP_MAYMOVE);
    check(moved != MAP_FAILED && moved[0] == 'x' && !moved[3 * PAGE]);
    munmap(moved, 4 * PAGE);
}

static void run(const char *name, void (*body)(void *))
{
    in_world(body);
    printf("ok %s\n", name);
}
#define RUN(body) run(#body, body)

int main(void)
{
    fit__modes_asked |= FIT_EXTENDED_ASKED;
    RUN(blocks_go_bad);
    RUN(somebody_cuts_the_file);
    RUN(files_may_not_grow);
    RUN(what_has_no_room_is_lost);
    RUN(others_use_the_folder);
    RUN(some_paths_can_fail_on_the_way);
    RUN(calls_are_not_there);
    RUN(others_have_the_lock);
    RUN(watchers_miss_something);
    RUN(streams_close_with_errors);
    RUN(no_big_blocks_are_left);
    RUN(pages_are_refused);
    return 0;
}
