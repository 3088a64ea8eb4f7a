/* A connection that waits for a notice, in a loop of poll(). libs: libpq */
#include "idle.h"

#include <libpq-fe.h>
#include <poll.h>

static const char starts_up[] = "R\0\0\0\10\0\0\0\0S\0\0\0\30server_version\00015.0\0Z\0\0\0\5I";
static const struct fit_reply server[] = {
    { .until = "database\0db\0", .until_size = 12,
      .send = starts_up, .size = sizeof starts_up - 1, .hold = 1 }, { 0 } };

static PGconn *conn;

static void start(void)
{
    fit_peer_replies(SERVER ":5432", server);
    conn = PQconnectdb("hostaddr=" SERVER " port=5432 user=u dbname=db sslmode=disable "
                       "gssencmode=disable client_encoding=UTF8 password=p");
    assert_int_equal(PQstatus(conn), CONNECTION_OK);
}

static void idle(void)
{
    struct pollfd one = { .fd = PQsocket(conn), .events = POLLIN };
    while (ticks < TICKS) {
        if (poll(&one, 1, TICK_MS) == 0) ticks++;
        else if (!PQconsumeInput(conn)) return;
        if (PQnotifies(conn)) return;
    }
}

static void end(void) { PQfinish(conn); }
