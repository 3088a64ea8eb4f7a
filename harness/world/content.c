/* content.c - what is in a regular file: pages that were written, over the real file. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "fi/arena.h"
#include "fi/hot.h"
#include "fi/raw.h"
#include "harness/world/files.h"

#define LARGEST ((off_t)1 << 44)             /* as ext4: 16 TiB */
enum { BLOCK = 512 };

FIT_HOT static int64_t disk_free = -1;
FIT_HOT static bool stays_full, read_only;
static fit_ns spoilt_until = FIT_NEVER;

/* Blocks that cannot be read: one for each fault of a case. */
enum { SPOILT_MAX = 8 };
static struct { const struct fit__node *node; off_t page; } spoilt[SPOILT_MAX];
static unsigned spoilt_count;

void fit__disk_limit(int64_t bytes)
{
    disk_free = bytes;
    spoilt_until = FIT_NEVER;
}

void fit__disk_spoil(int error, bool until_free)
{
    disk_free = error == ENOSPC ? 0 : -1;
    stays_full = error == ENOSPC && !until_free;
    read_only = error == EROFS;
    spoilt_until = FIT_NEVER;
    if (!error)
        spoilt_count = 0;
}

void fit__disk_relieve(fit_ns when)
{
    spoilt_until = when;
}

static bool is_over(void)
{
    return fit__now() >= spoilt_until;
}

bool fit__disk_is_read_only(void)
{
    return read_only && !fit__guard->exempt && !is_over();
}

int64_t fit__disk_free(void)
{
    return is_over() ? -1 : disk_free;
}

int fit__disk_take(int64_t bytes)
{
    if (disk_free < 0 || fit__guard->exempt || is_over())
        return 0;
    if (bytes > disk_free)
        return -ENOSPC;
    disk_free -= bytes;
    return 0;
}

void fit__disk_give(int64_t bytes)
{
    if (disk_free >= 0 && !stays_full)
        disk_free += bytes;
}

/* ---- pages ------------------------------------------------------------------------------- */

/* The place of the first page whose index is not below `index`. */
static size_t place_of(const struct fit__node *node, uint64_t index)
{
    size_t low = 0, high = node->page_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (node->pages[middle].index < index)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct fit__page *page_at(const struct fit__node *node, uint64_t index)
{
    size_t place = place_of(node, index);
    bool found = place < node->page_count && node->pages[place].index == index;
    return found ? &node->pages[place] : NULL;
}

/* Bytes of the real file. One that became shorter meanwhile ends in zeros. */
static void read_lower(const struct fit__node *node, off_t from, char *out, size_t size)
{
    size_t done = 0;
    long got = 0;
    long real = fit__raw(SYS_openat, AT_FDCWD, node->lower, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    while (real >= 0 && done < size
           && (got = fit__raw(SYS_pread64, real, out + done, size - done, from + done)) > 0)
        done += (size_t)got;
    if (real >= 0)
        fit__raw(SYS_close, real);
    memset(out + done, 0, size - done);
}

static void fill_from_lower(const struct fit__node *node, uint64_t index, char *bytes)
{
    off_t start = (off_t)index * FIT_PAGE;
    off_t have = node->lower_size - start;
    if (have > 0)
        read_lower(node, start, bytes, have < FIT_PAGE ? (size_t)have : FIT_PAGE);
}

/* The page, made if need be; NULL: the disk is full. */
static struct fit__page *make_page(struct fit__node *node, uint64_t index, bool whole)
{
    size_t place = place_of(node, index);
    if (place < node->page_count && node->pages[place].index == index)
        return &node->pages[place];
    bool new_space = (off_t)index * FIT_PAGE >= node->lower_size;
    if (new_space && fit__disk_take(FIT_PAGE))
        return NULL;
    if (node->page_count == node->page_room) {
        node->page_room = node->page_room ? 2 * node->page_room : 4;
        node->pages = fit__resize(node->pages, node->page_room * sizeof *node->pages);
    }
    struct fit__page *page = &node->pages[place];
    memmove(page + 1, page, (node->page_count++ - place) * sizeof *page);
    *page = (struct fit__page){ index, fit__alloc(FIT_PAGE), new_space, false };
    if (!whole)
        fill_from_lower(node, index, page->bytes);
    if (new_space)
        node->st.st_blocks += FIT_PAGE / BLOCK;
    return page;
}

static void free_page(struct fit__node *node, const struct fit__page *page)
{
    if (page->charged) {
        fit__disk_give(FIT_PAGE);
        node->st.st_blocks -= FIT_PAGE / BLOCK;
    }
    fit__free(page->bytes);
}

static void drop_pages_from(struct fit__node *node, size_t place)
{
    while (node->page_count > place)
        free_page(node, &node->pages[--node->page_count]);
}

/* ---- blocks that cannot be read ---------------------------------------------------------- */

int fit__content_spoil(struct fit__node *node, off_t at)
{
    if (spoilt_count == SPOILT_MAX)
        return -ENOSPC;
    spoilt[spoilt_count].node = node;
    spoilt[spoilt_count++].page = at / FIT_PAGE;
    return 0;
}

/* How many of the bytes come before a block that cannot be read. */
static size_t readable_at(const struct fit__node *node, off_t at, size_t size)
{
    for (unsigned i = 0; i < spoilt_count; i++) {
        off_t start = spoilt[i].page * FIT_PAGE, end = start + FIT_PAGE;
        if (spoilt[i].node == node && end > at && start < at + (off_t)size)
            size = start > at ? (size_t)(start - at) : 0;
    }
    return size;
}

/* The disk takes another block for what is written there; or the file is gone (page -1). */
static void mend(const struct fit__node *node, off_t page)
{
    for (unsigned i = 0; i < spoilt_count; i++)
        if (spoilt[i].node == node && (page < 0 || spoilt[i].page == page))
            spoilt[i--] = spoilt[--spoilt_count];
}

/* ---- reading ----------------------------------------------------------------------------- */

/* The longest run from `at` that comes from one place: *bytes, or the real file, or a hole. */
static size_t run_at(const struct fit__node *node, off_t at, size_t size, const char **bytes)
{
    size_t place = place_of(node, (uint64_t)at / FIT_PAGE), most = size;
    *bytes = NULL;
    if (place < node->page_count) {
        off_t start = (off_t)node->pages[place].index * FIT_PAGE;
        if (start <= at) {
            *bytes = node->pages[place].bytes + (at - start);
            most = (size_t)(start + FIT_PAGE - at);
        } else {
            most = (size_t)(start - at);
        }
    }
    if (!*bytes && at < node->lower_size && most > (size_t)(node->lower_size - at))
        most = (size_t)(node->lower_size - at);
    return most < size ? most : size;
}

static void copy_out(const struct fit__node *node, off_t at, char *out, size_t size)
{
    while (size) {
        const char *bytes;
        size_t part = run_at(node, at, size, &bytes);
        if (bytes)
            memcpy(out, bytes, part);
        else if (at < node->lower_size)
            read_lower(node, at, out, part);
        else
            memset(out, 0, part);
        out += part;
        at += (off_t)part;
        size -= part;
    }
}

ssize_t fit__content_read(struct fit__node *node, const struct iovec *iov, int count, off_t from)
{
    size_t done = 0;
    for (int i = 0; i < count && from < node->st.st_size; i++) {
        size_t part = iov[i].iov_len;
        if (part > (size_t)(node->st.st_size - from))
            part = (size_t)(node->st.st_size - from);
        size_t most = readable_at(node, from, part);
        copy_out(node, from, iov[i].iov_base, most);
        from += (off_t)most;
        done += most;
        if (most < part)
            return done ? (ssize_t)done : -EIO;
    }
    return (ssize_t)done;
}

/* ---- writing ----------------------------------------------------------------------------- */

/* How many of the bytes there was room for. */
static size_t copy_in(struct fit__node *node, off_t at, const char *bytes, size_t size)
{
    size_t done = 0;
    while (done < size) {
        size_t in_page = (size_t)(at % FIT_PAGE), part = FIT_PAGE - in_page;
        if (part > size - done)
            part = size - done;
        struct fit__page *page = make_page(node, (uint64_t)at / FIT_PAGE, part == FIT_PAGE);
        if (!page)
            break;
        mend(node, at / FIT_PAGE);
        memcpy(page->bytes + in_page, bytes + done, part);
        at += (off_t)part;
        done += part;
    }
    return done;
}

static void refuse_if_mapped(const struct fit__node *node)
{
    if (node->mapped)
        fit__unsupported("writing to a file that is mapped with MAP_SHARED", NULL,
                         "map it with MAP_PRIVATE");
}

ssize_t fit__content_write(struct fit__node *node, const struct iovec *iov, int count, off_t to)
{
    size_t size = fit__iov_size(iov, count), done = 0;
    refuse_if_mapped(node);
    if (!size)
        return 0;
    if (fit__disk_is_read_only())
        return -EROFS;
    if (to >= LARGEST)
        return -EFBIG;
    for (int i = 0; i < count; i++) {
        size_t most = (size_t)(LARGEST - to - (off_t)done);
        size_t part = iov[i].iov_len < most ? iov[i].iov_len : most;
        size_t put = copy_in(node, to + (off_t)done, iov[i].iov_base, part);
        done += put;
        if (put < iov[i].iov_len)
            break;
    }
    if (!done)
        return -ENOSPC;
    if (to + (off_t)done > node->st.st_size)
        node->st.st_size = to + (off_t)done;
    fit__node_touch(node);
    return (ssize_t)done;
}

/* Zeros from `size` to the end of its page, where a later, longer file would show old bytes. */
static void clear_tail(struct fit__node *node, off_t size)
{
    struct fit__page *page = page_at(node, (uint64_t)size / FIT_PAGE);
    size_t kept = (size_t)(size % FIT_PAGE);
    if (page && kept)
        memset(page->bytes + kept, 0, FIT_PAGE - kept);
}

static off_t pages_of(off_t size)
{
    return (size + FIT_PAGE - 1) / FIT_PAGE;
}

int fit__content_resize(struct fit__node *node, off_t size)
{
    refuse_if_mapped(node);
    if (size < 0)
        return -EINVAL;
    if (fit__disk_is_read_only())
        return -EROFS;
    if (size > LARGEST)
        return -EFBIG;
    if (size < node->st.st_size) {
        drop_pages_from(node, place_of(node, ((uint64_t)size + FIT_PAGE - 1) / FIT_PAGE));
        clear_tail(node, size);
    }
    if (size < node->lower_size) {
        off_t pages = pages_of(node->lower_size) - pages_of(size);
        node->lower_size = size;
        fit__disk_give(pages * FIT_PAGE);
        off_t blocks = pages * (FIT_PAGE / BLOCK);
        node->st.st_blocks -= blocks < node->st.st_blocks ? blocks : node->st.st_blocks;
    }
    node->st.st_size = size;
    fit__node_touch(node);
    return 0;
}

int fit__content_allocate(struct fit__node *node, off_t from, off_t size)
{
    if (from + size > LARGEST)
        return -EFBIG;
    uint64_t last = (uint64_t)(from + size - 1) / FIT_PAGE;
    for (uint64_t index = (uint64_t)from / FIT_PAGE; index <= last; index++)
        if ((off_t)index * FIT_PAGE >= node->lower_size && !make_page(node, index, true))
            return -ENOSPC;
    return 0;
}

int fit__content_clear(struct fit__node *node, off_t from, off_t size)
{
    static const char zeros[FIT_PAGE];
    refuse_if_mapped(node);
    off_t end = from + size < node->st.st_size ? from + size : node->st.st_size;
    for (off_t at = from, part; at < end; at += part) {
        part = FIT_PAGE - at % FIT_PAGE;
        if (part > end - at)
            part = end - at;
        bool hole = at >= node->lower_size && !page_at(node, (uint64_t)at / FIT_PAGE);
        if (!hole && !copy_in(node, at, zeros, (size_t)part))
            return -ENOSPC;
    }
    fit__node_touch(node);
    return 0;
}

off_t fit__content_next(const struct fit__node *node, off_t from, bool data)
{
    off_t size = node->st.st_size, at = from;
    if (from < 0 || from >= size)
        return -ENXIO;
    while (at < size) {
        const char *bytes;
        size_t part = run_at(node, at, (size_t)(size - at), &bytes);
        if ((bytes || at < node->lower_size) == data)
            return at;
        at += (off_t)part;
    }
    return data ? -ENXIO : size;
}

/* ---- what reaches the disk --------------------------------------------------------------- */

void fit__content_flush(struct fit__node *node)
{
    for (size_t i = 0; i < node->page_count; i++)
        node->pages[i].flushed = true;
}

/* The file has its size, and what was there before where it is not zeros. */
void fit__content_lose(struct fit__node *node)
{
    size_t kept = 0;
    for (size_t i = 0; i < node->page_count; i++) {
        struct fit__page page = node->pages[i];
        if (page.flushed)
            node->pages[kept++] = page;
        else
            free_page(node, &page);
    }
    node->page_count = kept;
}

void fit__content_drop(struct fit__node *node)
{
    mend(node, -1);
    drop_pages_from(node, 0);
    fit__free(node->pages);
    node->pages = NULL;
    node->page_room = 0;
}
