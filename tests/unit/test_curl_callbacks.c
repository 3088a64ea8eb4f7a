/* Callbacks that libcurl delivers: what it makes of each failure. */
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#include <netinet/in.h>

#include "tests/unit/loops_world.h"

static size_t on_body(char *bytes, size_t size, size_t n, void *arg)
{
    (void)bytes; (void)arg;
    tell("body ");
    return size * n;
}
static size_t on_header(char *bytes, size_t size, size_t n, void *arg)
{
    (void)bytes; (void)arg;
    return size * n;
}
static int on_progress(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    (void)arg; (void)a; (void)b; (void)c; (void)d;
    return 0;
}
static int on_sockopt(void *arg, curl_socket_t fd, curlsocktype purpose)
{
    (void)arg; (void)fd; (void)purpose;
    tell("sockopt ");
    return CURL_SOCKOPT_OK;
}
static curl_socket_t on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)arg; (void)purpose;
    return socket(address->family, address->socktype, address->protocol);
}
static int on_lookup(void *resolver, void *reserved, void *arg)
{
    (void)resolver; (void)reserved; (void)arg;
    return 0;
}
static int on_prereq(void *arg, char *to, char *from, int to_port, int from_port)
{
    (void)arg; (void)to; (void)from; (void)to_port; (void)from_port;
    return CURL_PREREQFUNC_OK;
}
static size_t on_upload(char *bytes, size_t size, size_t n, void *arg)
{
    (void)bytes; (void)size; (void)n; (void)arg;
    return 0;
}

static CURLcode transfer(const char *url, const char *point)
{
    begin_world();
    failing_point = point;
    CURL *easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, on_sockopt);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
    curl_easy_setopt(easy, CURLOPT_RESOLVER_START_FUNCTION, on_lookup);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_prereq);
    if (point && !strcmp(point, "curl_read_callback")) {
        curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_upload);
    }
    CURLcode result = curl_easy_perform(easy);
    curl_easy_cleanup(easy);
    fit__active = false;
    return result;
}

static void failing_callbacks_of_curl(void **state)
{
    (void)state;
    const char *here = "file:///etc/hostname", *refused = "http://127.0.0.1:1/";
    assert_int_equal(transfer(here, NULL), CURLE_OK);
    assert_non_null(strstr(story, "body "));
    assert_int_equal(transfer(here, "curl_write_callback"), CURLE_WRITE_ERROR);
    assert_string_equal(story, "");
    assert_int_equal(asked, 1);
    assert_ptr_equal(asked_caller, fit__as_caller((void *)on_body));
    assert_int_equal(transfer(here, "curl_header_callback"), CURLE_WRITE_ERROR);
    assert_ptr_equal(asked_caller, fit__as_caller((void *)on_header));
    assert_int_equal(transfer(here, "curl_xferinfo_callback"), CURLE_ABORTED_BY_CALLBACK);
    assert_int_equal(transfer("file:///tmp/faulttest-never-written", "curl_read_callback"),
                     CURLE_ABORTED_BY_CALLBACK);
    unlink("/tmp/faulttest-never-written");
    assert_int_equal(transfer(here, "curl_prereq_callback"), CURLE_ABORTED_BY_CALLBACK);
    assert_ptr_equal(asked_caller, fit__as_caller((void *)on_prereq));
    assert_int_equal(transfer(refused, "curl_resolver_start_callback"),
                     CURLE_COULDNT_RESOLVE_HOST);
    assert_int_equal(transfer(refused, NULL), CURLE_COULDNT_CONNECT);
    assert_string_equal(story, "sockopt ");
    assert_int_equal(transfer(refused, "curl_sockopt_callback"), CURLE_ABORTED_BY_CALLBACK);
    assert_int_equal(transfer(refused, "curl_opensocket_callback"), CURLE_COULDNT_CONNECT);
    assert_int_equal(asked, 1);
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *more)
{
    (void)easy; (void)fd; (void)arg; (void)more;
    tell("socket%d ", what);
    return 0;
}
static int on_timer(CURLM *multi, long timeout_ms, void *arg)
{
    (void)multi; (void)arg;
    tell("timer%ld ", timeout_ms);
    return 0;
}

/* A listener that never answers: the transfer must wait, so libcurl asks to watch its socket. */
static int listening(char *url, size_t size)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    snprintf(url, size, "http://127.0.0.1:%d/", ntohs(address.sin_port));
    return fd;
}

static CURLMcode multi_transfer(const char *point)
{
    int running = 0;
    char url[64];
    int fd = listening(url, sizeof url);
    begin_world();
    failing_point = point;
    CURLM *multi = curl_multi_init();
    CURL *easy = curl_easy_init();
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    CURLMcode result = curl_multi_add_handle(multi, easy);
    for (int i = 0; i < 20 && !result; i++) {
        result = curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
        if (!running) break;
        usleep(1000);
    }
    curl_multi_remove_handle(multi, easy);
    curl_easy_cleanup(easy);
    curl_multi_cleanup(multi);
    close(fd);
    fit__active = false;
    return result;
}

static void failing_callbacks_of_curl_multi(void **state)
{
    (void)state;
    assert_int_equal(multi_transfer(NULL), CURLM_OK);
    assert_non_null(strstr(story, "timer0 "));
    assert_non_null(strstr(story, "socket4 "));          /* CURL_POLL_REMOVE */
    assert_int_equal(multi_transfer("curl_multi_timer_callback"), CURLM_ABORTED_BY_CALLBACK);
    assert_int_equal(asked, 1);
    assert_int_equal(multi_transfer("curl_socket_callback"), CURLM_ABORTED_BY_CALLBACK);
    assert_int_equal(asked, 1);
    assert_null(strstr(story, "socket1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failing_callbacks_of_curl),
        cmocka_unit_test(failing_callbacks_of_curl_multi),
    };
    return cmocka_run_group_tests_name("curl_callbacks", tests, NULL, NULL);
}
