/* Directories and names: making, moving, removing, links, looking, listing. */
#include <dirent.h>
#include <glob.h>
#include <limits.h>
#include <sys/stat.h>

#include "tests/conformance/conformance.h"

static void make(void)
{
    struct stat st;
    mode_t mask = umask(022);
    RUN(mkdir("a", 0777));
    RUN(stat("a", &st));
    note("%o, %ld links", st.st_mode, (long)st.st_nlink);
    RUN(mkdir("a", 0777));
    RUN(mkdir("a/", 0777));
    RUN(mkdir("b/c", 0777));
    RUN(mkdir("b/", 0777));
    RUN(mkdir(".", 0777));
    RUN(mkdir("..", 0777));
    RUN(mkdir("/", 0777));
    RUN(mkdir("", 0777));
    put_file("c", "");
    RUN(mkdir("c", 0777));
    RUN(mkdir("c/d", 0777));
    RUN(mkdir("a/b", 01777));
    RUN(stat("a/b", &st));
    note("%o", st.st_mode);
    RUN(stat("a", &st));
    note("%ld links", (long)st.st_nlink);
    RUN(rmdir("a/b"));
    umask(mask);
}

static void remove_directories(void)
{
    mkdir("a", 0700);
    mkdir("a/b", 0700);
    put_file("c", "");
    RUN(rmdir("a"));
    RUN(rmdir("a/b/."));
    RUN(rmdir("a/b/.."));
    RUN(rmdir("c"));
    RUN(rmdir("d"));
    RUN(rmdir("/"));
    RUN(unlink("a"));
    RUN(unlink("a/"));
    RUN(rmdir("a/b/"));
    RUN(rmdir("a"));
    RUN(rmdir("a"));
    RUN(symlink("x", "l"));
    RUN(rmdir("l"));
    RUN(remove("c"));
    mkdir("a", 0700);
    RUN(remove("a"));
    RUN(remove("a"));
}

static void unlinking(void)
{
    put_file("a", "");
    RUN(unlink("a/"));
    RUN(unlink("b/"));
    RUN(unlink("a/b"));
    RUN(unlink("b/c"));
    RUN(unlink(""));
    RUN(unlink("."));
    RUN(unlinkat(AT_FDCWD, "a", AT_REMOVEDIR));
    RUN(unlinkat(AT_FDCWD, "a", 77));
    RUN(unlink("a"));
    RUN(unlink("a"));
}

static void rename_files(void)
{
    put_file("a", "one");
    put_file("b", "two");
    mkdir("d", 0700);
    RUN(rename("a", "c"));
    note_file("a");
    note_file("c");
    RUN(rename("c", "b"));
    note_file("b");
    RUN(rename("x", "y"));
    RUN(rename("b", "d"));
    RUN(rename("b", "d/"));
    RUN(rename("b", "y/"));
    RUN(rename("b/", "y"));
    RUN(rename("b", "x/y"));
    RUN(rename("b", "b/y"));
    RUN(rename("b", "b"));
    RUN(rename("b", "d/b"));
    note_file("d/b");
    RUN(rename("d/b", "b"));
    RUN(rename("", "b"));
    RUN(rename("b", ""));
    RUN(rename("b", "."));
    RUN(rename(".", "b"));
    RUN(rename("b", "/"));
    put_file("a", "three");
    RUN(renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_NOREPLACE));
    RUN(renameat2(AT_FDCWD, "a", AT_FDCWD, "e", RENAME_NOREPLACE));
    note_file("e");
}

static void rename_directories(void)
{
    struct stat st;
    mkdir("a", 0700);
    mkdir("a/b", 0700);
    mkdir("c", 0700);
    put_file("f", "");
    put_file("a/g", "inside");
    RUN(rename("a", "f"));
    RUN(rename("a", "a/b/x"));
    RUN(rename("a", "a/x"));
    RUN(rename("a/b", "a"));
    RUN(rename("c", "a"));
    RUN(rename("a", "c"));
    note_file("c/g");
    RUN(stat("a", &st));
    RUN(stat("c", &st));
    note("%ld links", (long)st.st_nlink);
    RUN(rename("c", "d/"));
    RUN(rename("d/b/", "e"));
    RUN(stat("d", &st));
    note("%ld links", (long)st.st_nlink);
    RUN(unlink("d/g"));
}

static void over_an_open_one(void)
{
    char text[8] = "";
    put_file("a", "new");
    put_file("b", "old");
    int fd = open("b", O_RDONLY);
    RUN(rename("a", "b"));
    RUN(read(fd, text, 8));
    note("%s", text);
    note_file("b");
    close(fd);
}

static void hard_links(void)
{
    struct stat a, b;
    put_file("a", "shared");
    mkdir("d", 0700);
    RUN(link("a", "b"));
    RUN(stat("a", &a));
    RUN(stat("b", &b));
    note("same %d, %ld links", a.st_ino == b.st_ino, (long)a.st_nlink);
    int fd = open("b", O_WRONLY | O_APPEND);
    RUN(write(fd, "!", 1));
    close(fd);
    note_file("a");
    RUN(link("a", "b"));
    RUN(link("x", "c"));
    RUN(link("d", "e"));
    RUN(link("a", "c/"));
    RUN(link("a", "x/y"));
    RUN(rename("a", "b"));
    RUN(unlink("a"));
    RUN(stat("b", &b));
    note("%ld links", (long)b.st_nlink);
    note_file("b");
    symlink("b", "l");
    RUN(link("l", "m"));
    RUN(lstat("m", &b));
    note("link %d", S_ISLNK(b.st_mode));
    RUN(linkat(AT_FDCWD, "l", AT_FDCWD, "n", AT_SYMLINK_FOLLOW));
    RUN(lstat("n", &b));
    note("file %d", S_ISREG(b.st_mode));
}

static void symbolic_links(void)
{
    struct stat st;
    char text[16] = "";
    put_file("a", "behind");
    mkdir("d", 0700);
    RUN(symlink("a", "b"));
    note_file("b");
    RUN(lstat("b", &st));
    note("%o, %ld bytes", st.st_mode, (long)st.st_size);
    RUN(readlink("b", text, 16));
    note("%s", text);
    RUN(readlink("a", text, 16));
    RUN(readlink("x", text, 16));
    RUN(readlink("b", text, 0));
    RUN(symlink("a", "b"));
    RUN(symlink("", "c"));
    RUN(symlink("nothing", "c"));
    RUN(open("c", O_RDONLY));
    RUN(stat("c", &st));
    RUN(open("c", O_WRONLY | O_CREAT | O_EXCL, 0600));
    RUN(open("b", O_RDONLY | O_NOFOLLOW));
    RUN(symlink("made", "e"));
    int fd = open("e", O_WRONLY | O_CREAT, 0600);
    note("through %d", fd >= 0);
    close(fd);
    RUN(unlink("made"));
    RUN(symlink("f", "g"));
    RUN(symlink("g", "f"));
    RUN(open("f", O_RDONLY));
    RUN(mkdir("c", 0700));
    RUN(symlink("d", "h"));
    put_file("h/x", "in d");
    note_file("d/x");
    RUN(rmdir("h"));
    RUN(rmdir("h/"));
    RUN(unlink("h/x"));
    RUN(open("b/", O_RDONLY));
    RUN(lstat("h/", &st));
    note("directory %d", S_ISDIR(st.st_mode));
    RUN(chmod("b", 0600));
    RUN(lstat("b", &st));
    note("%o", st.st_mode);
}

static void paths(void)
{
    struct stat st;
    char name[300], path[5000];
    memset(name, 'n', sizeof name);
    name[255] = 0;
    memset(path, '/', sizeof path);
    path[4999] = 0;
    RUN(mkdir(name, 0700));
    RUN(rmdir(name));
    name[255] = 'n';
    name[256] = 0;
    RUN(mkdir(name, 0700));
    RUN(stat(name, &st));
    RUN(stat(path, &st));
    path[4095] = 0;
    RUN(stat(path, &st));
    put_file("a", "x");
    mkdir("d", 0700);
    note_file("d/../a");
    note_file(".//d//.././a");
    note_file("x/../a");
    note_file("a/../a");
    note_file("d/.");
    RUN(stat("..", &st));
    RUN(stat("/..", &st));
}

static void times_and_modes(void)
{
    struct stat st;
    struct timespec times[2] = { { 1000, 5 }, { 2000, 6 } }, bad[2] = { { 0, -5 }, { 0, 0 } },
                    now[2] = { { 0, UTIME_OMIT }, { 0, UTIME_NOW } };
    put_file("a", "x");
    RUN(chmod("a", 04751));
    RUN(stat("a", &st));
    note("%o", st.st_mode);
    int fd = open("a", O_RDWR);
    RUN(fchmod(fd, 0640));
    RUN(fstat(fd, &st));
    note("%o", st.st_mode);
    RUN(futimens(fd, times));
    RUN(stat("a", &st));
    note("%ld.%09ld %ld.%09ld", (long)st.st_atim.tv_sec, st.st_atim.tv_nsec,
         (long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
    RUN(utimensat(AT_FDCWD, "a", bad, 0));
    RUN(utimensat(AT_FDCWD, "b", times, 0));
    RUN(utimensat(AT_FDCWD, "a", now, 0));
    RUN(stat("a", &st));
    note("%ld, later %d", (long)st.st_atim.tv_sec, st.st_mtim.tv_sec > 2000);
    RUN(futimens(fd, times));
    RUN(write(fd, "y", 1));
    RUN(fstat(fd, &st));
    note("written later %d, changed %d", st.st_mtim.tv_sec > 2000, st.st_ctim.tv_sec > 2000);
    RUN(chmod("b", 0600));
    RUN(fchmod(999, 0600));
    RUN(chown("a", (uid_t)-1, (gid_t)-1));
    close(fd);
}

static void access_to(void)
{
    put_file("a", "x");
    mkdir("d", 0700);
    RUN(access("a", F_OK));
    RUN(access("a", R_OK | W_OK));
    RUN(access("a", X_OK));
    RUN(chmod("a", 0755));
    RUN(access("a", X_OK));
    RUN(access("d", R_OK | W_OK | X_OK));
    RUN(access("b", F_OK));
    RUN(access("a/b", F_OK));
    RUN(access("a", 77));
    RUN(access("/etc/passwd", R_OK));
    RUN(access("/etc/passwd", X_OK));
    RUN(faccessat(AT_FDCWD, "a", X_OK, AT_EACCESS));
}

static void at_a_directory(void)
{
    struct stat st, other;
    char text[8] = "";
    mkdir("d", 0700);
    put_file("d/a", "x");
    int dir = open("d", O_RDONLY | O_DIRECTORY), file = open("d/a", O_RDONLY);
    RUN(fstatat(dir, "a", &st, 0));
    RUN(fstatat(file, "", &other, AT_EMPTY_PATH));
    note("same %d", st.st_ino == other.st_ino);
    RUN(fstatat(dir, "b", &st, 0));
    RUN(fstatat(dir, "", &st, 0));
    RUN(fstatat(999, "a", &st, 0));
    RUN(fstatat(file, "a", &st, 0));
    RUN(mkdirat(dir, "e", 0700));
    RUN(symlinkat("a", dir, "l"));
    RUN(readlinkat(dir, "l", text, 8));
    RUN(linkat(dir, "a", AT_FDCWD, "f", 0));
    RUN(renameat(AT_FDCWD, "f", dir, "g"));
    note_file("d/g");
    RUN(unlinkat(dir, "g", 0));
    RUN(unlinkat(dir, "l", 0));
    RUN(unlinkat(dir, "e", AT_REMOVEDIR));
    RUN(unlinkat(dir, "a", 0));
    struct statx sx;
    RUN(statx(AT_FDCWD, "d", 0, STATX_BASIC_STATS, &sx));
    note("%o", sx.stx_mode);
    RUN(statx(dir, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &sx));
    RUN(statx(dir, "a", 0, STATX_BASIC_STATS, &sx));
    close(dir);
    close(file);
}

static const char *last_part(const char *path)
{
    return path ? strrchr(path, '/') + 1 : strerrorname_np(errno);
}

static void where_we_are(void)
{
    char path[PATH_MAX], small[4];
    mkdir("d", 0700);
    put_file("d/a", "here");
    RUN(chdir("d"));
    note("%s", last_part(getcwd(path, sizeof path)));
    note_file("a");
    note("%d %s", !getcwd(small, sizeof small), strerrorname_np(errno));
    note("%d %s", !getcwd(path, 0), strerrorname_np(errno));
    char *allocated = getcwd(NULL, 0);
    note("%d", !strcmp(allocated, getcwd(path, sizeof path)));
    free(allocated);
    RUN(chdir("a"));
    RUN(chdir("b"));
    int here = open(".", O_RDONLY);
    RUN(chdir(".."));
    note_file("d/a");
    RUN(fchdir(here));
    note_file("a");
    RUN(rename("../d", "../e"));
    note("%s", last_part(getcwd(path, sizeof path)));
    RUN(unlink("a"));
    RUN(rmdir("../e"));
    note("%s", last_part(getcwd(path, sizeof path)));
    RUN(open("x", O_WRONLY | O_CREAT, 0600));
    RUN(mkdir("x", 0700));
    close(here);
    here = open("/etc/passwd", O_RDONLY);
    RUN(fchdir(here));
    RUN(fchdir(999));
    close(here);
}

static void resolving(void)
{
    char path[PATH_MAX];
    mkdir("d", 0700);
    put_file("d/a", "x");
    symlink("d", "l");
    symlink("nothing", "m");
    note("%s", last_part(realpath("l/../d/./a", path)));
    note("%s", last_part(realpath("l", path)));
    note("%s", last_part(realpath("d/", path)));
    note("%s", realpath("d/a/", path) ? path : strerrorname_np(errno));
    note("%s", realpath("d/a/..", path) ? path : strerrorname_np(errno));
    note("%s", realpath("m", path) ? path : strerrorname_np(errno));
    note("%s", realpath("x", path) ? path : strerrorname_np(errno));
    note("%s", realpath("", path) ? path : strerrorname_np(errno));
    note("%s", realpath("/", path));
    note("%s", realpath("//etc/../etc/passwd", path));
    char *allocated = realpath("l/a", NULL);
    note("%s", last_part(allocated));
    free(allocated);
    unlink("d/a");
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void note_names(const char *path)
{
    char names[40][64], line[1000] = "";
    int count = 0;
    struct dirent *entry;
    DIR *dir = opendir(path);
    if (!dir) {
        note("%s: %s", path, strerrorname_np(errno));
        return;
    }
    while (count < 40 && (entry = readdir(dir)))
        snprintf(names[count++], sizeof names[0], "%.40s:%d", entry->d_name, entry->d_type);
    qsort(names, (size_t)count, sizeof names[0], by_name);
    for (int i = 0; i < count; i++)
        snprintf(line + strlen(line), sizeof line - strlen(line), " %s", names[i]);
    note("%s:%s", path, line);
    closedir(dir);
}

static void listing(void)
{
    note_names(".");
    put_file("b", "");
    put_file("a", "");
    mkdir("c", 0700);
    symlink("a", "l");
    note_names(".");
    unlink("a");
    rename("b", "e");
    note_names(".");
    note_names("c");
    note_names("e");
    note_names("x");
    DIR *dir = opendir(".");
    int count = 0;
    long places[20];
    while (readdir(dir))
        places[count++] = telldir(dir);
    rewinddir(dir);
    struct dirent *first = readdir(dir);
    char name[64];
    strcpy(name, first->d_name);
    char second[64];
    strcpy(second, readdir(dir)->d_name);
    seekdir(dir, places[0]);
    note("%d entries, again the second %d, not the first %d", count,
         !strcmp(readdir(dir)->d_name, second), !!strcmp(name, second));
    note("descriptor %d", fcntl(dirfd(dir), F_GETFD));
    RUN(closedir(dir));
}

static void over_real_ones(void)
{
    struct stat st;
    DIR *dir = opendir("/etc");
    bool passwd = false, dots = false;
    for (struct dirent *entry; (entry = readdir(dir)); ) {
        passwd |= !strcmp(entry->d_name, "passwd");
        dots |= !strcmp(entry->d_name, "..");
    }
    closedir(dir);
    note("%d %d", passwd, dots);
    RUN(rmdir("/etc"));
    RUN(mkdir("/etc", 0700));
    RUN(open("/etc", O_WRONLY));
    RUN(lstat("/etc/passwd", &st));
    RUN(link("/etc", "a"));
}

static int wanted(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void scanning(void)
{
    struct dirent **list;
    put_file("c", "");
    put_file("a", "");
    put_file("b", "");
    int count = scandir(".", &list, wanted, alphasort);
    note("%d", count);
    for (int i = 0; i < count; i++) {
        note("%s", list[i]->d_name);
        free(list[i]);
    }
    free(list);
    RUN(scandir("x", &list, NULL, NULL));
    RUN(scandir("a", &list, NULL, NULL));
}

static void from_a_descriptor(void)
{
    int fd = open(".", O_RDONLY), file, pair[2];
    put_file("a", "");
    DIR *dir = fdopendir(fd);
    note("same %d", dirfd(dir) == fd);
    int count = 0;
    while (readdir(dir))
        count++;
    note("%d", count);
    RUN(closedir(dir));
    RUN(close(fd));
    file = open("a", O_RDONLY);
    note("%d %s", !fdopendir(file), strerrorname_np(errno));
    close(file);
    note("%d %s", !fdopendir(999), strerrorname_np(errno));
    pipe(pair);
    note("%d %s", !fdopendir(pair[0]), strerrorname_np(errno));
    close(pair[0]);
    close(pair[1]);
}

static void matching(void)
{
    glob_t found;
    put_file("a", "");
    put_file("b", "");
    mkdir("d", 0700);
    put_file("d/x", "");
    RUN(glob("[ab]", 0, NULL, &found));
    note("%zu %s %s", found.gl_pathc, found.gl_pathv[0], found.gl_pathv[1]);
    globfree(&found);
    RUN(glob("*/x", GLOB_MARK, NULL, &found));
    note("%zu %s", found.gl_pathc, found.gl_pathv[0]);
    globfree(&found);
    RUN(glob("z*", 0, NULL, &found));
    unlink("d/x");
}

static void removed_directory(void)
{
    struct stat st;
    mkdir("d", 0700);
    int dir = open("d", O_RDONLY);
    RUN(rmdir("d"));
    RUN(fstat(dir, &st));
    note("%ld links", (long)st.st_nlink);
    RUN(openat(dir, "a", O_WRONLY | O_CREAT, 0600));
    RUN(mkdirat(dir, "a", 0700));
    RUN(symlinkat("x", dir, "a"));
    RUN(fstatat(dir, ".", &st, 0));
    RUN(mkdir("d", 0700));
    RUN(fstatat(dir, "a", &st, 0));
    close(dir);
}

#define CASE(name) static void in_folder_##name(void) { enter_folder(); name(); leave_folder(); }
#define ALL(X) X(make) X(remove_directories) X(unlinking) X(rename_files)                     \
    X(rename_directories) X(over_an_open_one) X(hard_links) X(symbolic_links) X(paths)        \
    X(times_and_modes) X(access_to) X(at_a_directory) X(where_we_are) X(resolving) X(listing) \
    X(over_real_ones) X(scanning) X(from_a_descriptor) X(matching) X(removed_directory)
ALL(CASE)
#define ROW(name) { "directory/" #name, in_folder_##name },
const struct conformance_case directory_cases[] = { ALL(ROW) { NULL, NULL } };
