/* harness/command/stream.c - reads the records of a swept program out of a stream of bytes. */
#include "harness/command/stream.h"

#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_BYTES = 1 << 20 };

const char *fit__value(const struct fit__record *record, const char *key)
{
    for (unsigned i = 0; record && i < record->count; i++)
        if (strcmp(record->keys[i], key) == 0)
            return record->values[i];
    return NULL;
}

const char *fit__value_or_empty(const struct fit__record *record, const char *key)
{
    const char *value = fit__value(record, key);
    return value ? value : "";
}

unsigned long fit__number(const struct fit__record *record, const char *key)
{
    return strtoul(fit__value_or_empty(record, key), NULL, 10);
}

void fit__value_set(struct fit__record *record, const char *key, const char *value)
{
    unsigned i = 0;
    while (i < record->count && strcmp(record->keys[i], key) != 0)
        i++;
    if (i == FIT_RECORD_FIELDS_MAX)
        return;
    char *copy = fit__copy(value);
    if (i < record->count) {
        free(record->values[i]);
    } else {
        record->keys[i] = fit__copy(key);
        record->count++;
    }
    record->values[i] = copy;
}

void fit__record_free(struct fit__record *record)
{
    for (unsigned i = 0; record && i < record->count; i++) {
        free(record->keys[i]);
        free(record->values[i]);
    }
    free(record);
}

/* Turns \n and \\ into what they stand for, in place. */
static void unescape(char *text)
{
    char *to = text;
    for (const char *at = text; *at; at++) {
        if (at[0] == '\\' && (at[1] == 'n' || at[1] == '\\')) {
            at++;
            *to++ = *at == 'n' ? '\n' : '\\';
        } else {
            *to++ = *at;
        }
    }
    *to = '\0';
}

static void finish(struct fit__stream *stream)
{
    struct fit__record *record = stream->open;
    stream->open = NULL;
    if (!record)
        return;
    if (fit__value(record, "kind")) {
        stream->record(stream->arg, record);
    } else {
        stream->garbage++;
        fit__record_free(record);
    }
}

static bool is_key(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (!((text[i] >= 'a' && text[i] <= 'z') || (text[i] >= '0' && text[i] <= '9')
              || text[i] == '_' || text[i] == '.'))
            return false;
    return size > 0 && size < 32;
}

static void line(struct fit__stream *stream, char *text)
{
    if (*text == '\0') {
        finish(stream);
        return;
    }
    size_t size = strcspn(text, " ");
    if (!is_key(text, size)) {
        stream->garbage++;
        return;
    }
    char *value = text[size] ? text + size + 1 : text + size;
    text[size] = '\0';
    if (strcmp(text, "kind") == 0 && fit__value(stream->open, "kind")) {
        /* The writer of the record before died in the middle of it. */
        stream->garbage++;
        fit__record_free(stream->open);
        stream->open = NULL;
    }
    if (!stream->open)
        stream->open = fit__get(sizeof *stream->open);
    unescape(value);
    char *clean = fit__clean(value);
    fit__value_set(stream->open, text, clean);
    free(clean);
}

void fit__stream_bytes(struct fit__stream *stream, const char *bytes, size_t size)
{
    while (size > 0) {
        const char *end = memchr(bytes, '\n', size);
        size_t part = end ? (size_t)(end - bytes) : size;
        if (stream->line.size + part > LINE_MAX_BYTES)
            stream->skipping = true;
        if (!stream->skipping)
            fit__text_bytes(&stream->line, bytes, part);
        if (!end)
            return;
        if (stream->skipping)
            stream->garbage++;
        else
            line(stream, stream->line.data);
        stream->skipping = false;
        stream->line.size = 0;
        bytes += part + 1;
        size -= part + 1;
    }
}

void fit__stream_end(struct fit__stream *stream)
{
    if (stream->open || stream->line.size > 0)
        stream->garbage++;
    fit__record_free(stream->open);
    stream->open = NULL;
    free(stream->line.data);
    stream->line = (struct fit__text){ 0 };
}
