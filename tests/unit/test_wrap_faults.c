/* Faults of the calls of libc: which are offered when, and how they are made true. */
#include "fi/wait.h"
#include "tests/unit/wrap_world.h"

/* ---- faults ---------------------------------------------------------------------------- */

static bool was_offered(enum fit__what what, int64_t value)
{
    for (unsigned i = 0; i < last.count; i++)
        if (last.alternatives[i].what == what && last.alternatives[i].value == value) return true;
    return false;
}

static void reads_can_be_short(void **state)
{
    char buffer[64];
    (void)state;
    struct iovec two[2] = { { buffer, 3 }, { buffer + 3, 60 } };
    wish_for(FIT_W_SHORT, 5, FIT_U_ONCE);
    assert_int_equal(IN_WORLD(recv(FD, buffer, sizeof buffer, 0)), 5);
    assert_string_equal(last.point, "recv");
    assert_string_equal(last.object, "origin.test/80");
    assert_true(was_offered(FIT_W_SHORT, 1));
    assert_true(was_offered(FIT_W_SHORT, 9));
    assert_true(was_offered(FIT_W_EOF, 0));
    assert_true(was_offered(FIT_W_ERROR, EAGAIN));
    assert_true(was_offered(FIT_W_ERROR, ECONNRESET));
    assert_int_equal(last.count, 7);           /* and ENOMEM, which is rare */
    assert_int_equal(IN_WORLD(readv(FD, two, 2)), 5);
    assert_memory_equal(buffer, "01234", 5);
    assert_int_equal(k.afflictions, 0);
}

static void short_counts_differ(void **state)
{
    char buffer[64];
    (void)state;
    k.info.readable = 2;
    IN_WORLD(recv(FD, buffer, sizeof buffer, 0));
    assert_int_equal(last.count, 5);           /* short=1, eof, EAGAIN, ECONNRESET, ENOMEM */
    k.info.readable = 1;
    IN_WORLD(recv(FD, buffer, sizeof buffer, 0));
    assert_false(was_offered(FIT_W_SHORT, 1));
    IN_WORLD(recv(FD, buffer, 1, MSG_PEEK));
    assert_false(was_offered(FIT_W_SHORT, 1));
}

static void messages_can_be_split_at_their_edges(void **state)
{
    char buffer[64];
    (void)state;
    k.info.edges[0] = 3;
    k.info.edges[1] = 7;
    k.info.edges[2] = READABLE;
    wish_for(FIT_W_SHORT, 7, FIT_U_ONCE);
    assert_int_equal(IN_WORLD(recv(FD, buffer, sizeof buffer, 0)), 7);
    assert_true(was_offered(FIT_W_SHORT, 3));
    assert_int_equal(last.count, 9);
    k.info.edges[0] = 1;
    IN_WORLD(recv(FD, buffer, sizeof buffer, 0));
    assert_int_equal(last.count, 8);           /* the first one is as long as any */
}

static void edges_need_the_rest_later(void **state)
{
    char buffer[64];
    (void)state;
    k.info.edge_triggered = true;
    wish_for(FIT_W_SHORT, 1, FIT_U_ONCE);
    assert_int_equal(IN_WORLD(read(FD, buffer, sizeof buffer)), 1);
    assert_int_equal(k.affliction, FIT_A_LATE);
    assert_int_equal(k.affliction_value, MS);
}

static void reads_can_fail(void **state)
{
    char buffer[64];
    (void)state;
    wish_for(FIT_W_ERROR, ECONNRESET, FIT_U_ONCE);
    assert_int_equal(IN_WORLD(recv(FD, buffer, sizeof buffer, 0)), -1);
    assert_int_equal(errno, ECONNRESET);
    assert_int_equal(k.affliction, FIT_A_RESET);
    k.dead = false;
    wish_for(FIT_W_ERROR, EAGAIN, FIT_U_ONCE);
    assert_int_equal(IN_WORLD(recv(FD, buffer, sizeof buffer, 0)), -1);
    assert_int_equal(errno, EAGAIN);
    assert_int_equal(k.affliction, FIT_A_LATE);
    k.late = false;
    wish_for(FIT_W_EOF, 0, FIT_U_ONCE);
    assert_int_equal(IN_WORLD(recv(FD, buffer, sizeof buffer, 0)), 0);
    assert_int_equal(k.affliction, FIT_A_EOF);
}

static void writes_can_fail(void **state)
{
    (void)state;
    wish_for(FIT_W_SHORT, 2, FIT_U_ONCE);
    assert_int_equal(IN_WORLD(send(FD, "abcd", 4, MSG_NOSIGNAL)), 2);
    assert_false(was_offered(FIT_W_ERROR, EPIPE));
    k.info.nonblocking = false;
    IN_WORLD(send(FD, "abcd", 4, 0));
    assert_int_equal(last.count, 3);           /* a blocking write is never short */
    assert_true(was_offered(FIT_W_ERROR, ENOMEM));
    assert_true(was_offered(FIT_W_EOF, 0));    /* rare: it succeeds, and the next one does not */
    k.info.nonblocking = true;
    k.info.peer_closed = true;
    signal(SIGPIPE, SIG_IGN);
    wish_for(FIT_W_ERROR, EPIPE, FIT_U_ONCE);
    assert_int_equal(IN_WORLD(send(FD, "abcd", 4, 0)), -1);
    assert_int_equal(errno, EPIPE);
}

static sig_atomic_t signals;
static void on_sigpipe(int number) { (void)number; signals++; }

static void a_broken_pipe_raises_its_signal(void **state)
{
    (void)state;
    signal(SIGPIPE, on_sigpipe);
    k.dead = true;
    k.affliction_value = EPIPE;
    assert_int_equal(IN_WORLD(write(FD, "x", 1)), -1);
    assert_int_equal(signals, 1);
    assert_int_equal(IN_WORLD(send(FD, "x", 1, MSG_NOSIGNAL)), -1);
    assert_int_equal(signals, 1);
    fit__guard->exempt = true;
    assert_int_equal(IN_WORLD(write(FD, "x", 1)), -1);
    assert_int_equal(signals, 1);
    signal(SIGPIPE, SIG_DFL);
}

static void the_table_can_be_full(void **state)
{
    (void)state;
    wish_for(FIT_W_ERROR, EMFILE, FIT_U_ONCE);
    assert_int_equal(IN_WORLD(socket(AF_INET, SOCK_STREAM, 0)), -1);
    assert_int_equal(errno, EMFILE);
    assert_int_equal(k.limits, 0);
    assert_true(was_offered(FIT_W_ERROR, ENFILE) && was_offered(FIT_W_ERROR, ENOMEM));
    assert_false(was_offered(FIT_W_ERROR, EAFNOSUPPORT));
    assert_false(last.alternatives[0].extended);
    wish_for(FIT_W_ERROR, EMFILE, FIT_U_CLOSE);
    assert_int_equal(IN_WORLD(socket(AF_INET, SOCK_STREAM, 0)), -1);
    assert_true(k.until_close && k.limits == 1);
    wish_for(FIT_W_ERROR, EMFILE, FIT_U_ONWARDS);
    assert_int_equal(IN_WORLD(socket(AF_INET, SOCK_STREAM, 0)), -1);
    assert_true(!k.until_close && k.limits == 2);
    assert_int_equal(k.relieved_ns, 0);
    wish_for(FIT_W_ERROR, EMFILE, FIT_U_TIME);
    assert_int_equal(IN_WORLD(socket(AF_INET6, SOCK_STREAM, 0)), -1);
    assert_true(!k.until_close && k.limits == 3);
    assert_int_equal(k.relieved_ns, 2000 * MS);
    assert_true(was_offered(FIT_W_ERROR, EAFNOSUPPORT));
    for (unsigned i = 0; i < last.count; i++)
        assert_int_equal(last.alternatives[i].until_ms,
                         last.alternatives[i].until == FIT_U_TIME ? 2000 : 0);
}

static void connecting_can_fail(void **state)
{
    struct sockaddr_in to = { .sin_family = AF_INET };
    (void)state;
    k.info.class = FIT_C_SOCKET;
    wish_for(FIT_W_NEVER, 0, FIT_U_ONCE);
    assert_int_equal(IN_WORLD(connect(FD, (struct sockaddr *)&to, sizeof to)), -1);
    assert_int_equal(errno, EINPROGRESS);
    assert_int_equal(k.affliction, FIT_A_SILENT);
    assert_string_equal(last.object, "origin.test/80");
    k.info.connecting = false;
    wish_for(FIT_W_ERROR, ECONNREFUSED, FIT_U_ONCE);
    assert_int_equal(IN_WORLD(connect(FD, (struct sockaddr *)&to, sizeof to)), -1);
    assert_int_equal(errno, EINPROGRESS);
    assert_int_equal(k.affliction, FIT_A_RESET);
    assert_int_equal(k.affliction_value, ECONNREFUSED);
}

/* Linux says so at once: the connection that had begun is taken back. */
static void no_way_there(void **state)
{
    struct sockaddr_in to = { .sin_family = AF_INET };
    (void)state;
    k.info.class = FIT_C_SOCKET;
    wish_for(FIT_W_ERROR, ENETUNREACH, FIT_U_ONCE);
    assert_int_equal(IN_WORLD(connect(FD, (struct sockaddr *)&to, sizeof to)), -1);
    assert_int_equal(errno, ENETUNREACH);
    assert_true(k.disconnected);
    assert_int_equal(k.afflictions, 0);
    k.info.connecting = false;
    wish_for(FIT_W_DELAY, 3000, FIT_U_ONCE);
    assert_int_equal(IN_WORLD(connect(FD, (struct sockaddr *)&to, sizeof to)), -1);
    assert_int_equal(errno, EINPROGRESS);
    assert_int_equal(k.affliction, FIT_A_LATE);
    assert_int_equal(k.affliction_value, 3000 * MS);
}

static void ports_can_be_taken(void **state)
{
    struct sockaddr_in any = { .sin_family = AF_INET }, one = any;
    (void)state;
    one.sin_port = htons(80);
    k.info.class = FIT_C_SOCKET;
    wish_for(FIT_W_ERROR, EADDRINUSE, FIT_U_ONCE);
    assert_int_equal(IN_WORLD(bind(FD, (struct sockaddr *)&one, sizeof one)), -1);
    assert_int_equal(errno, EADDRINUSE);
    assert_int_equal(IN_WORLD(listen(FD, 5)), -1);
    assert_int_equal(errno, EADDRINUSE);
    unsigned before = asked;
    IN_WORLD(bind(FD, (struct sockaddr *)&any, sizeof any));     /* some port is free */
    assert_int_equal(asked, before);
}

static void timers_can_win(void **state)
{
    struct epoll_event event;
    struct pollfd one = { .fd = FD, .events = POLLIN };
    (void)state;
    assert_int_equal(IN_WORLD(epoll_wait(EP, &event, 1, 100)), 1);
    assert_int_equal(asked, 1);
    wish_for(FIT_W_TIMERS_FIRST, 0, FIT_U_ONCE);
    assert_int_equal(IN_WORLD(epoll_wait(EP, &event, 1, 100)), 0);
    assert_int_equal(k.holds, 1);
    assert_int_equal(k.held_ns, 98 * MS + 1000);
    assert_int_equal(IN_WORLD(epoll_wait(EP, &event, 1, 0)), 0);
    assert_int_equal(IN_WORLD(poll(&one, 1, 50)), 1);
    assert_int_equal(k.holds, 2);
    assert_int_equal(asked, 3);
}

static void select_is_a_poll(void **state)
{
    fd_set in, out;
    struct timeval limit = { 1, 0 };
    (void)state;
    FD_ZERO(&in);
    FD_ZERO(&out);
    FD_SET(FD, &in);
    FD_SET(FD, &out);
    assert_int_equal(IN_WORLD(select(FD + 1, &in, &out, NULL, &limit)), 1);
    assert_true(FD_ISSET(FD, &in));
    assert_false(FD_ISSET(FD, &out));
}

static void names_can_fail(void **state)
{
    struct addrinfo *list;
    (void)state;
    wish_for(FIT_W_NEVER, 0, FIT_U_ONCE);
    assert_int_equal(IN_WORLD(getaddrinfo("origin.test", "80", NULL, &list)), EAI_AGAIN);
    assert_int_equal(k.slept_ns, 10000 * MS);
    wish_for(FIT_W_ERROR, EMFILE, FIT_U_ONCE);
    assert_int_equal(IN_WORLD(getaddrinfo("origin.test", "80", NULL, &list)), EAI_SYSTEM);
    assert_int_equal(errno, EMFILE);
    wish_for(FIT_W_ERROR, EAI_NONAME, FIT_U_ONCE);
    assert_int_equal(IN_WORLD(getaddrinfo("origin.test", "80", NULL, &list)), EAI_NONAME);
    wish_for(FIT_W_NEVER, 0, FIT_U_ONCE);
    assert_null(IN_WORLD(gethostbyname("origin.test")));
    assert_int_equal(h_errno, TRY_AGAIN);
    wish_for(FIT_W_ERROR, EMFILE, FIT_U_ONCE);
    assert_null(IN_WORLD(gethostbyname("origin.test")));
    assert_int_equal(h_errno, NETDB_INTERNAL);
    assert_int_equal(errno, EMFILE);
    unsigned before = asked;
    assert_int_equal(IN_WORLD(getaddrinfo("10.0.0.1", "80", NULL, &list)), 0);
    assert_int_equal(asked, before);
}

static void peers_suffer_nothing(void **state)
{
    char buffer[64];
    (void)state;
    fit__guard->exempt = true;
    wish_for(FIT_W_SHORT, 1, FIT_U_ONCE);
    assert_int_equal(IN_WORLD(recv(FD, buffer, sizeof buffer, 0)), READABLE);
    assert_int_equal(asked, 0);
    assert_int_equal(line_count, 0);
    fit__guard->exempt = false;
    fit__faults_off = 1;
    assert_int_equal(IN_WORLD(recv(FD, buffer, sizeof buffer, 0)), READABLE);
    fit__faults_off = 0;
    assert_int_equal(asked, 0);
}

static void only_streams_suffer(void **state)
{
    char buffer[64];
    static const enum fit__class others[] = { FIT_C_PAIR, FIT_C_DATAGRAM };
    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        k.info.class = others[i];
        assert_int_equal(IN_WORLD(read(FD, buffer, sizeof buffer)), READABLE);
        assert_int_equal(IN_WORLD(write(FD, buffer, 4)), 4);
    }
    assert_int_equal(asked, 0);
}

static void numbers_are_there_later(void **state)
{
    char buffer[64];
    (void)state;
    k.info.class = FIT_C_WAKEUP;
    assert_int_equal(IN_WORLD(read(FD, buffer, sizeof buffer)), READABLE);
    assert_int_equal(last.count, 1);
    assert_true(last.alternatives[0].extended);
    assert_true(was_offered(FIT_W_ERROR, EAGAIN));
    k.info.nonblocking = false;
    asked = 0;
    IN_WORLD(read(FD, buffer, sizeof buffer));
    k.info.nonblocking = true;
    IN_WORLD(read(FD, buffer, 4));             /* -EINVAL in a world */
    assert_int_equal(asked, 0);
    wish_for(FIT_W_ERROR, EAGAIN, FIT_U_ONCE);
    IN_WORLD(read(FD, buffer, sizeof buffer));
    assert_int_equal(k.affliction, FIT_A_LATE);
}

/* Where that is so, it is so for good, and only if it was so from the start. */
static void a_call_can_be_absent(void **state)
{
    (void)state;
    fit__faults_forget();
    wish_for(FIT_W_ERROR, ENOSYS, FIT_U_ONWARDS);
    assert_int_equal(IN_WORLD(epoll_create1(0)), -1);
    assert_int_equal(errno, ENOSYS);
    asked = 0;
    assert_int_equal(IN_WORLD(epoll_create1(0)), -1);
    assert_int_equal(asked, 0);
    fit__nothing_lacks();
    assert_true(IN_WORLD(epoll_create1(0)) >= 0);
    fit__faults_forget();
    wish_for(FIT_W_NONE, 0, FIT_U_ONCE);
    IN_WORLD(epoll_create1(0));
    assert_true(was_offered(FIT_W_ERROR, ENOSYS));
    IN_WORLD(epoll_create1(0));
    assert_false(was_offered(FIT_W_ERROR, ENOSYS));
}

static void assert_orders(unsigned count, unsigned outside, bool whole, const char *expected)
{
    int64_t orders[FIT_ORDERS_MOST];
    char text[200] = "";
    unsigned ways = fit__orders_of(orders, count, outside, whole);
    for (unsigned i = 0; i < ways; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%llx", i ? " " : "",
                 (unsigned long long)orders[i]);
    assert_string_equal(text, expected);
}

/* The first to be told is the lowest digit. Only what is timed from outside can have come earlier
 * or later than the rest. */
static void what_is_ready_comes_in_other_orders(void **state)
{
    (void)state;
    assert_orders(0, 0, true, "");
    assert_orders(1, 1, true, "");
    assert_orders(2, 3, true, "12 1 2");
    assert_orders(2, 2, true, "12 1");           /* the second came before, or is late */
    assert_orders(2, 1, true, "12 2");           /* the first came after */
    assert_orders(2, 0, true, "");               /* the program made both ready itself */
    assert_orders(3, 7, true, "312 213 123 1 3");
    assert_orders(3, 4, true, "213");
    assert_orders(3, 1, true, "312");
    assert_orders(2, 3, false, "1 2");
    assert_orders(3, 7, false, "1 2 3");
    assert_orders(3, 6, false, "1");
    assert_orders(8, 255, true, "87654312 87654213 87653214 12345678 1 8");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(reads_can_be_short), TEST(short_counts_differ),
        TEST(messages_can_be_split_at_their_edges), TEST(edges_need_the_rest_later),
        TEST(reads_can_fail), TEST(writes_can_fail), TEST(a_broken_pipe_raises_its_signal),
        TEST(the_table_can_be_full), TEST(connecting_can_fail), TEST(no_way_there),
        TEST(ports_can_be_taken), TEST(timers_can_win),
        TEST(select_is_a_poll), TEST(names_can_fail), TEST(peers_suffer_nothing),
        TEST(only_streams_suffer), TEST(numbers_are_there_later), TEST(a_call_can_be_absent),
        TEST(what_is_ready_comes_in_other_orders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
