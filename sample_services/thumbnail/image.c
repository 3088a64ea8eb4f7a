/* image.c - what runs in the thread pool.
 *
 * libgd decodes a damaged JPEG as far as it can, fills the rest with grey, and only tells its
 * error function about it. A thumbnail of half a picture would be a silently wrong answer, so
 * here any message of the library is a failure. */
#include "image.h"

#include <errno.h>
#include <gd.h>
#include <gd_errors.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fi/point.h"

enum { JPEG_QUALITY = 85, PNG_LEVEL = 6, JPEG_MARKERS_MAX = 1024 };

static _Thread_local char said[160];        /* the first message of the library, or "" */

static void on_library_message(int priority, const char *format, va_list args)
{
    (void)priority;
    if (said[0]) return;
    vsnprintf(said, sizeof said, format, args);
    said[strcspn(said, "\r\n")] = 0;
}

void image_library_init(void)
{
    gdSetErrorMethod(on_library_message);
}

/* The library has no error codes; running out of memory shows in errno alone. */
static void fail(struct scaling *s, const char *step)
{
    bool memory = errno == ENOMEM;

    error_set(&s->error, memory ? THUMBNAIL_ENOMEM : THUMBNAIL_EIMAGE, "scale");
    error_cause(&s->error, "gd", 0, "%s: %s", step, said[0] ? said : "failed without a message");
    if (memory) error_cause_errno(&s->error, ENOMEM);
}

static unsigned be16(const unsigned char *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

static uint32_t be32(const unsigned char *p)
{
    return (uint32_t)be16(p) << 16 | be16(p + 2);
}

/* The size is looked up before anything is decoded: a few bytes can claim billions of pixels. */
static bool jpeg_size(const struct buffer *b, uint64_t *pixels)
{
    size_t at = 2;

    for (int markers = 0; markers < JPEG_MARKERS_MAX && at + 9 <= b->size; markers++) {
        const unsigned char *p = b->data + at;
        if (p[0] != 0xff) return false;
        if (p[1] == 0xff) { at++; continue; }
        bool frame = p[1] >= 0xc0 && p[1] <= 0xcf && p[1] != 0xc4 && p[1] != 0xc8 && p[1] != 0xcc;
        if (frame) {
            *pixels = (uint64_t)be16(p + 5) * be16(p + 7);
            return true;
        }
        at += 2u + be16(p + 2);
    }
    return false;
}

static bool png_size(const struct buffer *b, uint64_t *pixels)
{
    if (b->size < 24 || memcmp(b->data + 12, "IHDR", 4) != 0) return false;
    *pixels = (uint64_t)be32(b->data + 16) * be32(b->data + 20);
    return true;
}

/* Sets the type. Returns false, with the error set, if this is not for us. */
static bool look(struct scaling *s)
{
    static const unsigned char png[] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n' };
    const struct buffer *b = s->source;
    uint64_t pixels = 0;
    bool known = false;

    if (b->size > 3 && memcmp(b->data, "\xff\xd8\xff", 3) == 0) {
        s->type = "image/jpeg";
        known = jpeg_size(b, &pixels);
    } else if (b->size > sizeof png && memcmp(b->data, png, sizeof png) == 0) {
        s->type = "image/png";
        known = png_size(b, &pixels);
    }
    if (!known || pixels == 0 || b->size > INT_MAX) {
        error_set(&s->error, THUMBNAIL_EIMAGE, "scale");
        error_cause(&s->error, "gd", 0, "%zu bytes are neither a JPEG nor a PNG image", b->size);
        return false;
    }
    if (pixels > s->pixels_max) {
        FAULT_MARK("image/too-big");
        error_set(&s->error, THUMBNAIL_ETOOBIG, "scale");
        error_cause(&s->error, "errno", EFBIG, "%llu pixels, limit %llu (EFBIG)",
                    (unsigned long long)pixels, (unsigned long long)s->pixels_max);
        return false;
    }
    return true;
}

static bool is_jpeg(const struct scaling *s)
{
    return strcmp(s->type, "image/jpeg") == 0;
}

static gdImagePtr decode(struct scaling *s)
{
    int size = (int)s->source->size;
    gdImagePtr image = is_jpeg(s) ? gdImageCreateFromJpegPtrEx(size, s->source->data, 0)
                                  : gdImageCreateFromPngPtr(size, s->source->data);
    if (image && !said[0]) return image;
    if (image) {
        FAULT_MARK("image/damaged");
        gdImageDestroy(image);
    }
    fail(s, "decode");
    return NULL;
}

/* Fits the picture into the box: keeps proportions, never enlarges, at least one pixel. */
static void fit(struct scaling *s, unsigned width, unsigned height)
{
    uint64_t w = width, h = height;

    if (w > s->width) { h = h * s->width / w; w = s->width; }
    if (h > s->height) { w = w * s->height / h; h = s->height; }
    s->scaled_width = w ? (unsigned)w : 1;
    s->scaled_height = h ? (unsigned)h : 1;
}

static gdImagePtr shrink(struct scaling *s, gdImagePtr image)
{
    fit(s, (unsigned)gdImageSX(image), (unsigned)gdImageSY(image));
    gdImagePtr small = gdImageCreateTrueColor((int)s->scaled_width, (int)s->scaled_height);
    if (!small) {
        fail(s, "resize");
        return NULL;
    }
    gdImageAlphaBlending(small, 0);
    gdImageSaveAlpha(small, 1);
    gdImageCopyResampled(small, image, 0, 0, 0, 0, gdImageSX(small), gdImageSY(small),
                         gdImageSX(image), gdImageSY(image));
    return small;
}

static void encode(struct scaling *s, gdImagePtr small)
{
    int size = 0;

    s->data = is_jpeg(s) ? gdImageJpegPtr(small, &size, JPEG_QUALITY)
                         : gdImagePngPtrEx(small, &size, PNG_LEVEL);
    if (s->data && size > 0 && !said[0]) s->size = (size_t)size;
    else fail(s, "encode");
}

static bool stopped(struct scaling *s)
{
    if (!atomic_load(&s->stop)) return false;
    FAULT_MARK("cancel/while-scaling");
    error_set(&s->error, THUMBNAIL_ECANCELED, "scale");
    return true;
}

static void run(struct scaling *s)
{
    FAULT_RAISE("scale", guard_raise(&s->guard, &s->error, "scale", "scale"));
    if (stopped(s) || !look(s)) return;
    gdImagePtr image = decode(s);
    if (!image) return;
    gdImagePtr small = stopped(s) ? NULL : shrink(s, image);
    gdImageDestroy(image);
    if (!small) return;
    if (!stopped(s)) encode(s, small);
    gdImageDestroy(small);
}

void scaling_run(struct scaling *s)
{
    said[0] = 0;
    errno = 0;
    if (setjmp(s->guard.place)) return;
    run(s);
}

void scaling_free(struct scaling *s)
{
    if (s->data) gdFree(s->data);
    s->data = NULL;
    s->size = 0;
}
