/* target.c - parses URLs, with curl's own parser so that both mean the same. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "transfer.h"

static bool is_address(const char *host)
{
    struct in6_addr address;
    return host[0] == '[' || uv_inet_pton(AF_INET, host, &address) == 0;
}

static CURLUcode take_apart(CURLU *parsed, struct target *target, const char *url)
{
    CURLUcode code = curl_url_set(parsed, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME);
    char *scheme = NULL;

    if (!code) code = curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0);
    if (!code && strcmp(scheme, "http") != 0) code = CURLUE_UNSUPPORTED_SCHEME;
    curl_free(scheme);
    if (!code) code = curl_url_get(parsed, CURLUPART_HOST, &target->host, CURLU_PUNYCODE);
    if (!code) code = curl_url_get(parsed, CURLUPART_PORT, &target->port, CURLU_DEFAULT_PORT);
    if (!code) code = curl_url_get(parsed, CURLUPART_URL, &target->url, 0);
    return code;
}

enum thumbnail_code target_parse(struct target *target, const char *url,
                                 struct thumbnail_error *err)
{
    CURLU *parsed = curl_url();
    CURLUcode code = parsed ? take_apart(parsed, target, url) : CURLUE_OUT_OF_MEMORY;

    curl_url_cleanup(parsed);
    if (!code) {
        target->numeric = is_address(target->host);
        return THUMBNAIL_OK;
    }
    target_free(target);
    error_set(err, code == CURLUE_OUT_OF_MEMORY ? THUMBNAIL_ENOMEM : THUMBNAIL_EINVAL, "start");
    snprintf(err->url, sizeof err->url, "%s", url);
    error_cause(err, "curl", (int)code, "%s", curl_url_strerror(code));
    if (code == CURLUE_OUT_OF_MEMORY) error_cause_errno(err, ENOMEM);
    return err->code;
}

void target_free(struct target *target)
{
    curl_free(target->url);
    curl_free(target->host);
    curl_free(target->port);
    *target = (struct target){ 0 };
}
