/* Loops of libev: stepped in a world as they run outside. */
#include <ev.h>

#undef EV_ERROR                  /* UV_ERROR and it mean nothing to each other */
#include "tests/unit/loops_world.h"

static struct ev_loop *ev;
static ev_timer repeated;

static void on_inner(struct ev_loop *of, ev_timer *timer, int events)
{
    (void)events;
    ev_timer_stop(of, timer);
    tell("inner ");
    ev_break(of, count == 2 ? EVBREAK_ONE : EVBREAK_ALL);
}

static void on_timer(struct ev_loop *of, ev_timer *timer, int events)
{
    static ev_timer inner;
    (void)events;
    tell("timer%u ", ++count);
    if (count == 2 || count == 4) {
        ev_timer_init(&inner, on_inner, 0.0001, 0);
        ev_timer_start(of, &inner);
        tell("nested=%d ", ev_run(of, 0));
    }
    if (count == 3) ev_break(of, EVBREAK_ONE);
    if (count == 5) {
        ev_break(of, EVBREAK_ALL);
        ev_break(of, EVBREAK_CANCEL);
    }
    if (count == 7) ev_timer_stop(of, timer);
}

static void run_timers(bool world, void (*turn)(unsigned))
{
    begin_world();
    fit__active = world;
    at_turn = turn;
    ev = ev_loop_new(EVFLAG_AUTO);
    ev_timer_init(&repeated, on_timer, 0.1, 0.1);     /* the first run is in real time */
    ev_timer_start(ev, &repeated);
    for (int i = 0; i < 4; i++) tell("run=%d ", ev_run(ev, 0));
    tell("nowait=%d ", ev_run(ev, EVRUN_NOWAIT));
    ev_loop_destroy(ev);
    fit__active = false;
}

static void break_at_second(unsigned turn) { if (turn == 2) ev_break(ev, EVBREAK_ONE); }

static void libev_stepped_as_unstepped(void **state)
{
    (void)state;
    char unstepped[sizeof story];
    run_timers(false, NULL);
    memcpy(unstepped, story, sizeof story);
    assert_int_equal(turns, 0);
    run_timers(true, NULL);
    assert_string_equal(story, unstepped);
    assert_true(turns >= 6);
    run_timers(true, break_at_second);
    assert_memory_equal(story, "timer1 run=1 timer2 ", 20);
}

static void on_late(struct ev_loop *of, ev_timer *timer, int events)
{
    (void)of; (void)timer; (void)events;
    tell("late ");
}

static void callbacks_come_late(void **state)
{
    ev_timer one;
    (void)state;
    begin_world();
    failing_point = "ev_timer";
    fit__kernel = &telling;
    ev = ev_loop_new(EVFLAG_AUTO);
    ev_timer_init(&one, on_late, 0, 0);
    ev_timer_start(ev, &one);
    ev_run(ev, 0);
    ev_loop_destroy(ev);
    fit__active = false;
    fit__kernel = &fit__kernel_real;
    assert_string_equal(story, "slept10000 late slept10000 ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(libev_stepped_as_unstepped),
        cmocka_unit_test(callbacks_come_late),
    };
    return cmocka_run_group_tests_name("ev_run", tests, NULL, NULL);
}
