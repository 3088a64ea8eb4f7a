/* libuv: a folder that is watched, in which another program of this host makes a file.
 * packages: libuv1-dev
 * libs: libuv
 */
#include "library.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <uv.h>

#define FOLDER "/tmp/faulttest-watched"

struct watcher { struct asker asker; uv_loop_t loop; uv_fs_event_t watch; uv_timer_t patience; };

static void close_all(uv_handle_t *handle, void *arg)
{
    (void)arg;
    if (!uv_is_closing(handle)) uv_close(handle, NULL);
}
static void ends(struct watcher *w, int err)
{
    if (err) tell_failed(&w->asker, err, uv_strerror(err));
    else     tell_done(&w->asker);
    uv_walk(&w->loop, close_all, NULL);
}
static void cancel(struct watcher *w) { ends(w, UV_ECANCELED); }
static void late(uv_timer_t *timer) { ends(timer->data, UV_ETIMEDOUT); }

/* A new file is a change of the folder, its content one of the file. */
static void sees(uv_fs_event_t *watch, const char *name, int events, int err)
{
    struct watcher *w = watch->data;
    if (!err && (!name || strcmp(name, "news"))) return;
    const char *what = events & UV_RENAME ? "made " : "written ";
    if (!err) keep(&w->asker, what, strlen(what));
    if (err || (events & UV_CHANGE)) ends(w, err);
}
static void neighbour(void *arg)
{
    (void)arg;
    usleep(20000);
    int fd = open(FOLDER "/news", O_WRONLY | O_CREAT, 0644);
    usleep(20000);
    assert_int_equal(write(fd, "x", 1), 1);
    close(fd);
}
static void watches_a_folder(void **state)
{
    struct watcher w;
    (void)state;
    memset(&w, 0, sizeof w);
    asks(&w.asker, "change");
    fit_faults_off();                    /* the folder is where the test begins */
    assert_int_equal(mkdir(FOLDER, 0700), 0);
    fit_faults_on();
    fit_client(NULL, neighbour, NULL);
    int err = uv_loop_init(&w.loop);
    if (err) {
        tell_failed(&w.asker, err, uv_strerror(err));
        return;
    }
    w.watch.data = w.patience.data = &w;
    fit_on_cancel(w.asker.op, cancel, &w);
    uv_timer_init(&w.loop, &w.patience);
    uv_timer_start(&w.patience, late, PATIENCE_S * 1000, 0);
    uv_fs_event_init(&w.loop, &w.watch);
    err = uv_fs_event_start(&w.watch, sees, FOLDER, 0);
    if (err) ends(&w, err);
    uv_run(&w.loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&w.loop), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(watches_a_folder) };
    return fit_run_group_tests(tests, NULL, NULL);
}
