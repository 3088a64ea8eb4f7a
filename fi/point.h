/* faulttest/point.h - the only header of Faulttest that product code may include.
 *
 * Without -DFAULTTEST everything here compiles to nothing: no call, no data, no library.
 * With it, link libfaulttest (or weak no-op stubs are used and nothing happens).
 * Copy this file into your tree if you do not want a build dependency.
 * `name` is a string literal of letters, digits, '_', '-', '.' and '/'; the same name may
 * occur in several places. All may be used on any thread, in C and C++, at any time.
 */
#ifndef FAULTTEST_POINT_H
#define FAULTTEST_POINT_H

/* FAULT_POINT(name, codes...): something of your own can fail here. An expression of type int:
 * 0, or in one case each of the codes listed (none listed: 1). Evaluated once.
 *   int err = FAULT_POINT("cache/insert", ENOMEM, EBUSY);
 *   if (err) return -err;
 *
 * FAULT_RAISE(name, statement): this callback can raise an exception here: C++ throw, longjmp
 * to your guard, your language's error. In one case `statement` is executed. A statement.
 *   FAULT_RAISE("on_body", longjmp(conn->guard, SVC_EINTERNAL));
 *   FAULT_RAISE("on_body", throw std::bad_alloc());
 *
 * FAULT_MARK(name): a rare path was taken. Counted in each case: fit_marked(). A mark that no case
 * of the whole sweep reaches is listed in the report; `faulttest run --fail-on unreached-mark`
 * makes it a failure. A statement.
 *   FAULT_MARK("retry/exhausted");
 *
 * FAULT_CANCEL_POINT(): in a loop of your own, once per turn and outside every callback: here a
 * caller could cancel. Not needed with libuv, libevent, libev, GLib. A statement. */
#ifdef FAULTTEST
#ifdef __cplusplus
extern "C" {
#endif
int fit__point(const char *name, const int *codes, unsigned count) __attribute__((weak));
int fit__raise(const char *name) __attribute__((weak));
void fit__mark(const char *name) __attribute__((weak));
void fit__cancel_point(void) __attribute__((weak));
#ifdef __cplusplus
}
#endif
#define FAULT_POINT(...) FAULT__POINT(__VA_ARGS__, 0)
#define FAULT__POINT(name, ...)                                                        \
    (__extension__({ static const int fit__codes[] = { __VA_ARGS__ };                \
       fit__point ? fit__point("" name, fit__codes,                                  \
                               sizeof fit__codes / sizeof fit__codes[0] - 1) : 0; }))
#define FAULT_RAISE(name, statement) \
    do { if (fit__raise && fit__raise("" name)) { statement; } } while (0)
#define FAULT_MARK(name) \
    do { FAULT__NOTE(name); if (fit__mark) fit__mark("" name); } while (0)
/* An ELF note with the mark's name: so it is known, too, where nothing ever comes by. */
#define FAULT__NOTE(name)                                                              \
    __asm__ volatile (".pushsection .note.faulttest,\"a?\",%note\n"                    \
                      ".balign 4\n.long 992f-991f, 994f-993f, 1\n"                     \
                      "991: .asciz \"faulttest\"\n992: .balign 4\n"                    \
                      "993: .asciz \"" name "\"\n994: .balign 4\n.popsection")
#define FAULT_CANCEL_POINT() do { if (fit__cancel_point) fit__cancel_point(); } while (0)
#else
#define FAULT_POINT(...)             0
#define FAULT_RAISE(name, statement) do { } while (0)
#define FAULT_MARK(name)             do { } while (0)
#define FAULT_CANCEL_POINT()         do { } while (0)
#endif
#endif
