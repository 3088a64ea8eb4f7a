/* stdio over files: modes, buffers, places, errors. */
#include <stdio_ext.h>
#include <sys/stat.h>

#include "tests/conformance/conformance.h"

static void write_text(void)
{
    FILE *f = fopen("a", "w");
    note("%d", fprintf(f, "%d %s\n", 42, "words"));
    RUN(fputs("more", f) >= 0);
    RUN(fputc('!', f));
    RUN(fwrite("12345678", 2, 3, f));
    note_file("a");
    RUN(fflush(f));
    note_file("a");
    RUN(fputs("end", f) >= 0);
    RUN(fclose(f));
    note_file("a");
}

static void read_text(void)
{
    char line[32], *whole = NULL;
    size_t room = 0;
    int number = 0;
    put_file("a", "first\nsecond 7\nlast");
    FILE *f = fopen("a", "r");
    note("%s", fgets(line, sizeof line, f));
    RUN(fscanf(f, "second %d\n", &number));
    note("%d", number);
    RUN(getline(&whole, &room, f));
    note("%s", whole);
    RUN(getline(&whole, &room, f));
    note("eof %d, error %d", feof(f), ferror(f));
    rewind(f);
    note("%c%c", getc(f), getc(f));
    note("%c", ungetc('X', f));
    RUN(fread(line, 1, 5, f));
    note("%.5s", line);
    RUN(fputc('x', f));
    note("error %d", !!ferror(f));
    RUN(fclose(f));
    free(whole);
}

static void append_mode(void)
{
    put_file("a", "one");
    FILE *f = fopen("a", "a");
    RUN(ftell(f));
    RUN(fputs("two", f) >= 0);
    RUN(ftell(f));
    RUN(fseek(f, 0, SEEK_SET));
    RUN(fputs("three", f) >= 0);
    RUN(fflush(f));
    RUN(ftell(f));
    RUN(getc(f));
    RUN(fclose(f));
    note_file("a");
}

static void append_and_read(void)
{
    char text[16] = "";
    put_file("a", "one");
    FILE *f = fopen("a", "a+");
    RUN(fread(text, 1, 2, f));
    note("%s", text);
    RUN(fseek(f, 0, SEEK_CUR));
    RUN(fputs("two", f) >= 0);
    RUN(fseek(f, 0, SEEK_SET));
    RUN(fread(text, 1, 15, f));
    note("%s", text);
    RUN(fclose(f));
}

static void update_mode(void)
{
    char text[16] = "";
    put_file("a", "abcdef");
    FILE *f = fopen("a", "r+");
    RUN(fread(text, 1, 2, f));
    RUN(fseek(f, 0, SEEK_CUR));
    RUN(fputs("XY", f) >= 0);
    RUN(fseek(f, -1, SEEK_CUR));
    RUN(fread(text, 1, 15, f));
    note("%s", text);
    RUN(ftell(f));
    RUN(fclose(f));
    note_file("a");
    RUN(!fopen("x", "r+"));
    note("%s", strerrorname_np(errno));
}

static void write_and_read(void)
{
    char text[16] = "";
    put_file("a", "old content");
    FILE *f = fopen("a", "w+");
    RUN(fputs("new", f) >= 0);
    rewind(f);
    RUN(fread(text, 1, 15, f));
    note("%s", text);
    RUN(fseek(f, 10, SEEK_SET));
    RUN(fputs("far", f) >= 0);
    RUN(fseek(f, 0, SEEK_END));
    RUN(ftell(f));
    RUN(fclose(f));
    note_file("a");
}

static void modes(void)
{
    static const char *const all[] = { "r", "w", "a", "r+", "wx", "we", "rb", "w+b", "q", "" };
    put_file("a", "x");
    for (unsigned i = 0; i < sizeof all / sizeof all[0]; i++) {
        FILE *f = fopen("a", all[i]);
        if (!f) {
            note("%s: %s", all[i], strerrorname_np(errno));
            continue;
        }
        note("%s: %x %d", all[i], (unsigned)fcntl(fileno(f), F_GETFL),
             fcntl(fileno(f), F_GETFD));
        fclose(f);
    }
    RUN(!fopen("x/y", "w"));
    note("%s", strerrorname_np(errno));
    RUN(!fopen(".", "w"));
    note("%s", strerrorname_np(errno));
}

static void from_descriptors(void)
{
    int fd = open("a", O_RDWR | O_CREAT, 0600), reads = open("a", O_RDONLY);
    write(fd, "abc", 3);
    FILE *f = fdopen(fd, "w");
    RUN(fputs("def", f) >= 0);
    RUN(fflush(f));
    note("same %d", fileno(f) == fd);
    note_file("a");
    RUN(!fdopen(reads, "w"));
    note("%s", strerrorname_np(errno));
    RUN(!fdopen(999, "r"));
    note("%s", strerrorname_np(errno));
    RUN(!fdopen(reads, "z"));
    note("%s", strerrorname_np(errno));
    RUN(fclose(f));
    RUN(close(fd));
    f = fdopen(open("a", O_WRONLY), "a");
    note("%x", (unsigned)fcntl(fileno(f), F_GETFL));
    RUN(fputs("ghi", f) >= 0);
    RUN(fclose(f));
    note_file("a");
    close(reads);
}

static void full_disk(void)
{
    FILE *f = fopen("/dev/full", "w");
    RUN(fputs("something", f) >= 0);
    RUN(fflush(f));
    note("error %d", !!ferror(f));
    RUN(fputs("again", f) >= 0);
    RUN(fclose(f));
    f = fopen("/dev/full", "w");
    setvbuf(f, NULL, _IONBF, 0);
    RUN(fputc('x', f));
    note("%s", strerrorname_np(errno));
    RUN(fclose(f));
}

static void without_a_name(void)
{
    char text[8] = "";
    FILE *f = tmpfile();
    RUN(fputs("hidden", f) >= 0);
    rewind(f);
    RUN(fread(text, 1, 7, f));
    note("%s", text);
    RUN(fclose(f));
}

static void opened_again(void)
{
    char text[16] = "";
    put_file("a", "first");
    put_file("b", "second");
    FILE *f = fopen("a", "r");
    RUN(fread(text, 1, 2, f));
    note("same %d", freopen("b", "r", f) == f);
    RUN(fread(text, 1, 15, f));
    note("%s", text);
    note("same %d", freopen("c", "w", f) == f);
    RUN(fputs("written", f) >= 0);
    RUN(getc(f));
    RUN(fflush(f));
    note_file("c");
    note("same %d", freopen("c", "a", f) == f);
    RUN(fputs(" more", f) >= 0);
    RUN(fclose(f));
    note_file("c");
}

static void big_writes(void)
{
    static char big[70000], back[70000];
    for (unsigned i = 0; i < sizeof big; i++)
        big[i] = (char)(i % 127);
    FILE *f = fopen("a", "w+");
    RUN(fwrite(big, 1, sizeof big, f));
    RUN(fseeko(f, 4090, SEEK_SET));
    RUN(fwrite("twelve bytes", 1, 12, f));
    memcpy(big + 4090, "twelve bytes", 12);
    rewind(f);
    RUN(fread(back, 1, sizeof back, f));
    note("equal %d", !memcmp(big, back, sizeof big));
    RUN(fclose(f));
}

static void line_buffers(void)
{
    FILE *f = fopen("a", "w");
    setvbuf(f, NULL, _IOLBF, 0);
    fputs("no line", f);
    note_file("a");
    fputs(" yet\nnext", f);
    note_file("a");
    setvbuf(f, NULL, _IOFBF, 100);
    RUN(fclose(f));
    note_file("a");
}

static void closed_beneath(void)
{
    FILE *f = fopen("a", "w");
    fputs("lost", f);
    RUN(close(fileno(f)));
    RUN(fflush(f));
    note("%s", strerrorname_np(errno));
    RUN(fclose(f));
    note_file("a");
}

static void places(void)
{
    fpos_t place;
    put_file("a", "0123456789");
    FILE *f = fopen("a", "r+");
    RUN(fseek(f, 4, SEEK_SET));
    RUN(fgetpos(f, &place));
    RUN(getc(f));
    RUN(fsetpos(f, &place));
    RUN(getc(f));
    RUN(fseek(f, -20, SEEK_CUR));
    note("%s", strerrorname_np(errno));
    RUN(fseek(f, 0, 99));
    RUN(lseek(fileno(f), 0, SEEK_CUR) >= 0);
    RUN(ftello(f));
    RUN(fclose(f));
}

static void a_pipe(void)
{
    int fds[2];
    char line[16];
    pipe(fds);
    FILE *out = fdopen(fds[1], "w"), *in = fdopen(fds[0], "r");
    fprintf(out, "through\n");
    RUN(fflush(out));
    note("%s", fgets(line, sizeof line, in));
    RUN(fseek(in, 0, SEEK_SET));
    note("%s", strerrorname_np(errno));
    RUN(fclose(out));
    RUN(getc(in));
    note("eof %d", feof(in));
    RUN(fclose(in));
}

static void replaced_by_rename(void)
{
    FILE *f = fopen("b", "w");
    put_file("a", "old");
    fprintf(f, "new");
    RUN(fflush(f));
    RUN(fsync(fileno(f)));
    RUN(fclose(f));
    RUN(rename("b", "a"));
    note_file("a");
    note_file("b");
}

static void removed_while_open(void)
{
    char text[8] = "";
    put_file("a", "there");
    FILE *f = fopen("a", "r");
    RUN(remove("a"));
    RUN(fread(text, 1, 7, f));
    note("%s", text);
    RUN(fclose(f));
    note_file("a");
}

#define CASE(name) static void in_folder_##name(void) { enter_folder(); name(); leave_folder(); }
#define ALL(X) X(write_text) X(read_text) X(append_mode) X(append_and_read) X(update_mode)    \
    X(write_and_read) X(modes) X(from_descriptors) X(full_disk) X(without_a_name)             \
    X(opened_again) X(big_writes) X(line_buffers) X(closed_beneath) X(places) X(a_pipe)       \
    X(replaced_by_rename) X(removed_while_open)
ALL(CASE)
#define ROW(name) { "stdio/" #name, in_folder_##name },
const struct conformance_case stdio_cases[] = { ALL(ROW) { NULL, NULL } };
