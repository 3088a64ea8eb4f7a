/* What the program itself allocates is not looked at. Its library ends the program where memory is
 * short, by its own design, so that only the program's own allocations are tried.
 * libs: glib-2.0
 * options: --mode memory --memory service
 * expect: crash
 * repaired: reported
 */
#include "zoo.h"

#include <glib.h>

static int greet(char *out, size_t size, const char *name)
{
    char *upper = g_ascii_strup(name, -1);           /* aborts where there is no memory */
    char *text = malloc(size);
#ifdef REPAIRED
    if (!text) {
        g_free(upper);
        return -ENOMEM;
    }
#endif
    snprintf(text, size, "hello %s", upper);
    memcpy(out, text, size);
    free(text);
    g_free(upper);
    return 0;
}

static void greets(void **state)
{
    char text[64] = "";
    (void)state;
    struct fit_op *op = fit_op("greet");
    int err = greet(text, sizeof text, "world");
    told(op, err, text, strlen(text));
}
ZOO_MAIN(greets)
