/* A wrapper of malloc() that ends the program, as its author thought fit: abort, and not
 * library-abort.
 * options: --mode memory
 * expect: abort
 * repaired: reported
 */
#include "zoo.h"

static void *get_memory(size_t size)
{
    void *block = malloc(size);
#ifndef REPAIRED
    if (!block) abort();
#endif
    return block;
}

static void gets_memory(void **state)
{
    struct fit_op *op = fit_op("memory");
    void *block = get_memory(100);
    (void)state;
    told(op, block ? 0 : -ENOMEM, "got", 3);
    free(block);
}
ZOO_MAIN(gets_memory)
