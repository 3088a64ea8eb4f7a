/* Loops of libevent: stepped in a world as they run outside, and the census. */
#include <event2/event.h>

#include "tests/unit/loops_world.h"

static struct event_base *base;
static struct event *repeated;

static void on_event(evutil_socket_t fd, short what, void *arg)
{
    (void)fd; (void)what; (void)arg;
    tell("event%u ", ++count);
    if (count == 3) event_base_loopbreak(base);
    if (count == 5) event_base_loopexit(base, NULL);
    if (count == 7) event_del(repeated);
}

static void run_events(bool world, void (*turn)(unsigned))
{
    struct timeval ms = { 0, 1000 };
    begin_world();
    fit__active = world;
    at_turn = turn;
    base = event_base_new();
    repeated = event_new(base, -1, EV_PERSIST, on_event, NULL);
    event_add(repeated, &ms);
    for (int i = 0; i < 3; i++) tell("loop=%d ", event_base_dispatch(base));
    tell("broke=%d exit=%d ", event_base_got_break(base), event_base_got_exit(base));
    event_free(repeated);
    event_base_free(base);
    fit__active = false;
}

static void break_at_second(unsigned turn) { if (turn == 2) event_base_loopbreak(base); }

static void libevent_stepped_as_unstepped(void **state)
{
    (void)state;
    char unstepped[sizeof story];
    run_events(false, NULL);
    memcpy(unstepped, story, sizeof story);
    run_events(true, NULL);
    assert_string_equal(story, unstepped);
    assert_true(turns >= 7);
    run_events(true, break_at_second);
    assert_memory_equal(story, "event1 loop=0 event2 event3 loop=0 ", 35);
}

static void census_of_bases(void **state)
{
    struct fit__census_entry entries[4];
    struct timeval ms = { 0, 1000 };
    (void)state;
    begin_world();
    base = event_base_new();
    repeated = event_new(base, -1, EV_PERSIST, on_event, NULL);
    event_add(repeated, &ms);
    assert_int_equal(fit__loops_census(entries, 4), 1);
    assert_string_equal(entries[0].type, "event_base");
    event_base_free(base);               /* takes the pending event out: nothing is left */
    assert_int_equal(fit__loops_census(entries, 4), 0);
    fit__loops_reset();
    fit__active = false;
    free(repeated);
}

static void on_late(evutil_socket_t fd, short what, void *arg)
{
    (void)fd; (void)what; (void)arg;
    tell("late ");
}

/* The library holds another function than the user's, and nobody sees it. */
static void callbacks_come_late(void **state)
{
    event_callback_fn held = NULL;
    (void)state;
    begin_world();
    failing_point = "event_callback_fn";
    fit__kernel = &telling;
    base = event_base_new();
    struct event *one = event_new(base, -1, 0, on_late, NULL);
    assert_ptr_equal(event_get_callback(one), on_late);
    event_get_assignment(one, NULL, NULL, NULL, &held, NULL);
    assert_ptr_equal(held, on_late);
    event_active(one, EV_TIMEOUT, 1);
    event_base_loop(base, EVLOOP_ONCE);
    event_free(one);
    event_base_free(base);
    fit__active = false;
    fit__kernel = &fit__kernel_real;
    assert_string_equal(story, "slept10000 late slept10000 ");
    assert_ptr_equal(asked_caller, fit__as_caller((void *)on_late));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(libevent_stepped_as_unstepped),
        cmocka_unit_test(census_of_bases),
        cmocka_unit_test(callbacks_come_late),
    };
    return cmocka_run_group_tests_name("event_run", tests, NULL, NULL);
}
