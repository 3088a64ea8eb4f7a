/* libpq, asynchronous: connects and asks without blocking, in a loop of poll().
 * packages: libpq-dev
 * libs: libpq
 */
#include "library.h"

#include <libpq-fe.h>
#include <poll.h>

/* The messages of protocol 3.0 as far as this takes: the start, a query, a row. */
#define AUTHENTICATED "R\0\0\0\10\0\0\0\0"
#define VERSION "S\0\0\0\30server_version\00015.0\0"
#define READY "Z\0\0\0\5I"
#define COLUMNS "T\0\0\0\34\0\1one\0\0\0\0\0\0\0\0\0\0\31\377\377\377\377\377\377\0\0"
#define ROW "D\0\0\0\17\0\1\0\0\0\5hello"
#define COMPLETE "C\0\0\0\15SELECT 1\0"

static const char starts_up[] = AUTHENTICATED VERSION READY;
static const char result[] = COLUMNS ROW COMPLETE READY;
static const struct fit_reply server[] = {
    { .until = "database\0db\0", .until_size = 12,
      .send = starts_up, .size = sizeof starts_up - 1 },
    { .until = "select 'hello'\0", .until_size = 15, .send = result, .size = 20 },
    { .after_ms = 2, .send = result + 20, .size = sizeof result - 1 - 20, .hold = 1 }, { 0 } };

struct client { struct asker asker; PGconn *conn; bool asked; };

static void ends(struct client *c, int code, const char *text)
{
    if (code) tell_failed(&c->asker, code, text);
    else      tell_done(&c->asker);
}
static void cancel(struct client *c) { ends(c, ECANCELED, "cancelled"); }

/* 1: ready; 0: the time is over, or the wait failed. */
static int awaits(struct client *c, short events)
{
    struct pollfd one = { .fd = PQsocket(c->conn), .events = events };
    int count;
    do {
        FAULT_CANCEL_POINT();
        if (c->asker.told) return 0;
        count = poll(&one, 1, PATIENCE_S * 1000);
    } while (count < 0 && errno == EINTR);
    if (count <= 0) ends(c, ETIMEDOUT, "timeout");
    return count > 0;
}
static bool connects(struct client *c)
{
    PostgresPollingStatusType status = PGRES_POLLING_WRITING;
    while (status != PGRES_POLLING_OK) {
        if (status == PGRES_POLLING_FAILED) {
            ends(c, CONNECTION_BAD, PQerrorMessage(c->conn));
            return false;
        }
        if (!awaits(c, status == PGRES_POLLING_READING ? POLLIN : POLLOUT)) return false;
        status = PQconnectPoll(c->conn);
    }
    return true;
}
static bool sends(struct client *c)
{
    int left = PQsetnonblocking(c->conn, 1) || !PQsendQuery(c->conn, "select 'hello'") ? -1 : 1;
    while (left > 0 && (left = PQflush(c->conn)) > 0)
        if (!awaits(c, POLLOUT)) return false;
    if (left < 0) ends(c, PGRES_FATAL_ERROR, PQerrorMessage(c->conn));
    return left == 0;
}
static void receives(struct client *c)
{
    bool good = false;
    PGresult *answer;
    do {
        while (PQisBusy(c->conn)) {
            if (!awaits(c, POLLIN)) return;
            if (!PQconsumeInput(c->conn)) {
                ends(c, PGRES_FATAL_ERROR, PQerrorMessage(c->conn));
                return;
            }
        }
        answer = PQgetResult(c->conn);
        if (answer && PQresultStatus(answer) == PGRES_TUPLES_OK && PQntuples(answer) == 1) {
            keep(&c->asker, PQgetvalue(answer, 0, 0), (size_t)PQgetlength(answer, 0, 0));
            good = true;
        }
        if (answer && PQresultStatus(answer) == PGRES_FATAL_ERROR)
            ends(c, PGRES_FATAL_ERROR, PQresultErrorMessage(answer));
        PQclear(answer);
    } while (answer);
    ends(c, good ? 0 : PGRES_FATAL_ERROR, "no row");
}
static void asks_for_a_row(void **state)
{
    struct client c = { 0 };
    (void)state;
    fit_peer_replies(SERVER ":5432", server);
    asks(&c.asker, "row");
    c.conn = PQconnectStart("hostaddr=" SERVER " port=5432 user=u dbname=db sslmode=disable "
                            "gssencmode=disable client_encoding=UTF8 password=p");
    if (!c.conn || PQstatus(c.conn) == CONNECTION_BAD) {
        ends(&c, CONNECTION_BAD, c.conn ? PQerrorMessage(c.conn) : "no memory");
    } else {
        fit_on_cancel(c.asker.op, cancel, &c);
        if (connects(&c) && sends(&c)) receives(&c);
    }
    PQfinish(c.conn);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(asks_for_a_row) };
    return fit_run_group_tests(tests, NULL, NULL);
}
