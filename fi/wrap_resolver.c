/* The resolver behind getaddrinfo, when programs use it themselves: refused. It asks the network
 * with calls of its own inside libc, which no definition of ours can see. */
#include <netdb.h>
#include <resolv.h>

#include "fi/wrap.h"

static const char advice[] = "use getaddrinfo(), or a resolver that asks by sockets of its own";

#define NOT_SIMULATED(name, parameters, ...)                                                  \
    FIT_EXPORT int name parameters;                                                           \
    FIT_EXPORT int name parameters                                                            \
    {                                                                                         \
        if (!fit__passes()) fit__unsupported(#name, FIT_CALLER, advice);                      \
        return FIT_NEXT(name)(__VA_ARGS__);                                                   \
    }                                                                                         \
    FIT_ALIAS(__##name, name)
#define NAME const char *name
#define QUESTION const char *name, int class, int type
#define ANSWER unsigned char *answer, int size
#define MESSAGE const unsigned char *message, int length

NOT_SIMULATED(res_query, (QUESTION, ANSWER), name, class, type, answer, size);
NOT_SIMULATED(res_search, (QUESTION, ANSWER), name, class, type, answer, size);
NOT_SIMULATED(res_send, (MESSAGE, ANSWER), message, length, answer, size);
NOT_SIMULATED(res_querydomain, (NAME, const char *domain, int class, int type, ANSWER),
              name, domain, class, type, answer, size);
NOT_SIMULATED(res_nquery, (res_state state, QUESTION, ANSWER),
              state, name, class, type, answer, size);
NOT_SIMULATED(res_nsearch, (res_state state, QUESTION, ANSWER),
              state, name, class, type, answer, size);
NOT_SIMULATED(res_nsend, (res_state state, MESSAGE, ANSWER),
              state, message, length, answer, size);
NOT_SIMULATED(res_nquerydomain, (res_state state, NAME, const char *domain, int class, int type,
                                 ANSWER), state, name, domain, class, type, answer, size);
