/* getaddrinfo and getnameinfo, as far as they do not ask anybody. */
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
        const struct sockaddr_in6 *in6 = (const void *)row->ai_addr;
        if (row->ai_family == AF_INET)
            inet_ntop(AF_INET, &in->sin_addr, text, sizeof text);
        else
            inet_ntop(AF_INET6, &in6->sin6_addr, text, sizeof text);
        note("  %x %d %d %d %u %s:%d %s", row->ai_flags, row->ai_family, row->ai_socktype,
             row->ai_protocol, row->ai_addrlen, text, ntohs(in->sin_port),
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

/* ---- kinds and services ------------------------------------------------------------------ */

static void numbers(void)
{
    static const char *const texts[] = { "70000", "-1", " 80", "", "080", "80x", "0x50" };
    for (unsigned i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        look_up("10.1.2.3", texts[i], 0, AF_UNSPEC, SOCK_STREAM, 0);
        look_up("10.1.2.3", texts[i], AI_NUMERICSERV, AF_UNSPEC, SOCK_STREAM, 0);
    }
}

static void service_kinds(void)
{
    look_up("10.1.2.3", "domain", 0, AF_UNSPEC, 0, 0);
    look_up("10.1.2.3", "http", 0, AF_UNSPEC, 0, 0);
    look_up("10.1.2.3", "http", 0, AF_UNSPEC, SOCK_DGRAM, 0);
    look_up("10.1.2.3", "ntp", 0, AF_UNSPEC, 0, 0);
    look_up("10.1.2.3", "ntp", 0, AF_UNSPEC, 0, IPPROTO_TCP);
    look_up("10.1.2.3", "domain", 0, AF_UNSPEC, 0, IPPROTO_UDP);
    look_up("no.test", "nosuchservice", 0, AF_UNSPEC, SOCK_STREAM, 0);
}

static void kinds(void)
{
    look_up("10.1.2.3", "80", 0, AF_UNSPEC, SOCK_RAW, 0);
    look_up("10.1.2.3", NULL, 0, AF_UNSPEC, SOCK_RAW, 0);
    look_up("10.1.2.3", NULL, 0, AF_UNSPEC, SOCK_RAW, IPPROTO_ICMP);
    look_up("10.1.2.3", NULL, 0, AF_UNSPEC, 0, 99);
    look_up("10.1.2.3", "80", 0, AF_UNSPEC, 0, 99);
    look_up("10.1.2.3", "80", 0, AF_UNSPEC, SOCK_STREAM, 99);
    look_up("10.1.2.3", "80", 0, AF_UNSPEC, SOCK_SEQPACKET, 0);
    look_up("10.1.2.3", "80", 0, AF_UNSPEC, 0, IPPROTO_SCTP);
    look_up("10.1.2.3", "80", 0, AF_UNSPEC, 0, IPPROTO_UDPLITE);
    look_up("10.1.2.3", "80", 0, AF_UNSPEC, SOCK_DCCP, 0);
    look_up("10.1.2.3", "80", 0, AF_UNSPEC, SOCK_RDM, 0);
}

/* ---- IPv4 in IPv6, and both -------------------------------------------------------------- */

static void mapped(void)
{
    look_up("10.1.2.3", "80", AI_V4MAPPED, AF_INET6, SOCK_STREAM, 0);
    look_up("10.1.2.3", "80", AI_V4MAPPED | AI_ALL, AF_INET6, SOCK_STREAM, 0);
    look_up("10.1.2.3", "80", AI_ALL, AF_INET6, SOCK_STREAM, 0);
    look_up("10.1.2.3", "80", AI_V4MAPPED | AI_CANONNAME, AF_INET6, SOCK_STREAM, 0);
    look_up("::ffff:1.2.3.4", "80", AI_CANONNAME, AF_UNSPEC, SOCK_STREAM, 0);
    look_up("::ffff:1.2.3.4", "80", AI_CANONNAME, AF_INET, SOCK_STREAM, 0);
    look_up("::1", "80", AI_NUMERICHOST | AI_CANONNAME, AF_UNSPEC, SOCK_STREAM, 0);
    look_up("fe80::1", "80", 0, AF_UNSPEC, SOCK_STREAM, 0);
}

static void both(void)
{
    look_up(NULL, "80", AI_PASSIVE, AF_UNSPEC, SOCK_STREAM, 0);
    look_up(NULL, "80", 0, AF_UNSPEC, SOCK_STREAM, 0);
    look_up(NULL, "80", 0, AF_UNSPEC, 0, 0);
    look_up(NULL, "80", AI_PASSIVE, AF_INET6, SOCK_STREAM, 0);
    look_up(NULL, "80", 0, AF_INET6, SOCK_STREAM, 0);
}

static void texts(void)
{
    static const char *const texts[] = { "1.2.3", "0x7f.1", "017.1", "1", "10.0.0.300",
        "1.2.3.4.5", "", "10.1.2.3 ", ":::", "1.2.3.4:80" };
    for (unsigned i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        look_up(texts[i], "80", AI_NUMERICHOST | AI_CANONNAME, AF_UNSPEC, SOCK_STREAM, 0);
        look_up(texts[i], "80", AI_NUMERICHOST, AF_INET, SOCK_STREAM, 0);
    }
}

/* ---- the other way ----------------------------------------------------------------------- */

static void name_of(const char *text, int port, socklen_t host_size, socklen_t service_size,
                    int flags)
{
    struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    char host[100] = "", service[100] = "";
    bool six = strchr(text, ':');
    if (six)
        inet_pton(AF_INET6, text, &in6.sin6_addr);
    else
        inet_pton(AF_INET, text, &in.sin_addr);
    int error = getnameinfo(six ? (struct sockaddr *)&in6 : (struct sockaddr *)&in,
                            six ? sizeof in6 : sizeof in, host_size ? host : NULL, host_size,
                            service_size ? service : NULL, service_size, flags);
    if (error)
        note("%s %d, %x: %d", text, port, (unsigned)flags, error);
    else
        note("%s %d, %x: '%s' '%s'", text, port, (unsigned)flags, host, service);
}

static void to_text(void)
{
    name_of("127.0.0.1", 80, 100, 100, NI_NUMERICHOST);
    name_of("127.0.0.1", 80, 100, 100, NI_NUMERICHOST | NI_NUMERICSERV);
    name_of("10.1.2.3", 53, 100, 100, NI_NUMERICHOST | NI_DGRAM);
    name_of("10.1.2.3", 123, 100, 100, NI_NUMERICHOST);
    name_of("10.1.2.3", 123, 100, 100, NI_NUMERICHOST | NI_DGRAM);
    name_of("::1", 443, 100, 100, NI_NUMERICHOST);
    name_of("::ffff:10.1.2.3", 4, 100, 100, NI_NUMERICHOST);
    name_of("::", 0, 100, 100, NI_NUMERICHOST);
    name_of("127.0.0.1", 80, 100, 0, 0);
}

static void to_nothing(void)
{
    name_of("127.0.0.1", 80, 100, 100, NI_NUMERICHOST | NI_NAMEREQD);
    name_of("127.0.0.1", 80, 9, 0, NI_NUMERICHOST);
    name_of("127.0.0.1", 80, 10, 0, NI_NUMERICHOST);
    name_of("127.0.0.1", 80, 0, 4, 0);
    name_of("127.0.0.1", 80, 0, 5, 0);
    name_of("127.0.0.1", 80, 0, 0, 0);
    name_of("127.0.0.1", 80, 0, 0, NI_NAMEREQD);
    name_of("127.0.0.1", 80, 100, 100, 0x4000);
    struct sockaddr_in in = { .sin_family = AF_INET };
    char host[100];
    RUN(getnameinfo((struct sockaddr *)&in, 8, host, sizeof host, NULL, 0, NI_NUMERICHOST));
    in.sin_family = 99;
    RUN(getnameinfo((struct sockaddr *)&in, sizeof in, host, sizeof host, NULL, 0,
                    NI_NUMERICHOST));
}

/* ---- the old calls ----------------------------------------------------------------------- */

static void note_host(const struct hostent *host)
{
    char text[INET6_ADDRSTRLEN];
    if (!host) {
        note("none, %d", h_errno);
        return;
    }
    note("%s %d %d", host->h_name, host->h_addrtype, host->h_length);
    for (char **at = host->h_addr_list; *at; at++)
        note("  %s", inet_ntop(host->h_addrtype, *at, text, sizeof text));
}

static void old_calls(void)
{
    char buffer[1024];
    struct hostent host, *result;
    int error = 0;
    note_host(gethostbyname("10.1.2.3"));
    note_host(gethostbyname("127.1"));
    note_host(gethostbyname2("::1", AF_INET6));
    note_host(gethostbyname2("10.1.2.3", AF_INET));
    RUN(gethostbyname_r("10.1.2.3", &host, buffer, sizeof buffer, &result, &error));
    note("%d %d %s", result == &host, error, host.h_name);
    RUN(gethostbyname_r("10.1.2.3", &host, buffer, 4, &result, &error));
    note("%d %d", result == NULL, error);
}

/* ---- localhost --------------------------------------------------------------------------- */

/* Asked of the real kernel, before the first case: does this machine's /etc/hosts say what a
 * world's does; has it no IPv6 but the loopback, and some IPv4? */
static bool hosts_as_in_worlds, only_four;

static __attribute__((constructor)) void ask_this_machine(void)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *rows;
    bool six_known = !getaddrinfo("ip6-loopback", NULL, &hints, &rows);
    if (six_known)
        freeaddrinfo(rows);
    if (six_known && !getaddrinfo("localhost", NULL, &hints, &rows)) {
        hosts_as_in_worlds = rows->ai_next && !rows->ai_next->ai_next;
        freeaddrinfo(rows);
    }
    hints.ai_flags = AI_ADDRCONFIG;
    int error = getaddrinfo("::1", "80", &hints, &rows);
    if (!error)
        freeaddrinfo(rows);
    only_four = error == EAI_ADDRFAMILY;
}

static void local_of_both(void)
{
    static const char *const names[] = { "localhost", "LocalHost", "ip6-localhost" };
    if (!hosts_as_in_worlds)
        return;
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        look_up(names[i], "80", AI_CANONNAME, AF_UNSPEC, SOCK_STREAM, 0);
        look_up(names[i], "80", 0, AF_INET, SOCK_STREAM, 0);
        look_up(names[i], "80", 0, AF_INET6, SOCK_STREAM, 0);
        look_up(names[i], NULL, 0, AF_UNSPEC, 0, 0);
        look_up(names[i], "80", AI_V4MAPPED, AF_INET6, SOCK_STREAM, 0);
        look_up(names[i], "80", AI_V4MAPPED | AI_ALL, AF_INET6, SOCK_STREAM, 0);
        look_up(names[i], "80", AI_NUMERICHOST, AF_UNSPEC, SOCK_STREAM, 0);
    }
    name_of("127.0.0.1", 80, 100, 100, 0);
    name_of("::1", 80, 100, 100, 0);
    name_of("127.0.0.1", 80, 100, 100, NI_NAMEREQD);
    name_of("127.0.0.1", 80, 9, 0, 0);
    struct in_addr four = { htonl(INADDR_LOOPBACK) };
    note_host(gethostbyaddr(&four, sizeof four, AF_INET));
    note_host(gethostbyaddr(&in6addr_loopback, sizeof in6addr_loopback, AF_INET6));
    note_host(gethostbyname("LOCALHOST"));
    note_host(gethostbyname2("localhost", AF_INET6));
}

static void configured(void)
{
    if (!only_four)
        return;
    look_up(NULL, "80", AI_ADDRCONFIG, AF_UNSPEC, SOCK_STREAM, 0);
    look_up(NULL, "80", AI_ADDRCONFIG | AI_PASSIVE, AF_UNSPEC, SOCK_STREAM, 0);
    look_up(NULL, "80", AI_ADDRCONFIG, AF_INET6, SOCK_STREAM, 0);
    look_up("::1", "80", AI_ADDRCONFIG, AF_UNSPEC, SOCK_STREAM, 0);
    look_up("::1", "80", AI_ADDRCONFIG, AF_INET6, SOCK_STREAM, 0);
    look_up("10.1.2.3", "80", AI_ADDRCONFIG, AF_UNSPEC, SOCK_STREAM, 0);
    look_up("10.1.2.3", "80", AI_ADDRCONFIG | AI_V4MAPPED, AF_INET6, SOCK_STREAM, 0);
    if (!hosts_as_in_worlds)
        return;
    look_up("localhost", "80", AI_ADDRCONFIG, AF_UNSPEC, SOCK_STREAM, 0);
    look_up("localhost", "80", AI_ADDRCONFIG, AF_INET6, SOCK_STREAM, 0);
}

const struct conformance_case name_cases[] = {
    { "name/numeric", numeric }, { "name/passive", passive }, { "name/services", services },
    { "name/wrong", wrong }, { "name/numbers", numbers }, { "name/service_kinds", service_kinds },
    { "name/kinds", kinds }, { "name/mapped", mapped }, { "name/both", both },
    { "name/texts", texts }, { "name/to_text", to_text }, { "name/to_nothing", to_nothing },
    { "name/old_calls", old_calls },
    { "name/localhost", local_of_both }, { "name/configured", configured },
    { NULL, NULL },
};
