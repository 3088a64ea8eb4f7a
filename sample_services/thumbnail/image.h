/* image.h - decoding, scaling and encoding of one image. No loop, no network. */
#ifndef THUMBNAIL_IMAGE_H
#define THUMBNAIL_IMAGE_H

#include <stdatomic.h>
#include <stdint.h>

#include "buffer.h"
#include "error.h"
#include "guard.h"

struct scaling {
    /* Asked for. */
    const struct buffer *source;     /* not owned; must not change meanwhile */
    unsigned width, height;          /* the box */
    uint64_t pixels_max;
    atomic_bool stop;                /* from any thread: do not begin the next step */
    /* The answer. `error.code` is THUMBNAIL_OK on success. */
    void *data;                      /* the encoded thumbnail */
    size_t size;
    unsigned scaled_width, scaled_height;
    const char *type;                /* "image/jpeg", "image/png"; static */
    struct thumbnail_error error;

    struct guard guard;
};

/* To be called once, before any other thread scales: messages of the image library go into
 * errors from then on, for the whole process. */
void image_library_init(void);

/* On any thread. Blocks for as long as the image takes. */
void scaling_run(struct scaling *scaling);

/* Frees the answer. */
void scaling_free(struct scaling *scaling);

#endif
