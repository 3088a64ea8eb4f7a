/* g_malloc() and its like end the program where there is no memory: GLib's design.
 * libs: glib-2.0
 * options: --mode memory
 * expect: none
 * repaired: reported
 * allowed: library-abort
 */
#include "zoo.h"

#include <glib.h>

static void grows(void **state)
{
    struct fit_op *op = fit_op("text");
    char *own = strdup("a text of our own");
    (void)state;
    if (!own) {
        told(op, -ENOMEM, NULL, 0);
        return;
    }
    GString *text = g_string_new(own);
    g_string_append(text, ", which grows beyond what it was made for");
    told(op, 0, text->str, text->len);
    g_string_free(text, TRUE);
    free(own);
}
ZOO_MAIN(grows)
