/* buffer.h - bytes in memory, as many as come. All zero is an empty buffer. */
#ifndef THUMBNAIL_BUFFER_H
#define THUMBNAIL_BUFFER_H

#include <stddef.h>

struct buffer {
    unsigned char *data;
    size_t size, capacity;
};

/* Returns 0 or -ENOMEM; then the buffer is as it was. */
int buffer_append(struct buffer *buffer, const void *data, size_t size);
void buffer_free(struct buffer *buffer);

#endif
