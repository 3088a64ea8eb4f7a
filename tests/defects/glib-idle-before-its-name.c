/* A thread has a result told by the loop, and notes where it stands behind that: mostly the loop
 * comes to run when the thread is done.
 * expect: crash
 * libs: glib-2.0
 * options: --mode order
 * repaired: unaffected
 */
#include "zoo.h"

#include <glib.h>

static struct { GMainLoop *loop; const char *result; struct fit_op *op; } a;

static gboolean on_result(gpointer arg)
{
    (void)arg;
    told(a.op, 0, a.result, strlen(a.result));
    g_main_loop_quit(a.loop);
    return G_SOURCE_REMOVE;
}
static void *work(void *arg)
{
#ifdef REPAIRED
    a.result = "done";
    g_idle_add(on_result, NULL);
#else
    g_idle_add(on_result, NULL);
    a.result = "done";
#endif
    return arg;
}
static void hears(void **state)
{
    pthread_t thread;
    (void)state;
    memset(&a, 0, sizeof a);
    a.op = fit_op("result");
    a.loop = g_main_loop_new(NULL, FALSE);
    int err = pthread_create(&thread, NULL, work, NULL);
    if (err) {
        told(a.op, -err, NULL, 0);
    } else {
        g_main_loop_run(a.loop);
        pthread_join(thread, NULL);
    }
    g_main_loop_unref(a.loop);
}
ZOO_MAIN(hears)
