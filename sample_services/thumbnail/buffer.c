/* buffer.c - a buffer that doubles. */
#include "buffer.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 4096 };

int buffer_append(struct buffer *buffer, const void *data, size_t size)
{
    size_t capacity = buffer->capacity ? buffer->capacity : FIRST_CAPACITY;

    if (size == 0) return 0;
    if (size > SIZE_MAX / 4 || buffer->size > SIZE_MAX / 4) return -ENOMEM;
    while (capacity < buffer->size + size) capacity *= 2;
    if (capacity != buffer->capacity) {
        unsigned char *grown = realloc(buffer->data, capacity);
        if (!grown) return -ENOMEM;
        buffer->data = grown;
        buffer->capacity = capacity;
    }
    memcpy(buffer->data + buffer->size, data, size);
    buffer->size += size;
    return 0;
}

void buffer_free(struct buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct buffer){ 0 };
}
