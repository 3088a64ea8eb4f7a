/* harness/command/journal.c - what a run brings, line by line on disk, while it lasts. */
#include "harness/command/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "harness/report/lines.h"

enum { UNWRITTEN_BYTES = 1 << 16, TAIL_BYTES = 1 << 16, KEPT_MOST = 1024 };

static int open_unnamed(void)
{
    const char *folder = getenv("TMPDIR");
    char *name = fit__print("%s/faulttest-journal-XXXXXX", folder && *folder ? folder : "/tmp");
    int fd = mkostemp(name, O_CLOEXEC);
    if (fd >= 0)
        unlink(name);
    free(name);
    return fd < 0 ? -errno : fd;
}

static int open_named(const char *path)
{
    int error = fit__make_folders(path);
    int fd = error ? -1 : open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0)
        return error ? error : -errno;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        error = -errno;
        close(fd);
        return error;
    }
    return fd;
}

/* Where the last whole line ends. */
static off_t whole_lines(int fd)
{
    char bytes[TAIL_BYTES];
    off_t end = lseek(fd, 0, SEEK_END);
    while (end > 0) {
        off_t from = end > TAIL_BYTES ? end - TAIL_BYTES : 0;
        ssize_t size = pread(fd, bytes, (size_t)(end - from), from);
        const char *last = size > 0 ? memrchr(bytes, '\n', (size_t)size) : NULL;
        if (last)
            return from + (last - bytes) + 1;
        end = size > 0 ? from : 0;
    }
    return 0;
}

static FILE *reader(int fd)
{
    char name[40];
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    return fopen(name, "re");
}

int fit__journal_open(struct fit__journal *journal, const char *path, bool keep)
{
    *journal = (struct fit__journal){ .path = fit__copy(path) };
    journal->fd = path ? open_named(path) : open_unnamed();
    if (journal->fd < 0)
        return journal->fd;
    journal->size = keep ? whole_lines(journal->fd) : 0;
    journal->ahead = reader(journal->fd);
    journal->aside = reader(journal->fd);
    if (!journal->ahead || !journal->aside || ftruncate(journal->fd, journal->size) != 0
        || lseek(journal->fd, journal->size, SEEK_SET) < 0)
        return -errno;
    return 0;
}

/* Half a line may stay behind an error: that is what a reader expects. */
static void write_out(struct fit__journal *journal)
{
    const char *bytes = journal->unwritten.data;
    size_t left = journal->unwritten.size;
    while (left > 0 && !journal->error) {
        ssize_t written = write(journal->fd, bytes, left);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0) {
            journal->error = -errno;
            journal->size -= (off_t)left;
            break;
        }
        bytes += written;
        left -= (size_t)written;
    }
    journal->unwritten.size = 0;
}

off_t fit__journal_add(struct fit__journal *journal, const json_t *line)
{
    off_t at = journal->size;
    if (journal->error)
        return at;
    char *text = json_dumps(line, JSON_COMPACT | JSON_PRESERVE_ORDER);
    size_t size = text ? strlen(text) : 0;
    fit__text_bytes(&journal->unwritten, text ? text : "", size);
    fit__text_bytes(&journal->unwritten, "\n", 1);
    journal->size += (off_t)size + 1;
    free(text);
    if (journal->unwritten.size >= UNWRITTEN_BYTES)
        write_out(journal);
    return at;
}

off_t fit__journal_add_kept(struct fit__journal *journal, json_t *line)
{
    off_t at = fit__journal_add(journal, line);
    if (journal->kept_count < KEPT_MOST && !journal->error) {
        journal->kept = fit__grow(journal->kept, journal->kept_count, sizeof *journal->kept);
        journal->kept[journal->kept_count++] =
            (struct fit__kept_line){ at, journal->size, json_incref(line) };
    }
    return at;
}

void fit__journal_flush(struct fit__journal *journal)
{
    write_out(journal);
}

static int by_place(const void *at, const void *kept)
{
    const off_t *one = at, *two = &((const struct fit__kept_line *)kept)->at;
    return (*one > *two) - (*one < *two);
}

/* A copy, since readers change their lines. NULL: it is only on disk. */
static json_t *kept_line(struct fit__journal *journal, off_t *at)
{
    const struct fit__kept_line *kept = journal->kept_next < journal->kept_count
                                      ? &journal->kept[journal->kept_next] : NULL;
    if (!journal->kept_count)
        return NULL;
    if (!kept || kept->at != *at)
        kept = bsearch(at, journal->kept, journal->kept_count, sizeof *kept, by_place);
    if (!kept)
        return NULL;
    journal->kept_next = (size_t)(kept - journal->kept) + 1;
    *at = kept->next;
    return json_copy(kept->line);
}

static json_t *read_line(struct fit__journal *journal, FILE *file, off_t *at)
{
    clearerr(file);
    if (ftello(file) != *at && fseeko(file, *at, SEEK_SET) != 0)
        return NULL;
    ssize_t size = getline(&journal->line, &journal->room, file);
    if (size <= 0 || journal->line[size - 1] != '\n')
        return NULL;
    *at += size;
    return json_loadb(journal->line, (size_t)size, 0, NULL);
}

json_t *fit__journal_next(struct fit__journal *journal, off_t *at, off_t end)
{
    json_t *kept = *at < end ? kept_line(journal, at) : NULL;
    if (kept)
        return kept;
    fit__journal_flush(journal);
    return *at < end ? read_line(journal, journal->ahead, at) : NULL;
}

json_t *fit__journal_look(struct fit__journal *journal, off_t at)
{
    json_t *kept = kept_line(journal, &at);
    if (kept)
        return kept;
    fit__journal_flush(journal);
    return read_line(journal, journal->aside, &at);
}

void fit__journal_close(struct fit__journal *journal, bool remove)
{
    if (journal->fd >= 0)
        fit__journal_flush(journal);
    if (remove && journal->path && journal->fd >= 0)
        unlink(journal->path);
    if (journal->ahead)
        fclose(journal->ahead);
    if (journal->aside)
        fclose(journal->aside);
    if (journal->fd >= 0)
        close(journal->fd);
    for (size_t i = 0; i < journal->kept_count; i++)
        json_decref(journal->kept[i].line);
    free(journal->kept);
    free(journal->path);
    free(journal->line);
    free(journal->unwritten.data);
    *journal = (struct fit__journal){ .fd = -1 };
}
