/* p = realloc(p, ...): when there is no memory, the block that is still there is lost.
 * options: --mode memory
 * expect: leak-memory
 * repaired: reported
 */
#include "zoo.h"

static char *numbers_up_to(int last)
{
    char *text = NULL;
    size_t have = 0;
    for (int i = 1; i <= last; i++) {
#ifdef REPAIRED
        char *more = realloc(text, have + 12);
        if (!more) {
            free(text);
            return NULL;
        }
        text = more;
#else
        text = realloc(text, have + 12);
        if (!text) return NULL;
#endif
        have += (size_t)snprintf(text + have, 12, "%d ", i);
    }
    return text;
}

static void counts(void **state)
{
    struct fit_op *op = fit_op("numbers");
    char *text = numbers_up_to(5);
    (void)state;
    told(op, text ? 0 : -ENOMEM, text, text ? strlen(text) : 0);
    free(text);
}
ZOO_MAIN(counts)
