/* getaddrinfo, as far as it does not ask anybody. */
#include "tests/conformance/conformance.h"

static void look_up(const char *node, const char *service, int flags, int family, int type,
                    int protocol)
{
    struct addrinfo hints = { .ai_flags = flags, .ai_family = family, .ai_socktype = type,
                              .ai_protocol = protocol }, *rows = NULL;
    int error = getaddrinfo(node, service, &hints, &rows);
    note("%s %s: %d", node ? node : "-", service ? service : "-", error);
    for (struct addrinfo *row = rows; row; row = row->ai_next) {
        char text[64] = "";
        const struct sockaddr_in *in = (const struct sockaddr_in *)row->ai_addr;
        if (row->ai_family == AF_INET)
            inet_ntop(AF_INET, &in->sin_addr, text, sizeof text);
        note("  %d %d %d %u %s:%d %s", row->ai_family, row->ai_socktype, row->ai_protocol,
             row->ai_addrlen, text, ntohs(in->sin_port),
             row->ai_canonname ? row->ai_canonname : "-");
    }
    if (!error)
        freeaddrinfo(rows);
}

static void numeric(void)
{
    look_up("10.1.2.3", "80", 0, AF_UNSPEC, 0, 0);
    look_up("10.1.2.3", "80", 0, AF_INET, SOCK_STREAM, 0);
    look_up("10.1.2.3", NULL, AI_NUMERICHOST, AF_INET, SOCK_DGRAM, 0);
    look_up("10.1.2.3", "80", AI_CANONNAME, AF_INET, 0, IPPROTO_TCP);
    look_up("127.1", "0", 0, AF_INET, SOCK_STREAM, 0);
    look_up("::1", "80", 0, AF_UNSPEC, SOCK_STREAM, 0);
}

static void passive(void)
{
    look_up(NULL, "8080", AI_PASSIVE, AF_INET, SOCK_STREAM, 0);
    look_up(NULL, "8080", 0, AF_INET, SOCK_STREAM, 0);
    look_up(NULL, NULL, 0, AF_INET, SOCK_STREAM, 0);
}

static void services(void)
{
    look_up("10.1.2.3", "http", 0, AF_INET, SOCK_STREAM, 0);
    look_up("10.1.2.3", "https", 0, AF_INET, SOCK_STREAM, 0);
    look_up("10.1.2.3", "http", AI_NUMERICSERV, AF_INET, SOCK_STREAM, 0);
    look_up("10.1.2.3", "nosuchservice", 0, AF_INET, SOCK_STREAM, 0);
}

static void wrong(void)
{
    look_up("name.test", "80", AI_NUMERICHOST, AF_INET, SOCK_STREAM, 0);
    look_up("10.1.2.3", "80", 0, AF_INET6, SOCK_STREAM, 0);
    look_up("::1", "80", 0, AF_INET, SOCK_STREAM, 0);
    look_up("10.1.2.3", "80", 0, 99, SOCK_STREAM, 0);
    look_up("10.1.2.3", "80", 0, AF_INET, SOCK_STREAM, IPPROTO_UDP);
    look_up("10.1.2.3", "80", 0x4000000, AF_INET, SOCK_STREAM, 0);
    look_up(NULL, "80", AI_CANONNAME, AF_INET, SOCK_STREAM, 0);
}

static void local(void)
{
    look_up("localhost", "80", 0, AF_INET, SOCK_STREAM, 0);
}

const struct conformance_case name_cases[] = {
    { "name/numeric", numeric }, { "name/passive", passive }, { "name/services", services },
    { "name/wrong", wrong }, { "name/localhost", local },
    { NULL, NULL },
};
