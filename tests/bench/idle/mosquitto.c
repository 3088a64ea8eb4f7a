/* A client whose broker answers its pings, one in 60 seconds. libs: libmosquitto */
#include "idle.h"

#include <mosquitto.h>

static struct mosquitto *client;
static int64_t until;

static void broker(int fd, void *arg)
{
    char packet[256];
    (void)arg;
    while (read(fd, packet, sizeof packet) > 0)
        if (packet[0] == '\20') send(fd, "\40\2\0\0", 4, MSG_NOSIGNAL);
        else if (packet[0] == '\300') send(fd, "\320\0", 2, MSG_NOSIGNAL);
}

static void start(void)
{
    fit_peer(SERVER ":1883", broker, NULL);
    mosquitto_lib_init();
    assert_non_null(client = mosquitto_new("me", true, NULL));
    assert_int_equal(mosquitto_connect(client, SERVER, 1883, 60), MOSQ_ERR_SUCCESS);
    until = virtual_now() + (int64_t)HOUR_S * 1000000000;
}

/* Pings and their answers end a wait early: it is the hour that counts, and its last tick. */
static void idle(void)
{
    while (virtual_now() < until)
        if (mosquitto_loop(client, TICK_MS, 1)) return;
    ticks = TICKS;
}

static void end(void)
{
    mosquitto_disconnect(client);
    mosquitto_destroy(client);
    mosquitto_lib_cleanup();
}
