/* fi/symbols.h - which function an address lies in, and whose it is.
 *
 * Reads .symtab (static functions too) of the program and its own libraries, .dynsym of the
 * system's. Names are cut at compiler suffixes (.constprop.0, .isra.0, .part.1, .cold). All
 * texts live as long as the process. Objects loaded later are found on the next look-up. */
#ifndef FI_SYMBOLS_H
#define FI_SYMBOLS_H

#include <stdbool.h>
#include <stdint.h>

struct fit__symbol {
    const char *function;    /* NULL: unknown. Without .symtab: the nearest exported one below */
    bool exact;              /* the address really lies in `function` */
    const char *object;      /* path of the object file */
    const char *library;     /* short: "libuv", "libcurl", "libc"; for the program its file name */
    uintptr_t load_address;  /* return address - load_address is what debug information knows */
    bool users;              /* the program, or a library outside the system's folders */
    bool ours;               /* libfaulttest */
    bool glibc;              /* the C library, its loader, and the libraries built with it */
    bool sanitizer;          /* the runtime of AddressSanitizer, or of undefined behaviour */
};

/* `address` is a return address, as it is; add 1 to a pointer to a function (a return address
 * may be the start of the next function). False: in no object file. */
bool fit__symbol_of(const void *address, struct fit__symbol *symbol);

/* Our definitions are the first found: NULL, or a sentence that says which one is not, whose
 * is found instead and what to do. Call it at start, in no world. */
const char *fit__unarmed_reason(void);

/* The extent of libfaulttest in memory; 0, 0 when it is part of the program itself. */
void fit__symbols_self(uintptr_t *start, uintptr_t *end);

#endif
