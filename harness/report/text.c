/* harness/report/text.c - texts of the command: building, cleaning, wrapping, colour. */
#include "harness/report/text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/explore/record.h"

const char *fit__me = "faulttest";

static void *checked(void *memory)
{
    if (!memory) {
        static const char sentence[] = "faulttest: out of memory\n";
        ssize_t written = write(STDERR_FILENO, sentence, sizeof sentence - 1);
        (void)written;
        _exit(FIT_X_INTERNAL);
    }
    return memory;
}

void *fit__get(size_t size)
{
    return checked(calloc(1, size ? size : 1));
}

void *fit__grow(void *list, size_t count, size_t size)
{
    assert(size > 0);
    /* Room is always a power of two, so it is full exactly when the count is one. */
    if (count != 0 && (count & (count - 1)) != 0)
        return list;
    return checked(reallocarray(list, count ? count * 2 : 1, size));
}

char *fit__copy(const char *text)
{
    return text ? checked(strdup(text)) : NULL;
}

static void reserve(struct fit__text *text, size_t more)
{
    if (text->size + more + 1 <= text->room)
        return;
    text->room = (text->size + more + 1) * 2;
    text->data = checked(realloc(text->data, text->room));
}

void fit__text_bytes(struct fit__text *text, const char *bytes, size_t size)
{
    reserve(text, size);
    memcpy(text->data + text->size, bytes, size);
    text->size += size;
    text->data[text->size] = '\0';
}

static void add(struct fit__text *text, const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    int size = vsnprintf(NULL, 0, format, again);
    va_end(again);
    assert(size >= 0);
    reserve(text, (size_t)size);
    vsnprintf(text->data + text->size, (size_t)size + 1, format, arguments);
    text->size += (size_t)size;
}

void fit__text_add(struct fit__text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    add(text, format, arguments);
    va_end(arguments);
}

char *fit__print(const char *format, ...)
{
    struct fit__text text = { 0 };
    va_list arguments;
    va_start(arguments, format);
    add(&text, format, arguments);
    va_end(arguments);
    return text.data;
}

/* Length in bytes of the UTF-8 sequence at `at`, or 0 if it is none or a control byte. */
static size_t sequence(const unsigned char *at)
{
    if (at[0] < 0x20 || at[0] == 0x7f)
        return 0;
    if (at[0] < 0x80)
        return 1;
    size_t size = at[0] >= 0xf0 && at[0] <= 0xf4 ? 4 : at[0] >= 0xe0 && at[0] < 0xf0 ? 3
                : at[0] >= 0xc2 && at[0] < 0xe0 ? 2 : 0;
    for (size_t i = 1; i < size; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    /* Overlong forms, surrogates, values above U+10FFFF, and C1 controls. */
    if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f)
        || (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f)
        || (at[0] == 0xc2 && at[1] < 0xa0))
        return 0;
    return size;
}

char *fit__clean(const char *text)
{
    struct fit__text clean = { 0 };
    fit__text_bytes(&clean, "", 0);
    for (const char *at = text; *at; ) {
        size_t size = sequence((const unsigned char *)at);
        if (size > 0)
            fit__text_bytes(&clean, at, size);
        else if (*at == '\n')
            fit__text_bytes(&clean, at, 1);
        else if (*at == '\t')
            fit__text_bytes(&clean, "    ", 4);
        else
            fit__text_add(&clean, "\\x%02x", (unsigned char)*at);
        at += size > 0 ? size : 1;
    }
    return clean.data;
}

size_t fit__columns(const char *text)
{
    size_t count = 0;
    for (; *text; text++)
        count += ((unsigned char)*text & 0xc0) != 0x80;
    return count;
}

/* Bytes of the longest piece of `text` that fits into `columns` and ends before a blank, a
 * newline or the end; a longer word is not cut. */
static size_t piece(const char *text, size_t columns)
{
    size_t best = 0, used = 0;
    for (size_t i = 0; ; i++) {
        if (text[i] == '\0' || text[i] == ' ' || text[i] == '\n') {
            if (used > columns && best > 0)
                return best;
            best = i;
            if (text[i] != ' ' || used > columns)
                return best;
        }
        used += ((unsigned char)text[i] & 0xc0) != 0x80;
    }
}

void fit__wrap(FILE *out, const char *head, const char *text)
{
    size_t indent = fit__columns(head);
    assert(indent < FIT_COLUMNS / 2);
    fputs(head, out);
    for (;;) {
        size_t size = piece(text, FIT_COLUMNS - indent);
        fwrite(text, 1, size, out);
        putc('\n', out);
        text += size;
        if (*text == '\n' || *text == ' ')
            text++;
        if (*text == '\0')
            return;
        fprintf(out, "%*s", (int)indent, "");
    }
}

void fit__block(FILE *out, unsigned indent, const char *text)
{
    while (*text) {
        size_t size = strcspn(text, "\n"), shown = size, columns = 0;
        for (size_t i = 0; i < size; i++) {
            columns += ((unsigned char)text[i] & 0xc0) != 0x80;
            if (columns > FIT_COLUMNS - indent && shown == size)
                shown = i;
        }
        fprintf(out, "%*s%.*s\n", size ? (int)indent : 0, "", (int)shown, text);
        text += size + (text[size] == '\n');
    }
}

const char *fit__look(FILE *out, enum fit__look look)
{
    static const char *const sequences[] = { "\033[0m", "\033[1m", "\033[31m" };
    const char *terminal = getenv("TERM"), *refused = getenv("NO_COLOR");
    if (!isatty(fileno(out)) || (refused && *refused)
        || !terminal || strcmp(terminal, "dumb") == 0)
        return "";
    return sequences[look];
}
