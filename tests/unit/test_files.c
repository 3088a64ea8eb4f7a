/* The copy-on-write file system, apart from what Linux itself can be asked about: what is the same
 * on every machine, that worlds know nothing of each other, a full disk. Linked with the
 * library's objects; all in a world unless said. */
#include "tests/unit/files_world.h"

static void limit_disk(int64_t bytes)
{
    fit__enter();
    fit__kernel->limit_disk(bytes);
    fit__leave();
}

static void same_everywhere(void *arg)
{
    char text[200];
    (void)arg;
    int fd = open("/etc/hosts", O_RDONLY);
    ssize_t size = read(fd, text, sizeof text - 1);
    check(size > 0);
    text[size] = 0;
    check(!strcmp(text, "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"));
    close(fd);
    FILE *f = fopen("/etc/resolv.conf", "r");
    check(f && fgets(text, sizeof text, f) && !strncmp(text, "nameserver ", 11));
    fclose(f);
    check(!access("/etc/nsswitch.conf", R_OK));
    struct stat st;
    check(!stat("/etc/hosts", &st) && st.st_uid == 0 && st.st_mode == (S_IFREG | 0644));
}

static void writes(void *arg)
{
    (void)arg;
    int fd = open("/tmp/faulttest-left", O_WRONLY | O_CREAT | O_EXCL, 0600);
    check(fd >= 0 && write(fd, "x", 1) == 1);
    close(fd);
    fd = open("/etc/passwd", O_WRONLY | O_TRUNC);
    check(fd >= 0 || errno == EACCES);
    close(fd);
    check(!chdir("/tmp"));
    /* The real one sees nothing of it. */
    check(fit__raw(SYS_faccessat, AT_FDCWD, "/tmp/faulttest-left", F_OK) == -ENOENT);
}

static void finds_nothing(void *arg)
{
    struct stat st;
    char here[4096], real[4096];
    (void)arg;
    check(stat("/tmp/faulttest-left", &st) < 0 && errno == ENOENT);
    check(!stat("/etc/passwd", &st) && st.st_size > 0);
    check(fit__raw(SYS_getcwd, real, sizeof real) > 0);
    check(getcwd(here, sizeof here) && !strcmp(here, real));
}

static void disk_is_full(void *arg)
{
    static char page[4096];
    struct stat st;
    (void)arg;
    check(!mkdir("/tmp/faulttest-full", 0700) && !chdir("/tmp/faulttest-full"));
    int fd = open("a", O_RDWR | O_CREAT, 0600), other = open("b", O_RDWR | O_CREAT, 0600);
    limit_disk(2 * 4096 + 100);
    check(write(fd, page, 100) == 100);
    check(write(fd, page, sizeof page) == sizeof page);
    check(write(fd, page, sizeof page) == 8192 - 4196);
    check(write(fd, page, 1) < 0 && errno == ENOSPC);
    check(pwrite(fd, page, 10, 50) == 10);       /* what is there needs no room */
    check(write(other, page, 1) < 0 && errno == ENOSPC);
    check(mkdir("d", 0700) < 0 && errno == ENOSPC);
    check(posix_fallocate(other, 0, 10) == ENOSPC);
    check(!fstat(other, &st) && st.st_size == 0);
    check(!ftruncate(fd, 4096));
    check(write(other, page, 1) == 1);
    check(unlink("a") == 0);
    close(fd);                                   /* only now is its room free */
    check(mkdir("d", 0700) == 0);
    limit_disk(-1);
    check(pwrite(other, page, sizeof page, 1 << 20) == sizeof page);
    close(other);
}

static void streams_see_it(void *arg)
{
    static char big[20000];
    (void)arg;
    FILE *f = fopen("/tmp/faulttest-full", "w");
    limit_disk(4096);
    check(fwrite(big, 1, sizeof big, f) < sizeof big || fflush(f) == EOF);
    check(ferror(f) && errno == ENOSPC);
    fclose(f);
    struct stat st;
    check(!stat("/tmp/faulttest-full", &st) && st.st_size == 4096);
}

static void real_blocks_are_there_already(void *arg)
{
    (void)arg;
    limit_disk(0);
    int fd = open("/etc/passwd", O_WRONLY);
    check(fd < 0 || write(fd, "x", 1) == 1);
    close(fd);
    char first = 0;
    if (fd < 0) return;
    fd = open("/etc/passwd", O_RDONLY);
    check(read(fd, &first, 1) == 1 && first == 'x');
    close(fd);
}

/* Linux has at least these for each user; how many there are in a test must not depend on it. */
enum { WATCHES = 8192, INSTANCES = 128 };

static void watches_run_out(void *arg)
{
    char name[64];
    (void)arg;
    int fd = inotify_init1(0), more = inotify_init1(0), last = 0;
    mkdir("/tmp/faulttest-watched", 0700);
    for (int i = 1; i <= WATCHES; i++) {
        snprintf(name, sizeof name, "/tmp/faulttest-watched/%d", i);
        close(open(name, O_WRONLY | O_CREAT, 0600));
        last = inotify_add_watch(fd, name, IN_OPEN);
        check(last == i);
    }
    check(inotify_add_watch(more, "/tmp", IN_OPEN) == -1 && errno == ENOSPC);
    check(inotify_add_watch(fd, name, IN_CLOSE) == last);        /* it is there already */
    check(!inotify_rm_watch(fd, 1));
    check(inotify_add_watch(more, "/tmp", IN_OPEN) == 1);
    check(inotify_add_watch(more, "/", IN_OPEN) == -1 && errno == ENOSPC);
    close(fd);
    check(inotify_add_watch(more, "/", IN_OPEN) == 2);
    close(more);
}

static void instances_run_out(void *arg)
{
    int fds[INSTANCES];
    (void)arg;
    for (int i = 0; i < INSTANCES; i++) check((fds[i] = inotify_init1(0)) >= 0);
    check(inotify_init1(0) == -1 && errno == EMFILE);
    close(fds[0]);
    check(inotify_init1(0) >= 0);
}

/* ---- what can go wrong with a disk ------------------------------------------------------- */

static void disk_fills_up(void *arg)
{
    (void)arg;
    check(!mkdir("/tmp/faulttest-disk", 0700) && !chdir("/tmp/faulttest-disk"));
    check(put("old", 5000) == 5000);
    wish_for(FIT_W_ERROR, ENOSPC, FIT_U_ONCE);
    check(open("new", O_WRONLY | O_CREAT, 0600) < 0 && errno == ENOSPC && !wish.open);
    check(put("new", 100) == 100);
    wish_for(FIT_W_ERROR, ENOSPC, FIT_U_FREE);
    check(put("new", 100) == -ENOSPC && put("other", 100) == -ENOSPC);
    check(!unlink("old"));
    check(put("new", 100) == 100);
    wish_for(FIT_W_SHORT, 0, FIT_U_ONCE);
    check(put("new", 20000) == 2 * 4096 && !wish.open);
    fit__enter();
    fit__kernel->spoil_disk(0, false);
    fit__leave();
    wish_for(FIT_W_ERROR, ENOSPC, FIT_U_ONWARDS);
    check(put("last", 100) == -ENOSPC);
    check(!unlink("new") && put("last", 100) == -ENOSPC);
}

static void disk_goes_read_only(void *arg)
{
    char byte;
    (void)arg;
    check(!mkdir("/tmp/faulttest-disk", 0700) && !chdir("/tmp/faulttest-disk"));
    check(put("old", 1) == 1);
    int fd = open("old", O_RDWR);
    wish_for(FIT_W_ERROR, EROFS, FIT_U_ONWARDS);
    check(mkdir("new", 0700) < 0 && errno == EROFS);
    check(unlink("old") < 0 && errno == EROFS);
    check(rename("old", "older") < 0 && errno == EROFS);
    check(open("old", O_WRONLY) < 0 && errno == EROFS);
    check(open("new", O_WRONLY | O_CREAT, 0600) < 0 && errno == EROFS);
    check(access("old", W_OK) < 0 && errno == EROFS && !access("old", R_OK));
    check(write(fd, "y", 1) < 0 && errno == EROFS);
    check(pread(fd, &byte, 1, 0) == 1 && byte == 'x');
    close(fd);
    fd = open("/dev/null", O_WRONLY);
    check(write(fd, "y", 1) == 1);
    close(fd);
}

static void flushed_is_what_is_kept(void *arg)
{
    char bytes[4] = "", *zeros = bytes + 2;
    (void)arg;
    int fd = open("/tmp/faulttest-flushed", O_RDWR | O_CREAT, 0600);
    check(pwrite(fd, "ab", 2, 0) == 2 && !fsync(fd));
    check(pwrite(fd, "cd", 2, 8192) == 2);
    wish_for(FIT_W_ERROR, EIO, FIT_U_ONCE);
    check(fsync(fd) < 0 && errno == EIO && !fsync(fd));
    check(pread(fd, bytes, 2, 0) == 2 && !memcmp(bytes, "ab", 2));
    check(pread(fd, zeros, 2, 8192) == 2 && !zeros[0] && !zeros[1]);
    close(fd);
}

static void others_are_quicker(void *arg)
{
    struct stat st;
    (void)arg;
    wish_for(FIT_W_ERROR, EEXIST, FIT_U_ONCE);
    check(mkdir("/tmp/faulttest-quick", 0700) < 0 && errno == EEXIST);
    check(!stat("/tmp/faulttest-quick", &st) && S_ISDIR(st.st_mode));
    check(put("/tmp/faulttest-quick/a", 1) == 1 && put("/tmp/faulttest-quick/b", 1) == 1);
    wish_for(FIT_W_ERROR, ENOENT, FIT_U_ONCE);
    check(unlink("/tmp/faulttest-quick/a") < 0 && errno == ENOENT);
    check(stat("/tmp/faulttest-quick/a", &st) < 0 && errno == ENOENT);
    wish_for(FIT_W_ERROR, ENOENT, FIT_U_ONCE);
    check(!fopen("/tmp/faulttest-quick/b", "r") && errno == ENOENT);
    check(stat("/tmp/faulttest-quick/b", &st) < 0 && errno == ENOENT);
}

static void streams_tell_the_disk(void *arg)
{
    char byte;
    (void)arg;
    FILE *f = fopen("/tmp/faulttest-stream", "w");
    check(f && fputs("kept in the buffer", f) >= 0);
    wish_for(FIT_W_ERROR, ENOSPC, FIT_U_ONCE);
    check(fclose(f) == EOF && errno == ENOSPC);
    check(put("/tmp/faulttest-stream", 10) == 10 && (f = fopen("/tmp/faulttest-stream", "r")));
    wish_for(FIT_W_ERROR, EIO, FIT_U_ONCE);
    check(fread(&byte, 1, 1, f) == 0 && ferror(f) && errno == EIO);
    fclose(f);
}

int main(void)
{
    in_world(same_everywhere);
    puts("ok same_everywhere");
    in_world(writes);
    in_world(finds_nothing);
    check(access("/tmp/faulttest-left", F_OK) < 0);
    puts("ok worlds_know_nothing_of_each_other");
    in_world(disk_is_full);
    puts("ok disk_is_full");
    in_world(streams_see_it);
    puts("ok streams_see_it");
    in_world(real_blocks_are_there_already);
    puts("ok real_blocks_are_there_already");
    in_world(watches_run_out);
    puts("ok watches_run_out");
    in_world(instances_run_out);
    puts("ok instances_run_out");
    in_world(disk_fills_up);
    puts("ok disk_fills_up");
    in_world(disk_goes_read_only);
    puts("ok disk_goes_read_only");
    in_world(flushed_is_what_is_kept);
    puts("ok flushed_is_what_is_kept");
    in_world(others_are_quicker);
    puts("ok others_are_quicker");
    in_world(streams_tell_the_disk);
    puts("ok streams_tell_the_disk");
    return 0;
}
