/* transfer.c - one attempt, from the name to the last byte of the body. */
#include "transfer.h"

#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "fi/point.h"

enum { ADDRESSES_MAX = 8 };

/* ---- Its end ------------------------------------------------------------------------------ */

void transfer_stop(struct transfer *t)
{
    if (t->lookup) lookup_drop(t->lookup);
    if (t->added) multi_remove(t->service, t);
    if (t->easy) curl_easy_cleanup(t->easy);
    curl_slist_free_all(t->headers);
    curl_slist_free_all(t->addresses);
    t->lookup = NULL;
    t->easy = NULL;
    t->headers = t->addresses = NULL;
    t->running = false;
}

static void end(struct transfer *t)
{
    transfer_stop(t);
    t->done(t);
}

/* Begins an error, unless one is there already: the first is the cause of those after it. */
static bool failed(struct transfer *t, enum thumbnail_code code, bool temporary)
{
    if (t->error.code != THUMBNAIL_OK) return false;
    error_set(&t->error, code, t->operation);
    t->error.temporary = temporary;
    return true;
}

__attribute__((noreturn, noinline))
static void raise_in(struct transfer *t, const char *where)
{
    guard_raise(&t->guard, &t->error, t->operation, where);
}

static void fail_errno(struct transfer *t, enum thumbnail_code code, int number)
{
    if (failed(t, code, false)) error_cause_errno(&t->error, number);
}

/* ---- What went wrong, in curl's words ------------------------------------------------- */

static enum thumbnail_code meaning(CURLcode result, bool *temporary)
{
    *temporary = false;
    switch (result) {
    case CURLE_SETOPT_OPTION_SYNTAX:     /* the list of addresses, which is well-formed, so: */
    case CURLE_OUT_OF_MEMORY: return THUMBNAIL_ENOMEM;
    case CURLE_FILESIZE_EXCEEDED: return THUMBNAIL_ETOOBIG;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL: return THUMBNAIL_EINVAL;
    case CURLE_COULDNT_RESOLVE_HOST: return THUMBNAIL_ERESOLVE;
    case CURLE_OPERATION_TIMEDOUT: *temporary = true; return THUMBNAIL_ETIMEOUT;
    case CURLE_OK:                               /* the connection ended within the headers */
    case CURLE_COULDNT_CONNECT:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_WEIRD_SERVER_REPLY: *temporary = true; return THUMBNAIL_ENETWORK;
    default: return THUMBNAIL_EINTERNAL;
    }
}

static void explain_status(struct transfer *t, long status)
{
    bool temporary = status >= 500 || status == 408 || status == 429;
    if (failed(t, THUMBNAIL_EHTTP, temporary))
        error_cause(&t->error, "http", (int)status, "the server answered with status %ld", status);
}

static void explain(struct transfer *t, CURLcode result)
{
    bool temporary;
    long number = 0;
    enum thumbnail_code code = meaning(result, &temporary);

    if (result == CURLE_PARTIAL_FILE || result == CURLE_OK) FAULT_MARK("body/truncated");
    if (!failed(t, code, temporary)) return;
    const char *text = result == CURLE_OK ? "the connection ended within the headers"
                     : t->curl_text[0] ? t->curl_text : curl_easy_strerror(result);
    error_cause(&t->error, "curl", (int)result, "%s", text);
    if (t->easy) curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &number);
    if (t->socket_errno) number = t->socket_errno;
    if (!number && code == THUMBNAIL_ENOMEM) number = ENOMEM;
    if (number) error_cause_errno(&t->error, (int)number);
}

void transfer_finished(struct transfer *t, CURLcode result)
{
    long status = 0;

    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    bool refused = result == CURLE_HTTP_RETURNED_ERROR || (!result && status / 100 != 2);
    if (t->answered && refused) explain_status(t, status);
    else if (result || !t->answered) explain(t, result);
    end(t);
}

void transfer_broken(struct transfer *t, CURLMcode code)
{
    enum thumbnail_code ours = code == CURLM_OUT_OF_MEMORY ? THUMBNAIL_ENOMEM
                                                           : THUMBNAIL_EINTERNAL;
    if (failed(t, ours, true)) {
        error_cause(&t->error, "curlm", (int)code, "%s", curl_multi_strerror(code));
        if (ours == THUMBNAIL_ENOMEM) error_cause_errno(&t->error, ENOMEM);
        if (t->service->refused) {
            error_cause(&t->error, "thumbnail", ours, "%s failed", t->service->refused);
            error_cause_uv(&t->error, t->service->refused_status);
        }
    }
    end(t);
}

/* ---- Callbacks of curl's ---------------------------------------------------------------- */

/* Only to learn why socket() failed: curl does not keep that errno. */
static curl_socket_t on_open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct transfer *t = arg;
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);

    (void)purpose;
    if (fd >= 0) return fd;
    t->socket_errno = errno;
    return CURL_SOCKET_BAD;
}

/* curl takes a connection that ends within the headers for the end of an empty answer. */
static size_t on_header(char *line, size_t size, size_t count, void *arg)
{
    struct transfer *t = arg;

    if (size * count <= 2 && (line[0] == '\r' || line[0] == '\n')) {
        long status = 0;
        curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
        t->answered = status >= 200;
    }
    return size * count;
}

static size_t take_body(struct transfer *t, const char *data, size_t size)
{
    FAULT_RAISE("on_body", raise_in(t, "on_body"));
    if (t->download->size != t->bytes) raise_in(t, "on_body: bytes were lost");
    if (size > t->service->options.bytes_max - t->bytes) {
        fail_errno(t, THUMBNAIL_ETOOBIG, EFBIG);
        return CURL_WRITEFUNC_ERROR;
    }
    int err = service_reserve(t->service, t, size);
    if (err == -EAGAIN) {
        FAULT_MARK("body/paused");
        t->paused = true;
        t->wanted = size;
        return CURL_WRITEFUNC_PAUSE;
    }
    if (!err && (err = buffer_append(t->download, data, size)) < 0)
        service_release(t->service, size);
    if (err) {
        fail_errno(t, THUMBNAIL_ENOMEM, -err);
        return CURL_WRITEFUNC_ERROR;
    }
    t->bytes += size;
    return size;
}

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
    struct transfer *t = arg;

    if (setjmp(t->guard.place)) return CURL_WRITEFUNC_ERROR;
    return take_body(t, data, size * count);
}

/* The body of the answer to an upload is of no interest. */
static size_t on_answer(char *data, size_t size, size_t count, void *arg)
{
    (void)data;
    (void)arg;
    return size * count;
}

static size_t give_body(struct transfer *t, char *data, size_t size)
{
    size_t left = t->upload_size - t->bytes;

    FAULT_RAISE("on_upload", raise_in(t, "on_upload"));
    if (t->bytes > t->upload_size) raise_in(t, "on_upload: more was sent than there is");
    if (size > left) size = left;
    memcpy(data, t->upload + t->bytes, size);
    t->bytes += size;
    return size;
}

static size_t on_upload(char *data, size_t size, size_t count, void *arg)
{
    struct transfer *t = arg;

    if (setjmp(t->guard.place)) return CURL_READFUNC_ABORT;
    return give_body(t, data, size * count);
}

/* curl starts again by itself when a kept connection turns out to be dead. */
static int on_rewind(void *arg, curl_off_t offset, int origin)
{
    struct transfer *t = arg;

    if (origin != SEEK_SET || offset < 0 || (size_t)offset > t->upload_size)
        return CURL_SEEKFUNC_FAIL;
    t->bytes = (size_t)offset;
    return CURL_SEEKFUNC_OK;
}

/* ---- Its beginning ----------------------------------------------------------------------- */

#define SET(option, value) \
    do { if (!code) code = curl_easy_setopt(t->easy, option, value); } while (0)

static CURLcode set_common(struct transfer *t)
{
    CURLcode code = CURLE_OK;

    SET(CURLOPT_PRIVATE, t);
    SET(CURLOPT_URL, t->target->url);
    SET(CURLOPT_PROTOCOLS_STR, "http");
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_PROXY, "");
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_FAILONERROR, 1L);
    SET(CURLOPT_ERRORBUFFER, t->curl_text);
    SET(CURLOPT_RESOLVE, t->addresses);
    SET(CURLOPT_QUICK_EXIT, 1L);               /* should it ever start its own resolver: no wait */
    SET(CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
    SET(CURLOPT_OPENSOCKETDATA, t);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, t);
    return code;
}

static CURLcode set_download(struct transfer *t)
{
    CURLcode code = CURLE_OK;

    SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)t->service->options.bytes_max);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, t);
    return code;
}

static bool header(struct curl_slist **list, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*list, line);

    if (longer) *list = longer;
    return longer != NULL;
}

static CURLcode set_upload(struct transfer *t)
{
    char type[64];
    CURLcode code = CURLE_OK;

    snprintf(type, sizeof type, "Content-Type: %s", t->upload_type);
    if (!header(&t->headers, type) || !header(&t->headers, "Expect:"))
        return CURLE_OUT_OF_MEMORY;
    SET(CURLOPT_UPLOAD, 1L);
    SET(CURLOPT_HTTPHEADER, t->headers);
    SET(CURLOPT_INFILESIZE_LARGE, (curl_off_t)t->upload_size);
    SET(CURLOPT_READFUNCTION, on_upload);
    SET(CURLOPT_READDATA, t);
    SET(CURLOPT_SEEKFUNCTION, on_rewind);
    SET(CURLOPT_SEEKDATA, t);
    SET(CURLOPT_WRITEFUNCTION, on_answer);
    SET(CURLOPT_WRITEDATA, t);
    return code;
}

static void request(struct transfer *t)
{
    t->easy = curl_easy_init();
    CURLcode code = t->easy ? set_common(t) : CURLE_OUT_OF_MEMORY;
    if (!code) code = t->upload_type ? set_upload(t) : set_download(t);
    if (code) {
        explain(t, code);
        end(t);
        return;
    }
    CURLMcode added = multi_add(t->service, t);
    if (added) transfer_broken(t, added);
}

/* curl's syntax: "+host:port:address,address"; the plus lets the entry grow old. */
static bool list_addresses(struct transfer *t, const struct addrinfo *addresses)
{
    char entry[1024], ip[INET6_ADDRSTRLEN];
    unsigned n = 0;
    int length = snprintf(entry, sizeof entry, "+%s:%s:", t->target->host, t->target->port);

    if (length < 0 || (size_t)length >= sizeof entry / 2) return false;
    for (; addresses && n < ADDRESSES_MAX; addresses = addresses->ai_next) {
        bool v6 = addresses->ai_family == AF_INET6;
        if (uv_ip_name(addresses->ai_addr, ip, sizeof ip)) continue;
        length += snprintf(entry + length, sizeof entry - (size_t)length, v6 ? "%s[%s]" : "%s%s",
                           n ? "," : "", ip);
        n++;
    }
    return n > 0 && header(&t->addresses, entry);
}

static void resolved(struct transfer *t, int status, const struct addrinfo *addresses)
{
    FAULT_RAISE("on_found", raise_in(t, "on_found"));
    if (!status && list_addresses(t, addresses)) return;
    bool forever = status == UV_EAI_NONAME || status == UV_EAI_NODATA || status == UV_EAI_MEMORY
                || status == UV_ENOMEM;
    bool memory = !status || status == UV_ENOMEM || status == UV_EAI_MEMORY;
    if (failed(t, memory ? THUMBNAIL_ENOMEM : THUMBNAIL_ERESOLVE, !memory && !forever))
        error_cause_uv(&t->error, status ? status : UV_ENOMEM);
}

static void on_found(void *arg, int status, const struct addrinfo *addresses)
{
    struct transfer *t = arg;

    t->lookup = NULL;
    if (!setjmp(t->guard.place)) resolved(t, status, addresses);
    if (t->error.code) end(t);
    else request(t);
}

void transfer_start(struct transfer *t)
{
    assert(!t->running);
    memset(&t->error, 0, sizeof t->error);
    t->curl_text[0] = 0;
    t->bytes = 0;
    t->socket_errno = 0;
    t->paused = t->answered = false;
    t->running = true;
    if (t->target->numeric) {
        request(t);
        return;
    }
    int status = lookup_start(t->service, t->target, on_found, t, &t->lookup);
    if (!status) return;
    if (failed(t, status == UV_ENOMEM ? THUMBNAIL_ENOMEM : THUMBNAIL_ERESOLVE, false))
        error_cause_uv(&t->error, status);
    end(t);
}
