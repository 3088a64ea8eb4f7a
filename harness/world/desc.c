/* Hosts, processes, their descriptor tables, and open file descriptions.
 *
 * Real files of the code under test and simulated objects share one row of numbers: so each
 * number in use is held in the real table, too, by a duplicate of one descriptor of /dev/null. */
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "fi/arena.h"
#include "fi/raw.h"
#include "fi/stack.h"
#include "harness/world/inner.h"
#include "harness/world/link.h"

enum {
    LIMIT = 1024,                            /* RLIMIT_NOFILE as the service sees it */
    FIRST_FREE = 3,                          /* 0 to 2 stay real */
    HOSTS_MAX = 60000,                       /* 10.0.0.2 and on */
    FIRST_PORT = 40001
};

static struct {
    struct fit__process **processes;
    unsigned process_count, process_room;
    struct fit__host *hosts, **hosts_end;
    unsigned host_count;
    struct fit__process *service;
    int holder;                              /* the descriptor of /dev/null, or -1 */
} table = { .holder = -1 };

struct fit__process *fit__service_process(void)
{
    return table.service;
}

/* Before the first thread runs (a test's setup declares peers) the caller is the service. */
static struct fit__process *current(void)
{
    return fit__current ? fit__current->process : table.service;
}

/* ---- Hosts ------------------------------------------------------------------------------- */

static struct fit__host *add_host(const char *name, uint32_t address)
{
    struct fit__host *host = fit__alloc(sizeof *host);
    snprintf(host->name, sizeof host->name, "%s", name);
    host->address = address;
    host->next_port = FIRST_PORT;
    *table.hosts_end = host;
    table.hosts_end = &host->next;
    return host;
}

static bool is_loopback(uint32_t address)
{
    return ntohl(address) >> 24 == 127;
}

struct fit__host *fit__host_at(uint32_t address)
{
    struct fit__host *host;
    if (is_loopback(address)) return current()->host;
    for (host = table.hosts; host; host = host->next)
        if (host->address == address) break;
    return host;
}

/* The next of 10.0.0.3, .4 ... that no test has named itself. */
static uint32_t free_address(void)
{
    uint32_t address;
    do {
        assert(table.host_count < HOSTS_MAX);
        address = htonl(0x0a000002 + table.host_count++);
    } while (fit__host_at(address));
    return address;
}

struct fit__host *fit__host_named(const char *name, bool create)
{
    struct in_addr dotted;
    struct fit__host *host;
    if (!strcmp(name, "localhost")) return current()->host;
    if (inet_pton(AF_INET, name, &dotted) == 1) {
        host = fit__host_at(dotted.s_addr);
        return host || !create ? host : add_host(name, dotted.s_addr);
    }
    for (host = table.hosts; host; host = host->next)
        if (!strcasecmp(host->name, name)) return host;
    return create && strlen(name) < sizeof host->name ? add_host(name, free_address()) : NULL;
}

/* ---- Open file descriptions -------------------------------------------------------------- */

struct fit__file *fit__file_new(const struct fit__file_ops *ops, void *object, int status_flags)
{
    struct fit__file *file = fit__alloc(sizeof *file);
    file->ops = ops;
    file->object = object;
    file->status_flags = status_flags;
    file->references = 1;
    fit__waitq_init(&file->queue);
    LIST_INIT(&file->watchers);
    return file;
}

void fit__file_release(struct fit__file *file)
{
    assert(file->references > 0);
    if (--file->references > 0) return;
    fit__epoll_forget(file);
    if (file->ops->release) file->ops->release(file);
    fit__wake_all(&file->queue);             /* whoever waits looks again, and finds nothing */
    fit__free(file);
}

void fit__file_changed(struct fit__file *file, uint32_t events)
{
    fit__wake_all(&file->queue);
    fit__epoll_notify(file, events);
}

/* ---- Processes and their tables ---------------------------------------------------------- */

struct fit__process *fit__process_new(struct fit__host *host, bool service)
{
    struct fit__process *process = fit__alloc(sizeof *process);
    if (table.process_count == table.process_room) {
        table.process_room = table.process_room ? table.process_room * 2 : 64;
        table.processes = fit__resize(table.processes,
                                      table.process_room * sizeof *table.processes);
    }
    table.processes[table.process_count++] = process;
    process->host = host;
    process->service = service;
    process->limit = LIMIT;
    process->budget = -1;
    process->budget_ends = FIT_NEVER;
    return process;
}

static struct fit__slot *slot_at(struct fit__process *process, int fd)
{
    struct fit__slot *slot;
    if (fd < 0 || fd >= process->slot_count) return NULL;
    slot = &process->slots[fd];
    return slot->file ? slot : NULL;
}

struct fit__slot *fit__slot_of(int fd)
{
    return slot_at(current(), fd);
}

struct fit__file *fit__file_of(int fd)
{
    struct fit__slot *slot = fit__slot_of(fd);
    return slot ? slot->file : NULL;
}

static int room_for(const struct fit__process *process, int count)
{
    /* What a peer in the same process opens neither counts nor suffers. */
    bool exempt = fit__current && fit__current->guard.exempt;
    int counted = process->open_count - process->exempt_count + count;
    bool full = process->budget >= 0 && fit__now() < process->budget_ends;
    if (full && !exempt && counted > process->budget) return -EMFILE;
    return process->open_count + count > process->limit ? -EMFILE : 0;
}

int fit__room_for(int count)
{
    return room_for(current(), count);
}

static int take_number(struct fit__process *process, int lowest)
{
    int fd = lowest < FIRST_FREE ? FIRST_FREE : lowest;
    if (fd >= process->limit) return -EMFILE;
    if (process->service) {
        fd = (int)fit__raw(SYS_fcntl, table.holder, F_DUPFD_CLOEXEC, lowest < 0 ? 0 : lowest);
        if (fd < 0) return fd;
        if (fd < process->limit) return fd;
        fit__raw(SYS_close, fd);
        return -EMFILE;
    }
    while (slot_at(process, fd)) fd++;
    return fd < process->limit ? fd : -EMFILE;
}

static void fill_slot(struct fit__process *process, int fd, struct fit__file *file, bool cloexec)
{
    struct fit__slot *slot;
    if (fd >= process->slot_count) {
        int count = process->slot_count ? process->slot_count : 16;
        while (count <= fd) count *= 2;
        process->slots = fit__resize(process->slots, (size_t)count * sizeof *slot);
        process->slot_count = count;
    }
    slot = &process->slots[fd];
    *slot = (struct fit__slot){ .file = file, .cloexec = cloexec, .opened_by = file->ops->kind,
                                .exempt = fit__current && fit__current->guard.exempt };
    if (process->service)
        slot->opened_depth = fit__stack(slot->opened_stack, sizeof slot->opened_stack /
                                                            sizeof slot->opened_stack[0]);
    process->open_count++;
    process->exempt_count += slot->exempt;
}

int fit__install(struct fit__file *file, int lowest, bool cloexec)
{
    struct fit__process *process = current();
    int fd = room_for(process, 1);
    if (fd == 0) fd = take_number(process, lowest);
    if (fd >= 0) fill_slot(process, fd, file, cloexec);
    return fd;
}

static void empty_slot(struct fit__process *process, int fd, bool keep_number)
{
    struct fit__file *file = process->slots[fd].file;
    bool exempt = process->slots[fd].exempt;
    process->slots[fd] = (struct fit__slot){ .file = NULL };
    process->open_count--;
    process->exempt_count -= exempt;
    if (process->service && !keep_number) fit__raw(SYS_close, fd);
    if (process->budget_until_close && !exempt) {
        process->budget = -1;
        process->budget_until_close = false;
    }
    fit__file_release(file);
}

int fit__install_at(struct fit__file *file, int fd, bool cloexec)
{
    struct fit__process *process = current();
    bool taken = slot_at(process, fd) != NULL;
    if (fd < 0 || fd >= process->limit) return -EBADF;
    if (process->service && !taken) {
        long error;
        if (fd >= FIRST_FREE && fit__raw(SYS_fcntl, fd, F_GETFD) >= 0) return -EBUSY;
        error = fit__raw(SYS_dup3, table.holder, fd, O_CLOEXEC);
        if (error < 0) return (int)error;
    }
    if (taken) empty_slot(process, fd, true);
    fill_slot(process, fd, file, cloexec);
    return fd;
}

int fit__uninstall(int fd)
{
    if (!fit__slot_of(fd)) return -EBADF;
    empty_slot(current(), fd, false);
    return 0;
}

void fit__unnote(int fd)
{
    if (fit__slot_of(fd)) empty_slot(current(), fd, true);
}

void fit__note(int fd, struct fit__file *file, bool cloexec)
{
    fit__unnote(fd);
    fill_slot(current(), fd, file, cloexec);
}

/* ---- Start and end ----------------------------------------------------------------------- */

/* Above all that the service may see; the kernel's own limit may have to be lifted for that. */
static int open_holder(void)
{
    struct rlimit limit;
    long fd, high;
    if (table.holder >= 0) return 0;
    if (fit__raw(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &limit)) return -EPERM;
    if (limit.rlim_cur <= LIMIT && limit.rlim_max > LIMIT) {
        struct rlimit more = { .rlim_cur = LIMIT + 64, .rlim_max = limit.rlim_max };
        if (more.rlim_cur > more.rlim_max) more.rlim_cur = more.rlim_max;
        if (!fit__raw(SYS_prlimit64, 0, RLIMIT_NOFILE, &more, NULL)) limit = more;
    }
    high = limit.rlim_cur > LIMIT ? LIMIT : (long)limit.rlim_cur - 1;
    fd = fit__raw(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return (int)fd;
    table.holder = (int)fit__raw(SYS_fcntl, fd, F_DUPFD_CLOEXEC, high);
    fit__raw(SYS_close, fd);
    return table.holder < 0 ? table.holder : 0;
}

int fit__desc_begin(void)
{
    int error = open_holder();
    if (error) return error;
    table.hosts_end = &table.hosts;
    table.service = fit__process_new(add_host("10.0.0.2", free_address()), true);
    return 0;
}

static unsigned numbers_of(const struct fit__process *process, const struct fit__file *file)
{
    unsigned count = 0;
    for (int fd = 0; fd < process->slot_count; fd++)
        count += process->slots[fd].file == file;
    return count;
}

/* Calls in which threads of the process stand hold references of their own; such a thread will
 * never give them back. Of a file that was passed on to others nobody knows who holds what. */
static void drop_calls(struct fit__process *process, struct fit__file *file)
{
    if (!file->passed) file->references = numbers_of(process, file);
}

void fit__process_empty(struct fit__process *process)
{
    for (int fd = 0; fd < process->slot_count; fd++) {
        if (!process->slots[fd].file) continue;
        drop_calls(process, process->slots[fd].file);
        empty_slot(process, fd, false);
    }
}

void fit__desc_end(void)
{
    for (unsigned i = 0; i < table.process_count; i++) {
        struct fit__process *process = table.processes[i];
        for (int fd = 0; fd < process->slot_count; fd++)
            if (process->slots[fd].file) empty_slot(process, fd, false);
        fit__free(process->slots);
        fit__free(process);
    }
    fit__links_forget();
    for (struct fit__host *host; (host = table.hosts) != NULL; ) {
        table.hosts = host->next;
        fit__free(host);
    }
    fit__free(table.processes);
    table.processes = NULL;
    table.process_count = table.process_room = table.host_count = 0;
    table.service = NULL;
}
