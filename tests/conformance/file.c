/* Files: opening, reading, writing, size, as memory. Each case in a directory of its own. */
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "tests/conformance/conformance.h"

/* Goes into a fresh directory, and leaves nothing behind. The files of a case have one letter. */
static char folder[64], before[4096];

void enter_folder(void)
{
    strcpy(folder, "/tmp/conformance-XXXXXX");
    if (!getcwd(before, sizeof before) || !mkdtemp(folder) || chdir(folder))
        note("no folder: %s", strerrorname_np(errno));
}

void leave_folder(void)
{
    char name[2] = "a";
    for (int round = 0; round < 2; round++)
        for (name[0] = 'a'; name[0] <= 'z'; name[0]++)
            remove(name);
    note("back %d, empty %d", chdir(before), rmdir(folder));
}

void put_file(const char *name, const char *text)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
        note("%s is not written", name);
    close(fd);
}

void note_file(const char *name)
{
    char text[200];
    int fd = open(name, O_RDONLY);
    ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (size < 0) {
        note("%s: %s", name, strerrorname_np(errno));
    } else {
        text[size] = 0;
        for (ssize_t i = 0; i < size; i++)
            if (!text[i])
                text[i] = '.';
        note("%s: \"%s\"", name, text);
    }
    if (fd >= 0)
        close(fd);
}

static void create(void)
{
    struct stat st;
    mode_t mask = umask(022);
    int fd = open("a", O_WRONLY | O_CREAT, 0666);
    note("open %d", fd >= 0);
    RUN(write(fd, "hello", 5));
    RUN(fstat(fd, &st));
    note("%o, %ld bytes, %ld links, mine %d", st.st_mode, (long)st.st_size, (long)st.st_nlink,
         st.st_uid == geteuid());
    char byte;
    RUN(read(fd, &byte, 1));
    RUN(close(fd));
    note_file("a");
    RUN(open("a", O_WRONLY | O_CREAT | O_EXCL, 0666));
    RUN(open("b/c", O_WRONLY | O_CREAT, 0666));
    RUN(open("a/c", O_WRONLY | O_CREAT, 0666));
    RUN(open("b/", O_WRONLY | O_CREAT, 0666));
    RUN(open("a/", O_RDONLY));
    RUN(open("", O_RDONLY));
    RUN(open("b", O_RDWR));
    umask(077);
    fd = creat("b", 0666);
    RUN(fstat(fd, &st));
    note("%o", st.st_mode);
    close(fd);
    umask(mask);
}

static void truncate_at_open(void)
{
    put_file("a", "something");
    int fd = open("a", O_WRONLY | O_TRUNC);
    RUN(lseek(fd, 0, SEEK_END));
    RUN(write(fd, "x", 1));
    close(fd);
    note_file("a");
    fd = open("a", O_RDONLY | O_TRUNC);
    RUN(lseek(fd, 0, SEEK_END));
    close(fd);
    note_file("a");
}

static void append(void)
{
    put_file("a", "one ");
    int fd = open("a", O_RDWR | O_APPEND), other = open("a", O_WRONLY);
    char text[8] = "";
    RUN(lseek(fd, 0, SEEK_CUR));
    RUN(write(fd, "two ", 4));
    RUN(lseek(fd, 0, SEEK_CUR));
    RUN(pwrite(other, "ONE", 3, 0));
    RUN(lseek(fd, 0, SEEK_SET));
    RUN(read(fd, text, 3));
    note("%s", text);
    RUN(write(fd, "three ", 6));
    RUN(pwrite(fd, "four", 4, 0));
    note_file("a");
    RUN(fcntl(fd, F_SETFL, 0));
    RUN(pwrite(fd, "four", 4, 0));
    note_file("a");
    close(fd);
    close(other);
}

static void offsets(void)
{
    int fd = open("a", O_RDWR | O_CREAT, 0600), copy = dup(fd), other = open("a", O_RDWR);
    char text[16] = "";
    RUN(write(fd, "abcdef", 6));
    RUN(lseek(copy, 0, SEEK_CUR));
    RUN(lseek(other, 0, SEEK_CUR));
    RUN(write(other, "XY", 2));
    RUN(pread(fd, text, 16, 1));
    note("%s", text);
    RUN(pread(fd, text, 16, 6));
    RUN(pread(fd, text, 16, 99));
    RUN(pwrite(fd, "z", 1, 8));
    RUN(lseek(copy, -1, SEEK_END));
    RUN(read(fd, text, 16));
    RUN(lseek(fd, -99, SEEK_CUR));
    RUN(lseek(fd, INT64_MAX, SEEK_CUR));
    close(fd);
    close(copy);
    close(other);
    note_file("a");
}

static void holes(void)
{
    struct stat st;
    char text[8];
    int fd = open("a", O_RDWR | O_CREAT, 0600);
    RUN(lseek(fd, 1 << 30, SEEK_SET));
    RUN(write(fd, "end", 3));
    RUN(fstat(fd, &st));
    note("%lld bytes, sparse %d", (long long)st.st_size, st.st_blocks * 512 < st.st_size);
    RUN(pread(fd, text, 8, 4096));
    note("zeros %d", !memcmp(text, "\0\0\0\0\0\0\0\0", 8));
    RUN(pread(fd, text, 8, 1 << 30));
    RUN(lseek(fd, 0, SEEK_DATA));
    RUN(lseek(fd, 0, SEEK_HOLE));
    RUN(lseek(fd, 1 << 30, SEEK_HOLE));
    RUN(lseek(fd, (1 << 30) + 3, SEEK_DATA));
    RUN(lseek(fd, 0, 77));
    close(fd);
}

static void resize(void)
{
    put_file("a", "abcdefgh");
    int fd = open("a", O_RDWR), reader = open("a", O_RDONLY), pair[2];
    RUN(ftruncate(fd, 3));
    note_file("a");
    RUN(ftruncate(fd, 6));
    note_file("a");
    RUN(ftruncate(fd, -1));
    RUN(ftruncate(reader, 1));
    RUN(truncate("a", 2));
    note_file("a");
    RUN(truncate("b", 2));
    RUN(truncate(".", 2));
    RUN(truncate("a", -2));
    pipe(pair);
    RUN(ftruncate(pair[1], 0));
    RUN(ftruncate(999, 0));
    close(pair[0]);
    close(pair[1]);
    close(fd);
    close(reader);
}

static void across_pages(void)
{
    static char big[20000], back[20000];
    for (unsigned i = 0; i < sizeof big; i++)
        big[i] = (char)(i * 7 % 251);
    int fd = open("a", O_RDWR | O_CREAT, 0600);
    RUN(write(fd, big, sizeof big));
    RUN(pwrite(fd, big, 5000, 4000));
    memcpy(big + 4000, big, 5000 < 4000 ? 5000 : 4000);
    RUN(pread(fd, back, sizeof back, 0));
    note("first %d", !memcmp(big, back, 8000));
    RUN(ftruncate(fd, 6000));
    RUN(ftruncate(fd, 9000));
    RUN(pread(fd, back, sizeof back, 0));
    note("kept %d", !memcmp(big, back, 6000));
    note("gone %d", !memcmp(back + 6000, (char[3000]){ 0 }, 3000));
    close(fd);
}

static void vectors(void)
{
    char x[4] = "", y[4] = "";
    int fd = open("a", O_RDWR | O_CREAT, 0600);
    struct iovec out[3] = { { "ab", 2 }, { "", 0 }, { "cde", 3 } }, in[2] = { { x, 3 }, { y, 3 } };
    RUN(writev(fd, out, 3));
    RUN(pwritev(fd, out, 1, 10));
    RUN(preadv(fd, in, 2, 0));
    note("%s %s", x, y);
    RUN(lseek(fd, 9, SEEK_SET));
    RUN(readv(fd, in, 2));
    RUN(readv(fd, in, 2));
    RUN(write(fd, out, 0));
    close(fd);
}

static void status_flags(void)
{
    int fd = open("a", O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
    note("%x %d", (unsigned)fcntl(fd, F_GETFL), fcntl(fd, F_GETFD));
    RUN(fcntl(fd, F_SETFL, O_NONBLOCK));
    note("%x", (unsigned)fcntl(fd, F_GETFL));
    close(fd);
    fd = open(".", O_RDONLY | O_DIRECTORY);
    note("%x", (unsigned)fcntl(fd, F_GETFL));
    int left, file = open("a", O_RDWR);
    RUN(write(file, "abc", 3));
    RUN(lseek(file, 1, SEEK_SET));
    RUN(ioctl(file, FIONREAD, &left));
    note("%d", left);
    RUN(isatty(file));
    note("%s", strerrorname_np(errno));
    note_poll("file", file);
    struct epoll_event event = { .events = EPOLLIN };
    int ep = epoll_create1(0);
    RUN(epoll_ctl(ep, EPOLL_CTL_ADD, file, &event));
    close(ep);
    close(file);
    close(fd);
}

static void of_a_directory(void)
{
    char text[4];
    RUN(open(".", O_WRONLY));
    RUN(open(".", O_RDWR | O_CREAT, 0600));
    RUN(open(".", O_RDONLY | O_TRUNC));
    RUN(open(".", O_RDONLY | O_CREAT, 0600));
    put_file("a", "");
    RUN(open("a", O_RDONLY | O_DIRECTORY));
    int fd = open(".", O_RDONLY);
    RUN(read(fd, text, 4));
    RUN(write(fd, text, 4));
    RUN(ftruncate(fd, 0));
    RUN(fsync(fd));
    RUN(openat(fd, "a", O_RDONLY) >= 0);
    RUN(openat(fd, "b", O_RDONLY));
    int file = open("a", O_RDONLY);
    RUN(openat(file, "a", O_RDONLY));
    RUN(openat(999, "a", O_RDONLY));
    RUN(openat(999, "/etc/passwd", O_RDONLY) >= 0);
    for (int i = fd; i < fd + 5; i++)
        close(i);
}

static void unlinked_but_open(void)
{
    struct stat st;
    char text[8] = "";
    put_file("a", "still");
    int fd = open("a", O_RDWR);
    RUN(unlink("a"));
    RUN(open("a", O_RDONLY));
    RUN(read(fd, text, 8));
    note("%s", text);
    RUN(write(fd, "!", 1));
    RUN(fstat(fd, &st));
    note("%ld links, %ld bytes", (long)st.st_nlink, (long)st.st_size);
    put_file("a", "new");
    RUN(pread(fd, text, 8, 0));
    note_file("a");
    close(fd);
}

static void without_a_name(void)
{
    struct stat st;
    char text[8] = "";
    int fd = open(".", O_TMPFILE | O_RDWR, 0600);
    RUN(write(fd, "hidden", 6));
    RUN(pread(fd, text, 6, 0));
    note("%s", text);
    RUN(fstat(fd, &st));
    note("%ld links", (long)st.st_nlink);
    RUN(open(".", O_TMPFILE | O_RDONLY, 0600));
    close(fd);
}

static void flushing(void)
{
    int fd = open("a", O_RDWR | O_CREAT, 0600), null = open("/dev/null", O_WRONLY), pair[2];
    pipe(pair);
    RUN(fsync(fd));
    RUN(fdatasync(fd));
    RUN(sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE));
    RUN(posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL));
    RUN(fsync(null));
    RUN(fsync(pair[1]));
    RUN(fsync(999));
    RUN(posix_fadvise(pair[0], 0, 0, POSIX_FADV_NORMAL));
    RUN(posix_fadvise(999, 0, 0, POSIX_FADV_NORMAL));
    close(fd);
    close(null);
    close(pair[0]);
    close(pair[1]);
}

static void allocate(void)
{
    struct stat st;
    put_file("a", "abcdef");
    int fd = open("a", O_RDWR), reader = open("a", O_RDONLY), pair[2];
    pipe(pair);
    RUN(fallocate(fd, 0, 0, 10));
    note_file("a");
    RUN(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 100000));
    RUN(fstat(fd, &st));
    note("%ld", (long)st.st_size);
    RUN(fallocate(fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, 1, 2));
    note_file("a");
    RUN(fallocate(fd, 0, 0, 0));
    RUN(fallocate(fd, 0, -1, 4));
    RUN(fallocate(reader, 0, 0, 4));
    RUN(fallocate(pair[1], 0, 0, 4));
    RUN(fallocate(999, 0, 0, 4));
    RUN(posix_fallocate(fd, 0, 20));
    RUN(posix_fallocate(reader, 0, 20));
    RUN(lseek(fd, 0, SEEK_END));
    close(fd);
    close(reader);
    close(pair[0]);
    close(pair[1]);
}

static void send_a_file(void)
{
    char text[16] = "";
    off_t from = 2;
    int pair[2];
    put_file("a", "abcdefgh");
    int in = open("a", O_RDONLY), out = open("b", O_RDWR | O_CREAT, 0600);
    pipe(pair);
    RUN(sendfile(pair[1], in, NULL, 3));
    RUN(lseek(in, 0, SEEK_CUR));
    RUN(sendfile(pair[1], in, &from, 3));
    note("%ld", (long)from);
    RUN(read(pair[0], text, 16));
    note("%s", text);
    RUN(sendfile(out, in, NULL, 100));
    RUN(sendfile(out, in, NULL, 100));
    RUN(sendfile(in, out, NULL, 1));
    RUN(sendfile(999, in, NULL, 1));
    note_file("b");
    close(in);
    close(out);
    close(pair[0]);
    close(pair[1]);
}

static void copy_a_range(void)
{
    off64_t from = 1, to = 4;
    int pair[2];
    put_file("a", "abcdefgh");
    int in = open("a", O_RDONLY), out = open("b", O_RDWR | O_CREAT, 0600),
        appends = open("b", O_WRONLY | O_APPEND);
    pipe(pair);
    RUN(copy_file_range(in, NULL, out, NULL, 3, 0));
    RUN(copy_file_range(in, &from, out, &to, 3, 0));
    note("%ld %ld", (long)from, (long)to);
    note_file("b");
    RUN(copy_file_range(in, NULL, out, NULL, 100, 0));
    RUN(copy_file_range(in, NULL, out, NULL, 100, 0));
    RUN(copy_file_range(in, NULL, appends, NULL, 1, 0));
    RUN(copy_file_range(out, NULL, in, NULL, 1, 0));
    RUN(copy_file_range(pair[0], NULL, out, NULL, 1, 0));
    RUN(copy_file_range(in, NULL, out, NULL, 1, 1));
    note_file("b");
    close(in);
    close(out);
    close(appends);
    close(pair[0]);
    close(pair[1]);
}

static void as_memory(void)
{
    put_file("a", "memory");
    int fd = open("a", O_RDONLY), writer = open("a", O_WRONLY), folder_fd = open(".", O_RDONLY);
    char *text = mmap(NULL, 6, PROT_READ, MAP_PRIVATE, fd, 0);
    note("%s, then zeros %d", text, !text[6] && !text[4095]);
    RUN(munmap(text, 6));
    text = mmap(NULL, 6, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    text[0] = 'M';
    note("%s", text);
    note_file("a");
    RUN(munmap(text, 6));
    text = mmap(NULL, 6, PROT_READ, MAP_SHARED, fd, 0);
    note("%s", text);
    RUN(munmap(text, 6));
    note("%d %s", mmap(NULL, 6, PROT_READ, MAP_PRIVATE, writer, 0) == MAP_FAILED,
         strerrorname_np(errno));
    note("%d %s", mmap(NULL, 6, PROT_READ, MAP_PRIVATE, folder_fd, 0) == MAP_FAILED,
         strerrorname_np(errno));
    note("%d %s", mmap(NULL, 0, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED,
         strerrorname_np(errno));
    note("%d %s", mmap(NULL, 6, PROT_READ, MAP_PRIVATE, fd, 100) == MAP_FAILED,
         strerrorname_np(errno));
    note("%d %s", mmap(NULL, 6, PROT_READ, MAP_PRIVATE, 999, 0) == MAP_FAILED,
         strerrorname_np(errno));
    close(fd);
    close(writer);
    close(folder_fd);
}

static void locks(void)
{
    put_file("a", "x");
    int one = open("a", O_RDWR), two = open("a", O_RDONLY), same = dup(one);
    struct flock record = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    RUN(flock(one, LOCK_EX | LOCK_NB));
    RUN(flock(same, LOCK_EX | LOCK_NB));
    RUN(flock(two, LOCK_SH | LOCK_NB));
    RUN(flock(one, LOCK_SH | LOCK_NB));
    RUN(flock(two, LOCK_SH | LOCK_NB));
    RUN(flock(one, LOCK_EX | LOCK_NB));
    RUN(flock(two, LOCK_UN));
    RUN(flock(one, LOCK_EX | LOCK_NB));
    close(one);
    RUN(flock(two, LOCK_EX | LOCK_NB));
    close(same);
    RUN(flock(two, LOCK_EX | LOCK_NB));
    RUN(flock(two, 77));
    RUN(flock(999, LOCK_EX));
    RUN(fcntl(two, F_SETLK, &record));
    record.l_type = F_RDLCK;
    RUN(fcntl(two, F_SETLK, &record));
    record.l_type = F_WRLCK;
    RUN(fcntl(two, F_GETLK, &record));
    note("unlocked %d", record.l_type == F_UNLCK);
    close(two);
}

static void *lock_then_note(void *arg)
{
    RUN(flock(*(int *)arg, LOCK_EX));
    return NULL;
}

static void lock_waits(void)
{
    put_file("a", "");
    int one = open("a", O_RDWR), two = open("a", O_RDWR);
    RUN(flock(one, LOCK_SH));
    pthread_t thread = on_thread(lock_then_note, &two);
    usleep(50000);                       /* by now it waits, on a busy machine too */
    note("unlocking");
    RUN(close(one));
    wait_for_thread(thread);
    close(two);
}

static void two_writers(void)
{
    put_file("a", "0123456789");
    int one = open("a", O_RDWR), two = open("a", O_RDWR);
    char text[4] = "";
    RUN(pwrite(one, "A", 1, 3));
    RUN(pread(two, text, 3, 2));
    note("%s", text);
    RUN(ftruncate(two, 5));
    RUN(pread(one, text, 3, 4));
    RUN(lseek(one, 8, SEEK_SET));
    RUN(read(one, text, 1));
    RUN(write(one, "Z", 1));
    note_file("a");
    RUN(unlink("a"));
    RUN(write(two, "q", 1));
    RUN(pread(one, text, 1, 0));
    note("%c", text[0]);
    close(one);
    close(two);
}

static void parts_of_a_real_one(void)
{
    static char all[8192], again[8192];
    struct stat st;
    int fd = open("/proc/self/exe", O_RDONLY), copy = open("a", O_RDWR | O_CREAT, 0600);
    RUN(fstat(fd, &st));
    while (sendfile(copy, fd, NULL, 1 << 20) > 0) { }
    note("whole %d", lseek(copy, 0, SEEK_END) == st.st_size);
    RUN(pread(fd, all, sizeof all, 5000));
    RUN(pread(copy, again, sizeof again, 5000));
    note("equal %d", !memcmp(all, again, sizeof all));
    RUN(pwrite(copy, "xyz", 3, 8190));
    RUN(pread(copy, again, 100, 8100));
    note("changed %.3s", again + 90);
    note("around %d", !memcmp(again, all + 3100, 90) && !memcmp(again + 93, all + 3193, 7));
    RUN(write(fd, "x", 1));
    close(fd);
    close(copy);
}

static void devices(void)
{
    char text[4] = "abc";
    int zero = open("/dev/zero", O_RDWR), full = open("/dev/full", O_RDWR),
        random = open("/dev/random", O_RDONLY);
    struct stat st;
    RUN(read(zero, text, 3));
    note("%d", text[0]);
    RUN(write(zero, text, 3));
    RUN(read(full, text, 3));
    RUN(write(full, text, 3));
    RUN(read(random, text, 2));
    RUN(lseek(zero, 10, SEEK_SET));
    RUN(fstat(zero, &st));
    note("%d", S_ISCHR(st.st_mode));
    RUN(stat("/dev/null", &st));
    note("%d", S_ISCHR(st.st_mode));
    RUN(ftruncate(zero, 0));
    close(zero);
    close(full);
    close(random);
}

static void temporary(void)
{
    char name[] = "aXXXXXX", suffixed[] = "bXXXXXX.c", bad[] = "cXXXXX", gone[] = "x/aXXXXXX",
         dir[] = "dXXXXXX";
    struct stat st;
    int fd = mkstemp(name);
    note("%d, named %d", fd >= 0, !strstr(name, "XXXXXX") && name[0] == 'a');
    RUN(fstat(fd, &st));
    note("%o %x", st.st_mode, (unsigned)fcntl(fd, F_GETFL));
    close(fd);
    RUN(unlink(name));
    fd = mkostemps(suffixed, 2, O_CLOEXEC | O_APPEND);
    note("%d %d %s %x", fd >= 0, fcntl(fd, F_GETFD), strrchr(suffixed, '.'),
         (unsigned)fcntl(fd, F_GETFL));
    close(fd);
    RUN(unlink(suffixed));
    RUN(mkstemp(bad));
    RUN(mkstemp(gone));
    note("%d", mkdtemp(dir) == dir);
    RUN(stat(dir, &st));
    note("%o", st.st_mode);
    RUN(rmdir(dir));
    note("%d %s", !mkdtemp(bad), strerrorname_np(errno));
}

static void real_files(void)
{
    static char first[4096], again[4096];
    struct stat st, later;
    int fd = open("/etc/passwd", O_RDONLY);
    RUN(fstat(fd, &st));
    ssize_t size = read(fd, first, sizeof first);
    note("all %d", size == st.st_size || size == (ssize_t)sizeof first);
    RUN(stat("/etc/passwd", &later));
    note("same %d", st.st_ino == later.st_ino && st.st_size == later.st_size
         && st.st_mtime == later.st_mtime);
    RUN(pread(fd, again, 100, 50) > 0);
    note("part %d", !memcmp(again, first + 50, 50));
    close(fd);
}

#define CASE(name) static void in_folder_##name(void) { enter_folder(); name(); leave_folder(); }
#define ALL(X) X(create) X(truncate_at_open) X(append) X(offsets) X(holes) X(resize)          \
    X(across_pages) X(vectors) X(status_flags) X(of_a_directory) X(unlinked_but_open)         \
    X(without_a_name) X(flushing) X(allocate) X(send_a_file) X(copy_a_range) X(as_memory)     \
    X(locks) X(lock_waits) X(two_writers)          \
    X(parts_of_a_real_one) X(devices) X(temporary) X(real_files)
ALL(CASE)
#define ROW(name) { "file/" #name, in_folder_##name },
const struct conformance_case file_cases[] = { ALL(ROW) { NULL, NULL } };
