/* multi.c - drives curl's multi handle by the loop: a uv_poll_t per socket, one uv_timer_t.
 *
 * When one of its callbacks fails, or memory runs out within it, a multi handle is of no more
 * use, and in some versions not even consistent (a failed curl_multi_add_handle() has the
 * transfer half added). There is then one cure for all cases: take every transfer out, oldest
 * first, throw the handle away, and make a new one for the next attempt. */
#include <stdlib.h>

#include "fi/point.h"
#include "transfer.h"

struct watch {
    uv_poll_t poll;
    LIST_ENTRY(watch) link;
    struct thumbnail_service *service;
    curl_socket_t socket;
    int events;
};

static void act(struct thumbnail_service *service, curl_socket_t socket, int events);

/* ---- Sockets that curl wants watched ------------------------------------------------------ */

static void on_watch_closed(uv_handle_t *handle)
{
    struct watch *watch = handle->data;
    struct thumbnail_service *service = watch->service;

    free(watch);
    service->handles--;
    service_drained(service);
}

static void watch_close(struct watch *watch)
{
    LIST_REMOVE(watch, link);
    uv_close((uv_handle_t *)&watch->poll, on_watch_closed);
}

/* Not through curl_multi_assign(): what curl keeps there outlives the watch after an error. */
static struct watch *watch_find(struct thumbnail_service *service, curl_socket_t socket)
{
    struct watch *watch;

    LIST_FOREACH(watch, &service->watches, link)
        if (watch->socket == socket) return watch;
    return NULL;
}

static int watch_new(struct thumbnail_service *service, curl_socket_t socket,
                     struct watch **result)
{
    struct watch *watch = calloc(1, sizeof *watch);

    if (!watch) return UV_ENOMEM;
    int status = uv_poll_init_socket(service->loop, &watch->poll, socket);
    if (status) {
        free(watch);                    /* not yet among the handles of the loop */
        return status;
    }
    watch->poll.data = watch;
    watch->service = service;
    watch->socket = socket;
    LIST_INSERT_HEAD(&service->watches, watch, link);
    service->handles++;
    *result = watch;
    return 0;
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct watch *watch = poll->data;
    struct thumbnail_service *service = watch->service;
    curl_socket_t socket = watch->socket;
    int mask = 0;

    if (events & UV_READABLE) mask |= CURL_CSELECT_IN;
    if (events & UV_WRITABLE) mask |= CURL_CSELECT_OUT;
    if (status) mask |= CURL_CSELECT_ERR | CURL_CSELECT_IN | CURL_CSELECT_OUT;
    act(service, socket, mask);
    if (!status) return;
    /* libuv has stopped the watch because of the error. curl may still have data to read. */
    watch = watch_find(service, socket);
    if (watch && !uv_is_active((uv_handle_t *)&watch->poll))
        uv_poll_start(&watch->poll, watch->events, on_ready);
}

static int watch_set(struct thumbnail_service *service, curl_socket_t socket, int what)
{
    struct watch *watch = watch_find(service, socket);

    if (what == CURL_POLL_REMOVE) {
        if (watch) watch_close(watch);
        return 0;
    }
    if (!watch) {
        int status = watch_new(service, socket, &watch);
        if (status) return status;
    }
    watch->events = (what & CURL_POLL_IN ? UV_READABLE : 0)
                  | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
    if (!watch->events) return uv_poll_stop(&watch->poll);          /* a paused transfer */
    return uv_poll_start(&watch->poll, watch->events, on_ready);
}

/* ---- Callbacks of curl's --------------------------------------------------------------- */

static int on_socket(CURL *easy, curl_socket_t socket, int what, void *arg, void *unused)
{
    struct thumbnail_service *service = arg;
    int status = watch_set(service, socket, what);

    (void)easy;
    (void)unused;
    if (!status) return 0;
    service->refused = "watching the socket";
    service->refused_status = status;
    return -1;
}

static void on_timer(uv_timer_t *timer)
{
    act(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

/* Never at once: libuv runs a timer that is set to 0 in its own callback again in the same turn,
 * before any input and before later timers. */
static int timer_set(struct thumbnail_service *service, long timeout_ms)
{
    uint64_t ms = timeout_ms > 0 ? (uint64_t)timeout_ms : 1;
    return uv_timer_start(&service->timer, on_timer, ms, 0);
}

static int on_timeout_set(CURLM *multi, long timeout_ms, void *arg)
{
    struct thumbnail_service *service = arg;

    (void)multi;
    if (timeout_ms < 0) {
        uv_timer_stop(&service->timer);
        return 0;
    }
    int status = timer_set(service, timeout_ms);
    if (!status) return 0;
    service->refused = "setting the timer";
    service->refused_status = status;
    return -1;
}

/* ---- The multi handle -------------------------------------------------------------------- */

static CURLMcode multi_open(struct thumbnail_service *service)
{
    CURLM *multi = curl_multi_init();
    CURLMcode code = CURLM_OK;

    if (!multi) return CURLM_OUT_OF_MEMORY;
    code = curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    if (!code) code = curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, service);
    if (!code) code = curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timeout_set);
    if (!code) code = curl_multi_setopt(multi, CURLMOPT_TIMERDATA, service);
    if (code) {
        curl_multi_cleanup(multi);
        return code;
    }
    service->multi = multi;
    service->refused = NULL;
    return CURLM_OK;
}

/* Watches go first: from here on curl may close sockets without telling. */
static void multi_discard(struct thumbnail_service *service)
{
    while (!LIST_EMPTY(&service->watches)) watch_close(LIST_FIRST(&service->watches));
    if (service->multi) curl_multi_cleanup(service->multi);
    service->multi = NULL;
    while (!LIST_EMPTY(&service->watches)) watch_close(LIST_FIRST(&service->watches));
    uv_timer_stop(&service->timer);
}

/* `except` is not told: its owner learns it from the function it is in. */
static void multi_break(struct thumbnail_service *service, CURLMcode code,
                        struct transfer *except)
{
    struct transfers broken = TAILQ_HEAD_INITIALIZER(broken);
    struct transfer *transfer;

    FAULT_MARK("multi/broken");
    while (!LIST_EMPTY(&service->watches)) watch_close(LIST_FIRST(&service->watches));
    while ((transfer = TAILQ_FIRST(&service->transfers))) {
        multi_remove(service, transfer);
        if (transfer != except) TAILQ_INSERT_TAIL(&broken, transfer, link);
    }
    multi_discard(service);
    while ((transfer = TAILQ_FIRST(&broken))) {
        TAILQ_REMOVE(&broken, transfer, link);
        transfer_broken(transfer, code);
    }
}

/* That is how curl reports, one by one, the transfers of a handle that it gave up. */
static bool gave_up(const struct transfer *transfer, CURLcode result)
{
    return result == CURLE_ABORTED_BY_CALLBACK && transfer->error.code == THUMBNAIL_OK;
}

static void take_results(struct thumbnail_service *service)
{
    const CURLMsg *message;
    int left;

    while (service->multi && (message = curl_multi_info_read(service->multi, &left))) {
        CURLcode result = message->data.result;
        char *private = NULL;
        if (message->msg != CURLMSG_DONE) continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private);
        struct transfer *transfer = (struct transfer *)(void *)private;
        if (gave_up(transfer, result)) multi_break(service, CURLM_ABORTED_BY_CALLBACK, NULL);
        else transfer_finished(transfer, result);
    }
}

/* Lets paused downloads go on as far as the memory budget allows; what curl holds back for them
 * is delivered at once. One that would only pause again stays as it is. */
static void resume(struct thumbnail_service *service)
{
    struct transfer *transfer = TAILQ_FIRST(&service->transfers), *next;

    for (; transfer; transfer = next) {
        next = TAILQ_NEXT(transfer, link);
        if (!transfer->paused || !service_has_room(service, transfer, transfer->wanted)) continue;
        transfer->paused = false;
        CURLcode result = curl_easy_pause(transfer->easy, CURLPAUSE_CONT);
        if (result) transfer_finished(transfer, result);
    }
}

/* The only door into curl's machinery. */
static void act(struct thumbnail_service *service, curl_socket_t socket, int events)
{
    int running = 0;

    if (!service->multi) return;
    CURLMcode code = curl_multi_socket_action(service->multi, socket, events, &running);
    if (code) {
        multi_break(service, code, NULL);
        return;
    }
    take_results(service);
    resume(service);
}

void multi_init(struct thumbnail_service *service)
{
    LIST_INIT(&service->watches);
    TAILQ_INIT(&service->transfers);
    uv_timer_init(service->loop, &service->timer);
    service->timer.data = service;
    service->handles++;
}

CURLMcode multi_add(struct thumbnail_service *service, struct transfer *transfer)
{
    if (!service->multi) {
        CURLMcode code = multi_open(service);
        if (code) return code;
    }
    TAILQ_INSERT_TAIL(&service->transfers, transfer, link);
    transfer->added = true;
    CURLMcode code = curl_multi_add_handle(service->multi, transfer->easy);
    if (code) multi_break(service, code, transfer);
    return code;
}

/* A handle that curl gave up during the removal of its last transfer does not say so, and would
 * be taken up again by the next one with pointers to the old. But it asks to be called at once,
 * where a sound one without transfers has nothing to wait for. */
static bool is_sound(CURLM *multi)
{
    long timeout_ms = -1;
    return curl_multi_timeout(multi, &timeout_ms) == CURLM_OK && timeout_ms != 0;
}

void multi_remove(struct thumbnail_service *service, struct transfer *transfer)
{
    TAILQ_REMOVE(&service->transfers, transfer, link);
    transfer->added = transfer->paused = false;
    curl_multi_remove_handle(service->multi, transfer->easy);
    if (TAILQ_EMPTY(&service->transfers) && !is_sound(service->multi)) multi_discard(service);
    multi_resume_soon(service);
}

void multi_resume_soon(struct thumbnail_service *service)
{
    struct transfer *transfer;

    TAILQ_FOREACH(transfer, &service->transfers, link)
        if (transfer->paused && service_has_room(service, transfer, transfer->wanted))
            timer_set(service, 0);
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct thumbnail_service *service = handle->data;

    service->handles--;
    service_drained(service);
}

void multi_close(struct thumbnail_service *service)
{
    multi_discard(service);
    uv_close((uv_handle_t *)&service->timer, on_timer_closed);
}
