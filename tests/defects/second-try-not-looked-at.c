/* Where there is no memory a spare block is given back and all is tried again; that this can fail,
 * too, is forgotten. Only a shortage that lasts shows it.
 * expect: crash
 * options: --mode memory
 * symptom: in greet
 * repaired: reported unaffected
 */
#include "zoo.h"

/* Volatile: what is allocated and never read is left out by compilers. */
static char *volatile spare;

static int greet(char *out, size_t size)
{
    char *volatile text = malloc(size);
    if (!text) {
        free(spare);
        spare = NULL;
        text = malloc(size);
    }
#ifdef REPAIRED
    if (!text) return -ENOMEM;
#endif
    snprintf(text, size, "hello");
    memcpy(out, text, size);
    free(text);
    return 0;
}

static void greets(void **state)
{
    char text[64] = "";
    (void)state;
    fit_faults_off();
    spare = malloc(1000);
    fit_faults_on();
    struct fit_op *op = fit_op("greet");
    int err = greet(text, sizeof text);
    told(op, err, text, strlen(text));
    free(spare);
}
ZOO_MAIN(greets)
