/* Lines of the trace: formatted here, shown by whoever listens. */
#include "fi/trace.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fi/guard.h"
#include "fi/hot.h"

FIT_HOT bool fit__tracing;
void (*fit__trace_listener)(const char *kind, int fd, const char *text);

enum { QUOTED_MAX = 32, ESCAPE_MAX = 4 /* \377 */ };

void fit__trace(const char *kind, int fd, const char *format, ...)
{
    char text[512];
    va_list arguments;
    if (!fit__tracing || !fit__trace_listener) return;
    fit__enter();
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    fit__trace_listener(kind, fd, text);
    fit__leave();
}

/* One byte as in a C string; `next` decides whether an octal escape needs all its digits. */
static size_t escape(char out[ESCAPE_MAX + 1], unsigned char byte, unsigned char next)
{
    static const char plain[] = "\t\n\v\f\r\"\\", letters[] = "tnvfr\"\\";
    const char *special = byte ? strchr(plain, byte) : NULL;
    if (special) {
        out[0] = '\\';
        out[1] = letters[special - plain];
        return 2;
    }
    if (byte >= ' ' && byte < 127) {
        out[0] = (char)byte;
        return 1;
    }
    bool digit_follows = next >= '0' && next <= '9';
    return (size_t)sprintf(out, digit_follows ? "\\%03o" : "\\%o", byte);
}

const char *fit__quote(char *out, size_t out_size, const void *bytes, size_t size)
{
    static const char tail[] = "\"...";
    const unsigned char *from = bytes;
    char one[ESCAPE_MAX + 1];
    size_t used = 0, i = 0;
    assert(out_size >= sizeof tail + 1);
    out[used++] = '"';
    for (; i < size && i < QUOTED_MAX; i++) {
        size_t length = escape(one, from[i], i + 1 < size ? from[i + 1] : 0);
        if (used + length + sizeof tail > out_size) break;
        memcpy(out + used, one, length);
        used += length;
    }
    strcpy(out + used, i < size ? tail : "\"");
    return out;
}
