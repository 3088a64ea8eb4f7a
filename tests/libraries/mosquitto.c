/* The mosquitto client: subscribes, publishes, and gets its message, in a loop of the user's.
 * packages: libmosquitto-dev
 * link: -lmosquitto
 */
#include "library.h"

#include <mosquitto.h>

/* The packets of MQTT 3.1.1, from the broker: connected, subscribed, a message. */
static const struct fit_reply broker[] = {
    { .until = "\2me", .until_size = 3, .send = "\40\2\0\0", .size = 4 },
    { .until = "\5topic\0", .until_size = 7, .send = "\220\3\0\1\0", .size = 5 },
    { .after_ms = 2, .send = "\60\14\0\5top", .size = 7 },
    { .after_ms = 2, .send = "ichello", .size = 7 },
    { .until = "\340\0", .until_size = 2 }, { 0 } };

struct client { struct asker asker; struct mosquitto *mosquitto; };

static void ends(struct client *c, int err)
{
    if (err == MOSQ_ERR_ERRNO) tell_failed(&c->asker, errno, strerror(errno));
    else if (err)              tell_failed(&c->asker, err, mosquitto_strerror(err));
    else                       tell_done(&c->asker);
}
static void cancel(struct client *c) { tell_failed(&c->asker, ECANCELED, "cancelled"); }

static void connected(struct mosquitto *mosquitto, void *arg, int code)
{
    int err = code ? MOSQ_ERR_CONN_REFUSED : mosquitto_subscribe(mosquitto, NULL, "topic", 0);
    if (err) ends(arg, err);
}
static void has_message(struct mosquitto *mosquitto, void *arg,
                        const struct mosquitto_message *message)
{
    struct client *c = arg;
    (void)mosquitto;
    keep(&c->asker, message->payload, (size_t)message->payloadlen);
    ends(c, 0);
}
static void loops(struct client *c)
{
    for (int turn = 0; !c->asker.told && turn < 100; turn++) {
        FAULT_CANCEL_POINT();
        if (c->asker.told) return;
        int err = mosquitto_loop(c->mosquitto, 1000, 1);
        if (err) ends(c, err);
    }
    tell_failed(&c->asker, ETIMEDOUT, "timeout");
}
static void gets_a_message(void **state)
{
    struct client c = { 0 };
    (void)state;
    fit_peer_replies(SERVER ":1883", broker);
    asks(&c.asker, "message");
    if (!(c.mosquitto = mosquitto_new("me", true, &c))) {
        tell_failed(&c.asker, errno, "mosquitto_new");
        return;
    }
    mosquitto_connect_callback_set(c.mosquitto, connected);
    mosquitto_message_callback_set(c.mosquitto, has_message);
    fit_on_cancel(c.asker.op, cancel, &c);
    int err = mosquitto_connect(c.mosquitto, SERVER, 1883, 10);
    if (err) ends(&c, err);
    else     loops(&c);
    mosquitto_disconnect(c.mosquitto);
    mosquitto_destroy(c.mosquitto);
}

static int start(void **state)
{
    (void)state;
    return mosquitto_lib_init();
}
static int end(void **state)
{
    (void)state;
    return mosquitto_lib_cleanup();
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(gets_a_message) };
    return fit_run_group_tests(tests, start, end);
}
