/* harness/report/evidence.c - what `faulttest replay` prints about one case. */
#include "harness/report/evidence.h"

#include <stdlib.h>
#include <string.h>

#include "harness/report/places.h"
#include "harness/report/told.h"

enum { CALLS_SHOWN = 12, FRAMES_SHOWN = 12, FUNCTION_COLUMNS = 24 };

static void show_stack(const char *stack)
{
    struct fit__frame frames[FIT_FRAMES_MAX];
    size_t count = fit__frames(stack, frames);
    for (size_t i = 0; i < count && i < FRAMES_SHOWN; i++) {
        char *where = fit__frame_where(&frames[i]);
        printf("           %-*s %s\n", FUNCTION_COLUMNS - 1, frames[i].function, where);
        free(where);
    }
    if (count > FRAMES_SHOWN)
        printf("           ... %zu more\n", count - FRAMES_SHOWN);
}

static double seconds(const struct fit__record *record, const char *key)
{
    return (double)strtoull(fit__value_or_empty(record, key), NULL, 10) / 1e9;
}

/* "at 0.112 s, turn 14: " as far as known; the caller frees it. */
static char *moment(const struct fit__record *record, const char *ns, const char *turn)
{
    struct fit__text text = { 0 };
    fit__text_bytes(&text, "", 0);
    if (fit__value(record, ns))
        fit__text_add(&text, "at %.3f s", seconds(record, ns));
    if (turn && fit__value(record, turn))
        fit__text_add(&text, "%sturn %s", text.size ? ", " : "", fit__value(record, turn));
    if (text.size)
        fit__text_add(&text, ": ");
    return text.data;
}

static void show_part(const char *head, const struct fit__record *record, const char *what,
                      const char *call, const char *turn)
{
    char *ns = fit__print("%s.ns", what), *stack = fit__print("%s.stack", what);
    char *told = fit__told(record, what);
    const char *said = call ? call : told;
    if (said) {
        char *when = moment(record, ns, turn);
        char *line = fit__print("%s%s", when, said);
        fit__wrap(stdout, head, line);
        show_stack(fit__value(record, stack));
        free(when);
        free(line);
    }
    free(ns);
    free(stack);
    free(told);
}

/* The descriptor that the symptom speaks of, or -1. */
static long descriptor(const struct fit__record *record)
{
    static const char *const nouns[] = { "socket ", "descriptor ", "pipe ", "file " };
    const char *fd = fit__value(record, "fd"), *symptom = fit__value_or_empty(record, "symptom");
    if (fd)
        return strtol(fd, NULL, 10);
    for (size_t i = 0; i < sizeof nouns / sizeof nouns[0]; i++) {
        const char *at = strstr(symptom, nouns[i]);
        char *end;
        if (!at)
            continue;
        at += strlen(nouns[i]);
        long number = strtol(at, &end, 10);
        if (end != at)
            return number;
    }
    return -1;
}

static bool is_mark(const struct fit__record *call, const char *mark)
{
    return strcmp(fit__value_or_empty(call, "mark"), mark) == 0;
}

/* Calls from the fault on, on this descriptor, and what callers were told. */
static bool interesting(const struct fit__record *call, long fd)
{
    const char *its = fit__value(call, "fd");
    return fd < 0 || is_mark(call, ">>") || is_mark(call, "op")
        || (its && strtol(its, NULL, 10) == fd);
}

static void show_call(const struct fit__record *call)
{
    printf("           %.3f  %.*s%s\n", seconds(call, "ns"), FIT_COLUMNS - 32,
           fit__value_or_empty(call, "text"), is_mark(call, ">>") ? "   <-- fault" : "");
}

static void show_between(const struct fit__replayed *replayed, const struct fit__record *record)
{
    const struct fit__record *chosen[CALLS_SHOWN];
    long fd = descriptor(record);
    size_t count = 0, from = 0;
    for (size_t i = 0; i < replayed->call_count; i++)
        if (is_mark(replayed->calls[i], ">>"))
            from = i;
    /* Without a call on it after the fault the descriptor tells nothing: show all. */
    for (size_t i = from; i < replayed->call_count && fd >= 0; i++)
        count += interesting(replayed->calls[i], fd);
    if (count <= 1)
        fd = -1;
    count = 0;
    for (size_t i = replayed->call_count; i > from && count < CALLS_SHOWN; i--)
        if (interesting(replayed->calls[i - 1], fd))
            chosen[count++] = replayed->calls[i - 1];
    if (count == 0)
        return;
    if (fd >= 0)
        printf("BETWEEN  last calls on descriptor %ld\n", fd);
    else
        printf("BETWEEN  the last calls\n");
    while (count > 0)
        show_call(chosen[--count]);
}

/* A short block stands beside its heading, a longer one below it. */
static void show_block(const char *heading, const char *text)
{
    if (!text || !*text)
        return;
    size_t size = strlen(text);
    while (size > 0 && text[size - 1] == '\n')
        size--;
    char *trimmed = fit__print("%.*s", (int)size, text);
    if (strchr(trimmed, '\n') || size > 70) {
        printf("%s\n", heading);
        fit__block(stdout, 11, trimmed);
    } else {
        printf("%-11s %s\n", heading, trimmed);
    }
    free(trimmed);
}

static void show_notes(const struct fit__replayed *replayed)
{
    for (size_t i = 0; i < replayed->notes.count; i++)
        fit__wrap(stdout, "note     ", replayed->notes.list[i]);
}

void fit__show_evidence(const struct fit__replayed *replayed, const char *name)
{
    const struct fit__record *record = replayed->result;
    const char *allowed = fit__value(record, "allowed");
    printf("%s%s%s  %s\n\n", fit__look(stdout, FIT_BOLD), fit__value_or_empty(record, "verdict"),
           fit__look(stdout, FIT_PLAIN), name);
    show_part("FAULT    ", record, "fault", fit__value(record, "fault.call"), "fault.turn");
    show_part("THEN     ", record, "fault2", NULL, "fault2.turn");
    show_part("THEN     ", record, "fault3", NULL, "fault3.turn");
    show_part("THEN     ", record, "fault4", NULL, "fault4.turn");
    show_part("SYMPTOM  ", record, "symptom", NULL, NULL);
    show_between(replayed, record);
    show_block("DESCRIPTORS", fit__value(record, "descriptors"));
    show_block("TIMERS", fit__value(record, "timers"));
    show_block("OPERATIONS", fit__value(record, "operations"));
    show_block("THREADS", fit__value(record, "threads"));
    show_block("MEMCHECK", fit__value(record, "memcheck"));
    show_block("DETAIL", fit__value(record, "detail"));
    if (allowed)
        fit__wrap(stdout, "ALLOWED  ", allowed);
    show_notes(replayed);
}

/* A call that is too long loses arguments, and not its result. */
static char *shortened(const char *text, size_t room)
{
    const char *result = text, *next;
    if (strlen(text) <= room)
        return fit__copy(text);
    while ((next = strstr(result + 1, ") = ")))
        result = next;
    if (result == text || strlen(result) + 3 > room)
        result = "";
    return fit__print("%.*s...%s", (int)(room - 3 - strlen(result)), text, result);
}

static void show_traced(const struct fit__record *call)
{
    const char *mark = fit__value_or_empty(call, "mark"), *turn = fit__value(call, "turn");
    const char *text = fit__value_or_empty(call, "text");
    const char *column = strcmp(mark, ">>") == 0 ? ">>>" : strcmp(mark, "op") == 0 ? " op"
                       : "   ";
    const char *before = strcmp(mark, "--") == 0 && strncmp(text, "--", 2) != 0 ? "-- "
                       : strcmp(mark, "pe") == 0 && strncmp(text, "peer", 4) != 0 ? "peer " : "";
    const char *fault = fit__value(call, "fault");
    char *injected = fault ? fit__print("   FAULT %s", fault) : fit__copy("");
    size_t room = FIT_COLUMNS - 22 - strlen(before) - strlen(injected);
    char *line = shortened(text, room);
    printf("%s  %.6f  %4s  %s%s%s\n", column, seconds(call, "ns"), turn ? turn : "-", before, line,
           injected);
    free(line);
    free(injected);
}

void fit__show_trace(const struct fit__replayed *replayed, const char *name)
{
    const struct fit__record *record = replayed->result;
    char *symptom = fit__told(record, "symptom");
    const char *verdict = fit__value_or_empty(record, "verdict");
    printf("%s\n\n      virtual  turn  call\n", name);
    for (size_t i = 0; i < replayed->call_count; i++)
        show_traced(replayed->calls[i]);
    if (replayed->call_count == 0)
        printf("     (no call was traced)\n");
    char *line = fit__print("%s%s%s", verdict, symptom ? ": " : "", symptom ? symptom : "");
    printf("\n");
    fit__wrap(stdout, "", line);
    show_notes(replayed);
    free(line);
    free(symptom);
}
