/* A transfer whose server says nothing. libs: libcurl */
#include "idle.h"

#include <curl/curl.h>

static CURLM *multi;
static CURL *easy;
static int64_t until;

static void start(void)
{
    int running;
    fit_peer(SERVER ":80", says_nothing, NULL);
    assert_non_null(multi = curl_multi_init());
    assert_non_null(easy = curl_easy_init());
    curl_easy_setopt(easy, CURLOPT_URL, "http://" SERVER "/");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    assert_int_equal(curl_multi_add_handle(multi, easy), CURLM_OK);
    assert_int_equal(curl_multi_perform(multi, &running), CURLM_OK);
    until = virtual_now() + (int64_t)HOUR_S * 1000000000;
}

/* Timers of its own end a wait early: it is the hour that counts, and its last tick. */
static void idle(void)
{
    int running = 1;
    while (running && virtual_now() < until) {
        curl_multi_poll(multi, NULL, 0, TICK_MS, NULL);
        curl_multi_perform(multi, &running);
    }
    if (running) ticks = TICKS;
}

static void end(void)
{
    curl_multi_remove_handle(multi, easy);
    curl_easy_cleanup(easy);
    curl_multi_cleanup(multi);
}
