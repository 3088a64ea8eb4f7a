/* GLib and GIO: a socket client with a cancellable, and a task that runs in a thread.
 * packages: libglib2.0-dev
 * libs: gio-2.0
 */
#include "library.h"

#include <gio/gio.h>

static const struct fit_reply echo[] = {
    { .until = "hello\n", .send = "hel" }, { .after_ms = 2, .send = "lo\n" }, { 0 } };

static void tell_error(struct asker *a, GError *err)
{
    tell_failed(a, err->code, err->message);
    g_error_free(err);
}

/* ---- A client that waits for a line ----------------------------------------------------- */

struct client {
    struct asker asker;
    GMainLoop *loop;
    GCancellable *cancellable;
    GSocketConnection *connection;
    GDataInputStream *lines;
};

static void client_cancel(struct client *c) { g_cancellable_cancel(c->cancellable); }

static void client_has_line(GObject *lines, GAsyncResult *result, void *arg)
{
    struct client *c = arg;
    GError *err = NULL;
    gsize size;
    char *line = g_data_input_stream_read_line_finish(G_DATA_INPUT_STREAM(lines), result, &size,
                                                      &err);
    if (line) keep(&c->asker, line, size);
    if (line) tell_done(&c->asker);
    else if (err) tell_error(&c->asker, err);
    else tell_failed(&c->asker, ECONNRESET, "end of the stream");
    g_free(line);
    g_main_loop_quit(c->loop);
}
static void client_wrote(GObject *stream, GAsyncResult *result, void *arg)
{
    struct client *c = arg;
    GError *err = NULL;
    if (!g_output_stream_write_all_finish(G_OUTPUT_STREAM(stream), result, NULL, &err)) {
        tell_error(&c->asker, err);
        g_main_loop_quit(c->loop);
        return;
    }
    c->lines = g_data_input_stream_new(g_io_stream_get_input_stream(G_IO_STREAM(c->connection)));
    g_data_input_stream_read_line_async(c->lines, 0, c->cancellable, client_has_line, c);
}
static void client_connected(GObject *client, GAsyncResult *result, void *arg)
{
    struct client *c = arg;
    GError *err = NULL;
    c->connection = g_socket_client_connect_to_host_finish(G_SOCKET_CLIENT(client), result, &err);
    if (!c->connection) {
        tell_error(&c->asker, err);
        g_main_loop_quit(c->loop);
        return;
    }
    g_output_stream_write_all_async(g_io_stream_get_output_stream(G_IO_STREAM(c->connection)),
                                    "hello\n", 6, 0, c->cancellable, client_wrote, c);
}
static void asks_for_a_line(void **state)
{
    struct client c = { .loop = g_main_loop_new(NULL, FALSE),
                        .cancellable = g_cancellable_new() };
    GSocketClient *client = g_socket_client_new();
    (void)state;
    fit_peer_replies("lines.test:7", echo);
    asks(&c.asker, "line");
    fit_on_cancel(c.asker.op, client_cancel, &c);
    g_socket_client_set_timeout(client, PATIENCE_S);
    g_socket_client_connect_to_host_async(client, "lines.test", 7, c.cancellable,
                                          client_connected, &c);
    g_main_loop_run(c.loop);
    g_clear_object(&c.lines);
    g_clear_object(&c.connection);
    g_object_unref(client);
    g_object_unref(c.cancellable);
    g_main_loop_unref(c.loop);
}

/* ---- Work in a thread ------------------------------------------------------------------- */

static void work(GTask *task, void *source, void *data, GCancellable *cancellable)
{
    (void)source; (void)data;
    for (int i = 0; i < 3; i++) {
        g_usleep(1000);
        if (g_cancellable_is_cancelled(cancellable)) {
            g_task_return_new_error(task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "cancelled");
            return;
        }
    }
    g_task_return_int(task, 42);
}
static void work_done(GObject *source, GAsyncResult *result, void *arg)
{
    struct client *c = arg;
    GError *err = NULL;
    gssize value = g_task_propagate_int(G_TASK(result), &err);
    (void)source;
    if (!err) keep(&c->asker, &value, sizeof value);
    if (err) tell_error(&c->asker, err);
    else     tell_done(&c->asker);
    g_main_loop_quit(c->loop);
}
static void works_in_a_thread(void **state)
{
    struct client c = { .loop = g_main_loop_new(NULL, FALSE),
                        .cancellable = g_cancellable_new() };
    (void)state;
    asks(&c.asker, "work");
    fit_on_cancel(c.asker.op, client_cancel, &c);
    GTask *task = g_task_new(NULL, c.cancellable, work_done, &c);
    g_task_run_in_thread(task, work);
    g_object_unref(task);
    g_main_loop_run(c.loop);
    g_object_unref(c.cancellable);
    g_main_loop_unref(c.loop);
}

/* No modules of GIO's: what is installed differs from one machine to the next. */
int main(void)
{
    g_setenv("GIO_MODULE_DIR", "/nonexistent", TRUE);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_for_a_line), cmocka_unit_test(works_in_a_thread) };
    return fit_run_group_tests(tests, NULL, NULL);
}
