/* The names of error codes, as their headers have them. */
#include <arpa/nameser.h>
#include <curl/curl.h>
#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <uv.h>

#include "fi/case.h"

struct code {
    const char *name;
    int value;
};

static const struct code eai_codes[] = {
#define X(name) { "EAI_" #name, EAI_##name },
    X(BADFLAGS) X(NONAME) X(AGAIN) X(FAIL) X(NODATA) X(FAMILY) X(SOCKTYPE) X(SERVICE)
    X(ADDRFAMILY) X(MEMORY) X(SYSTEM) X(OVERFLOW) X(INPROGRESS) X(CANCELED) X(NOTCANCELED)
    X(ALLDONE) X(INTR) X(IDN_ENCODE)
#undef X
};

/* What a name server answers (RFC 1035). */
static const struct code dns_codes[] = {
    { "FORMERR", ns_r_formerr }, { "SERVFAIL", ns_r_servfail }, { "NXDOMAIN", ns_r_nxdomain },
    { "NOTIMP", ns_r_notimpl }, { "REFUSED", ns_r_refused },
};

static const struct code uv_codes[] = {
#define X(name, text) { "UV_" #name, UV_##name },
    UV_ERRNO_MAP(X)
#undef X
};

static const struct code curl_codes[] = {
#define X(name) { "CURLE_" #name, CURLE_##name },
    X(OK) X(UNSUPPORTED_PROTOCOL) X(FAILED_INIT) X(URL_MALFORMAT) X(NOT_BUILT_IN)
    X(COULDNT_RESOLVE_PROXY) X(COULDNT_RESOLVE_HOST) X(COULDNT_CONNECT) X(WEIRD_SERVER_REPLY)
    X(REMOTE_ACCESS_DENIED) X(FTP_ACCEPT_FAILED) X(FTP_WEIRD_PASS_REPLY) X(FTP_ACCEPT_TIMEOUT)
    X(FTP_WEIRD_PASV_REPLY) X(FTP_WEIRD_227_FORMAT) X(FTP_CANT_GET_HOST) X(HTTP2)
    X(FTP_COULDNT_SET_TYPE) X(PARTIAL_FILE) X(FTP_COULDNT_RETR_FILE) X(QUOTE_ERROR)
    X(HTTP_RETURNED_ERROR) X(WRITE_ERROR) X(UPLOAD_FAILED) X(READ_ERROR) X(OUT_OF_MEMORY)
    X(OPERATION_TIMEDOUT) X(FTP_PORT_FAILED) X(FTP_COULDNT_USE_REST) X(RANGE_ERROR)
    X(HTTP_POST_ERROR) X(SSL_CONNECT_ERROR) X(BAD_DOWNLOAD_RESUME) X(FILE_COULDNT_READ_FILE)
    X(LDAP_CANNOT_BIND) X(LDAP_SEARCH_FAILED) X(FUNCTION_NOT_FOUND) X(ABORTED_BY_CALLBACK)
    X(BAD_FUNCTION_ARGUMENT) X(INTERFACE_FAILED) X(TOO_MANY_REDIRECTS) X(UNKNOWN_OPTION)
    X(GOT_NOTHING) X(SSL_ENGINE_NOTFOUND) X(SSL_ENGINE_SETFAILED) X(SEND_ERROR) X(RECV_ERROR)
    X(SSL_CERTPROBLEM) X(SSL_CIPHER) X(PEER_FAILED_VERIFICATION) X(BAD_CONTENT_ENCODING)
    X(FILESIZE_EXCEEDED) X(USE_SSL_FAILED) X(SEND_FAIL_REWIND) X(SSL_ENGINE_INITFAILED)
    X(LOGIN_DENIED) X(TFTP_NOTFOUND) X(TFTP_PERM) X(REMOTE_DISK_FULL) X(TFTP_ILLEGAL)
    X(TFTP_UNKNOWNID) X(REMOTE_FILE_EXISTS) X(TFTP_NOSUCHUSER) X(SSL_CACERT_BADFILE)
    X(REMOTE_FILE_NOT_FOUND) X(SSH) X(SSL_SHUTDOWN_FAILED) X(AGAIN) X(SSL_CRL_BADFILE)
    X(SSL_ISSUER_ERROR) X(FTP_PRET_FAILED) X(RTSP_CSEQ_ERROR) X(RTSP_SESSION_ERROR)
    X(FTP_BAD_FILE_LIST) X(CHUNK_FAILED) X(NO_CONNECTION_AVAILABLE) X(SSL_PINNEDPUBKEYNOTMATCH)
    X(SSL_INVALIDCERTSTATUS) X(HTTP2_STREAM) X(RECURSIVE_API_CALL) X(AUTH_ERROR) X(HTTP3)
    X(QUIC_CONNECT_ERROR) X(PROXY) X(SSL_CLIENTCERT)
#if LIBCURL_VERSION_NUM >= 0x075400
    X(UNRECOVERABLE_POLL)
#endif
#undef X
};

/* Names that share a value with the one that strerrorname_np() gives. */
static const struct code errno_aliases[] = {
    { "EWOULDBLOCK", EWOULDBLOCK }, { "EDEADLOCK", EDEADLOCK },
    { "EOPNOTSUPP", EOPNOTSUPP }, { "ENOTSUP", ENOTSUP },
};

enum { ERRNO_MAX = 4095 };

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const char *name_in(const struct code *codes, size_t count, int64_t value)
{
    for (size_t i = 0; i < count; i++)
        if (codes[i].value == value) return codes[i].name;
    return NULL;
}

static int value_in(const struct code *codes, size_t count, const char *name, int64_t *value)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(codes[i].name, name) != 0) continue;
        *value = codes[i].value;
        return 0;
    }
    return -1;
}

static int errno_of(const char *name, int64_t *value)
{
    for (int i = 1; i <= ERRNO_MAX; i++) {
        const char *known = strerrorname_np(i);
        if (!known || strcmp(known, name) != 0) continue;
        *value = i;
        return 0;
    }
    return value_in(errno_aliases, COUNT(errno_aliases), name, value);
}

const char *fit__code_name(enum fit__space space, int64_t value)
{
    switch (space) {
    case FIT_S_ERRNO: return value > 0 && value <= ERRNO_MAX ? strerrorname_np((int)value) : NULL;
    case FIT_S_EAI:   return name_in(eai_codes, COUNT(eai_codes), value);
    case FIT_S_UV:    return name_in(uv_codes, COUNT(uv_codes), value);
    case FIT_S_CURLE: return name_in(curl_codes, COUNT(curl_codes), value);
    case FIT_S_DNS:   return name_in(dns_codes, COUNT(dns_codes), value);
    case FIT_S_NUMBER: break;
    }
    return NULL;
}

int fit__code_of(const char *name, enum fit__space *space, int64_t *value)
{
    if (strncmp(name, "EAI_", 4) == 0) {
        *space = FIT_S_EAI;
        return value_in(eai_codes, COUNT(eai_codes), name, value);
    }
    if (strncmp(name, "UV_", 3) == 0) {
        *space = FIT_S_UV;
        return value_in(uv_codes, COUNT(uv_codes), name, value);
    }
    if (strncmp(name, "CURLE_", 6) == 0) {
        *space = FIT_S_CURLE;
        return value_in(curl_codes, COUNT(curl_codes), name, value);
    }
    if (value_in(dns_codes, COUNT(dns_codes), name, value) == 0) {
        *space = FIT_S_DNS;
        return 0;
    }
    *space = FIT_S_ERRNO;
    return errno_of(name, value);
}
