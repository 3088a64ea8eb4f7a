/* Libraries that are loaded while threads exist: each thread has its own storage, initialised. */
#include <dlfcn.h>

#include "tests/conformance/conformance.h"

static int ends[2];
static int (*take)(char *, int *);

static void look(const char *who)
{
    char text[64];
    int zeroes, number = take(text, &zeroes);
    note("%s: %d, \"%s\", zeroes %d", who, number, text, zeroes);
}

static void *existed_before(void *who)
{
    char byte;
    read(ends[0], &byte, 1);
    look(who);
    look(who);
    return NULL;
}

static void *came_after(void *who)
{
    look(who);
    look(who);
    return NULL;
}

/* Leaves a stack behind that the next thread may get. */
static void *writes_on_its_stack(void *unused)
{
    char block[8000];
    memset(block, 'x', sizeof block);
    note("%c", block[4000]);
    return unused;
}

static void *loads(void *path)
{
    void *library = dlopen(path, RTLD_NOW);
    note("loaded %d", library != NULL);
    if (!library)
        return NULL;
    *(void **)&take = dlsym(library, "late_take");
    note("constructor saw %d, its thread %d", *(int *)dlsym(library, "late_seen_by_constructor"),
         *(int *)dlsym(library, "late_seen_by_its_thread"));
    look("loader");
    look("loader");
    return library;
}

static void load(const char *path, bool on_other_thread)
{
    void *library;
    pipe(ends);
    wait_for_thread(on_thread(writes_on_its_stack, NULL));
    pthread_t first = on_thread(existed_before, "before");
    settle();
    if (on_other_thread)
        pthread_join(on_thread(loads, (void *)(uintptr_t)path), &library);
    else
        library = loads((void *)(uintptr_t)path);
    if (library) {
        look("first thread");
        wait_for_thread(on_thread(came_after, "after"));
    }
    write(ends[1], "x", 1);
    wait_for_thread(first);
    close(ends[0]);
    close(ends[1]);
    if (library)
        dlclose(library);
}

static void dynamic(void) { load(LATE "/late_dynamic.so", false); }
static void dynamic_by_other(void) { load(LATE "/late_dynamic.so", true); }
static void initial(void) { load(LATE "/late_initial.so", false); }
static void initial_by_other(void) { load(LATE "/late_initial.so", true); }

const struct conformance_case loaded_cases[] = {
    { "loaded/dynamic", dynamic }, { "loaded/dynamic_by_other", dynamic_by_other },
    { "loaded/initial_exec", initial }, { "loaded/initial_exec_by_other", initial_by_other },
    { NULL, NULL },
};
