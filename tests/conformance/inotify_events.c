/* inotify: which events each change makes, to whom, and in which order. */
#include <dirent.h>
#include <sys/stat.h>

#include "tests/conformance/inotify.h"

/* The directory and the file itself, both watched for everything. */
static void use_of_a_file(void)
{
    char text[16];
    struct iovec two[2] = { { text, 1 }, { text + 1, 1 } };
    int fd = start();
    note("%d", inotify_add_watch(fd, ".", IN_ALL_EVENTS));
    int file = open("a", O_RDWR | O_CREAT, 0644);
    note("%d", inotify_add_watch(fd, "a", IN_ALL_EVENTS));
    note_events("created", fd);
    write(file, "text", 4);
    note_events("written", fd);
    write(file, "text", 0);
    writev(file, two, 2);
    pwrite(file, "x", 1, 0);
    note_events("written again", fd);
    lseek(file, 0, SEEK_SET);
    read(file, text, 2);
    pread(file, text, 2, 0);
    note_events("read", fd);
    lseek(file, 0, SEEK_END);
    read(file, text, 2);
    note_events("read at the end", fd);
    ftruncate(file, 2);
    note_events("made shorter", fd);
    ftruncate(file, 2);
    truncate("a", 5);
    note_events("made as long as it is, made longer", fd);
    fallocate(file, 0, 0, 100);
    note_events("allocated", fd);
    fsync(file);
    dup2(file, file);
    int other = dup(file);
    close(other);
    note_events("synchronized, duplicated", fd);
    close(file);
    note_events("closed", fd);
    file = open("a", O_RDONLY);
    close(file);
    note_events("opened and closed", fd);
    close(fd);
}

static void truncated_by_open(void)
{
    int fd = start();
    put_file("a", "text");
    inotify_add_watch(fd, ".", IN_MODIFY);
    close(open("a", O_WRONLY | O_TRUNC));
    note_events("truncated", fd);
    inotify_add_watch(fd, ".", IN_ALL_EVENTS & ~IN_MODIFY);
    close(open("a", O_WRONLY | O_TRUNC | O_CREAT, 0644));
    close(open("b", O_WRONLY | O_TRUNC | O_CREAT, 0644));
    note_events("a new one", fd);
    inotify_add_watch(fd, ".", IN_MODIFY);
    close(open("b", O_WRONLY | O_TRUNC));
    note_events("empty before", fd);
    RUN(open("b", O_CREAT | O_EXCL, 0644));
    RUN(open("x", O_RDONLY));
    note_events("failures", fd);
    close(fd);
}

static void attributes(void)
{
    static const struct timespec both[2] = { { 5, 0 }, { 6, 0 } };
    static const struct timespec first[2] = { { 5, 0 }, { 0, UTIME_OMIT } };
    static const struct timespec second[2] = { { 0, UTIME_OMIT }, { 5, 0 } };
    static const struct timespec none[2] = { { 0, UTIME_OMIT }, { 0, UTIME_OMIT } };
    int fd = start();
    put_file("a", "1");
    mkdir("d", 0755);
    int file = open("a", O_RDWR);
    inotify_add_watch(fd, ".", IN_ALL_EVENTS);
    inotify_add_watch(fd, "a", IN_ALL_EVENTS);
    inotify_add_watch(fd, "d", IN_ALL_EVENTS);
    chmod("a", 0600);
    note_events("chmod", fd);
    fchmod(file, 0644);
    note_events("fchmod", fd);
    chmod("d", 0700);
    note_events("chmod of a directory", fd);
    chmod(".", 0700);
    note_events("chmod of this one", fd);
    chown("a", geteuid(), getegid());
    note_events("chown", fd);
    chown("a", (uid_t)-1, (gid_t)-1);
    note_events("chown of nothing", fd);
    utimensat(AT_FDCWD, "a", NULL, 0);
    note_events("now", fd);
    utimensat(AT_FDCWD, "a", both, 0);
    note_events("both times", fd);
    utimensat(AT_FDCWD, "a", first, 0);
    note_events("time of access", fd);
    futimens(file, second);
    note_events("time of change", fd);
    utimensat(AT_FDCWD, "a", none, 0);
    note_events("no time", fd);
    close(file);
    close(fd);
}

static void names(void)
{
    int fd = start();
    put_file("a", "1");
    inotify_add_watch(fd, ".", IN_ALL_EVENTS);
    inotify_add_watch(fd, "a", IN_ALL_EVENTS);
    mkdir("d", 0755);
    note_events("mkdir", fd);
    symlink("a", "l");
    note_events("symlink", fd);
    link("a", "b");
    note_events("link", fd);
    unlink("b");
    note_events("one name removed", fd);
    unlink("a");
    note_events("the last name removed", fd);
    note("%d", inotify_add_watch(fd, "d", IN_ALL_EVENTS));
    rmdir("d");
    note_events("rmdir", fd);
    unlink("l");
    note_events("link removed", fd);
    RUN(unlink("x"));
    RUN(mkdir(".", 0755));
    note_events("failures", fd);
    close(fd);
}

static void removed_while_open(void)
{
    int fd = start();
    put_file("a", "1");
    inotify_add_watch(fd, ".", IN_ALL_EVENTS);
    inotify_add_watch(fd, "a", IN_ALL_EVENTS);
    int file = open("a", O_RDWR);
    unlink("a");
    note_events("removed", fd);
    write(file, "2", 1);
    fchmod(file, 0600);
    note_events("written after that", fd);
    close(file);
    note_events("closed", fd);
    close(fd);
}

static void removed_while_open_excluded(void)
{
    int fd = start();
    put_file("a", "1");
    inotify_add_watch(fd, ".", IN_ALL_EVENTS | IN_EXCL_UNLINK);
    note("%d", inotify_add_watch(fd, "a", IN_ALL_EVENTS | IN_EXCL_UNLINK));
    int file = open("a", O_RDWR);
    unlink("a");
    note_events("removed", fd);
    write(file, "2", 1);
    fchmod(file, 0600);
    note_events("written after that", fd);
    put_file("a", "another");
    note_events("another of that name", fd);
    close(file);
    note_events("closed", fd);
    close(fd);
}

static void moves(void)
{
    int fd = start(), to = start();
    mkdir("d", 0755);
    put_file("a", "1");
    inotify_add_watch(fd, ".", IN_ALL_EVENTS);
    inotify_add_watch(fd, "d", IN_ALL_EVENTS);
    inotify_add_watch(to, "d", IN_MOVED_TO);
    inotify_add_watch(fd, "a", IN_ALL_EVENTS);
    rename("a", "b");
    note_events("renamed", fd);
    rename("b", "b");
    note_events("to itself", fd);
    rename("b", "d/c");
    note_events("moved", fd);
    note_events("for the other", to);
    rename("d/c", "b");
    note_events("moved back", fd);
    put_file("c", "2");
    note_events("another", fd);
    inotify_add_watch(fd, "c", IN_ALL_EVENTS);
    rename("b", "c");
    note_events("over another", fd);
    put_file("e", "3");
    int file = open("c", O_WRONLY);
    note_events("opened", fd);
    rename("c", "f");
    write(file, "x", 1);
    note_events("renamed while open", fd);
    rename("e", "f");
    write(file, "x", 1);
    note_events("replaced while open", fd);
    close(file);
    note_events("closed", fd);
    RUN(rename("x", "y"));
    note_events("failure", fd);
    close(fd);
    close(to);
}

static void directories_move(void)
{
    int fd = start();
    mkdir("d", 0755);
    mkdir("d/e", 0755);
    mkdir("f", 0755);
    inotify_add_watch(fd, "d", IN_ALL_EVENTS);
    inotify_add_watch(fd, "d/e", IN_ALL_EVENTS);
    inotify_add_watch(fd, "f", IN_ALL_EVENTS);
    rename("d/e", "f/e");
    note_events("moved", fd);
    rename("d", "g");
    note_events("above", fd);
    put_file("g/x", "1");
    put_file("f/e/y", "1");
    note_events("files made", fd);
    unlink("g/x");
    unlink("f/e/y");
    rmdir("f/e");
    rmdir("f");
    rmdir("g");
    note_events("all gone", fd);
    close(fd);
}

static void removed_directory_open(void)
{
    int fd = start();
    mkdir("d", 0755);
    inotify_add_watch(fd, ".", IN_ALL_EVENTS);
    inotify_add_watch(fd, "d", IN_ALL_EVENTS);
    int dir = open("d", O_RDONLY | O_DIRECTORY);
    note_events("opened", fd);
    rmdir("d");
    note_events("removed", fd);
    fchmod(dir, 0700);
    close(dir);
    note_events("closed", fd);
    close(fd);
}

static void two_names(void)
{
    int fd = start();
    mkdir("d", 0755);
    put_file("a", "1");
    link("a", "d/b");
    note("%d", inotify_add_watch(fd, ".", IN_ALL_EVENTS));
    note("%d", inotify_add_watch(fd, "d", IN_ALL_EVENTS));
    note("%d", inotify_add_watch(fd, "a", IN_ALL_EVENTS));
    note("%d", inotify_add_watch(fd, "d/b", IN_ALL_EVENTS));
    change_file("d/b");
    note_events("written by the second name", fd);
    int file = open("d/b", O_WRONLY);
    unlink("a");
    note_events("the first removed", fd);
    write(file, "x", 1);
    unlink("d/b");
    close(file);
    note_events("the second removed", fd);
    close(fd);
}

static void listing(void)
{
    int fd = start();
    mkdir("d", 0755);
    inotify_add_watch(fd, ".", IN_ALL_EVENTS);
    inotify_add_watch(fd, "d", IN_ALL_EVENTS);
    DIR *dir = opendir("d");
    while (readdir(dir))
        ;
    closedir(dir);
    note_events("opened, listed and closed", fd);
    close(fd);
}

static void streams_and_sockets(void)
{
    struct sockaddr_un un = { .sun_family = AF_UNIX, .sun_path = "s" };
    int fd = start(), local = socket(AF_UNIX, SOCK_STREAM, 0);
    put_file("a", "12345");
    put_file("b", "");
    inotify_add_watch(fd, ".", IN_ALL_EVENTS);
    RUN(bind(local, (struct sockaddr *)&un, sizeof un));
    note_events("bound", fd);
    int a = open("a", O_RDONLY), b = open("b", O_WRONLY);
    note_events("opened", fd);
    RUN(copy_file_range(a, NULL, b, NULL, 5, 0));
    note_events("copied", fd);
    close(a);
    close(b);
    close(local);
    close(fd);
    unlink("s");
}

#define ALL(X) \
    X(use_of_a_file) X(truncated_by_open) X(attributes) X(names) X(removed_while_open) \
    X(removed_while_open_excluded) X(moves) X(directories_move) X(removed_directory_open) \
    X(two_names) X(listing) X(streams_and_sockets)
ALL(IN_FOLDER)
const struct conformance_case inotify_event_cases[] = { ALL(INOTIFY_ROW) { NULL, NULL } };
