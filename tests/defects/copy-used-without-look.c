/* What strdup() and asprintf() return is used without a look at it.
 * options: --mode memory
 * expect: crash
 * repaired: reported
 */
#include "zoo.h"

static int greeting(const char *name, char **text)
{
    char *copy = strdup(name);
#ifdef REPAIRED
    if (!copy) return -ENOMEM;
#endif
    copy[0] = 'N';
    int length = asprintf(text, "hello %s", copy);
    free(copy);
    return length < 0 ? -ENOMEM : 0;
}

static void greets(void **state)
{
    struct fit_op *op = fit_op("greeting");
    char *text = NULL;
    int err = greeting("noon", &text);
    (void)state;
    told(op, err, text, err ? 0 : strlen(text));
    if (!err) free(text);
}
ZOO_MAIN(greets)
