/* The descriptor table of the code under test, as text for people. */
#include <stdio.h>
#include <string.h>

#include "harness/world/inner.h"

/* The kind has a column of its own: a text that starts with it says it only once. */
static const char *without_kind(const char *text, const char *kind)
{
    size_t size = strlen(kind);
    if (strncmp(text, kind, size)) return text;
    if (text[size] == ' ') return text + size + 1;
    return text[size] ? text : "";
}

static int line(char *out, size_t size, int fd, const struct fit__slot *slot)
{
    struct fit__info info = { .class = FIT_C_NONE };
    const char *kind = slot->file->ops->kind;
    char unread[48] = "";
    if (slot->file->ops->describe) slot->file->ops->describe(slot->file, &info);
    if (info.readable && (info.class == FIT_C_STREAM || info.class == FIT_C_PAIR ||
                          info.class == FIT_C_DATAGRAM))
        snprintf(unread, sizeof unread, ", %zu byte%s unread", info.readable,
                 info.readable == 1 ? "" : "s");
    return snprintf(out, size, "%-3d %-9s %s%s\n", fd, kind, without_kind(info.text, kind), unread);
}

size_t fit__descriptors_text(char *out, size_t size)
{
    const struct fit__process *process = fit__service_process();
    size_t length = 0;
    for (int fd = 0; process && fd < process->slot_count; fd++) {
        bool fits = length < size;
        if (!process->slots[fd].file) continue;
        length += (size_t)line(fits ? out + length : NULL, fits ? size - length : 0, fd,
                               &process->slots[fd]);
    }
    if (length == 0 && size > 0) out[0] = '\0';
    return length < size ? length : size ? size - 1 : 0;
}
