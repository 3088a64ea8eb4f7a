/* readdir() returns NULL at the end, and also when the disk cannot be read: errno tells the two
 * apart, for who asks.
 * expect: swallowed
 * options: --mode disk
 * repaired: reported
 */
#include "zoo.h"
#include <dirent.h>
#include <sys/stat.h>

#define FOLDER "/tmp/zoo-mails"

static int count(int *mails)
{
    DIR *dir = opendir(FOLDER);
    struct dirent *one;
    int err = 0;
    if (!dir) return -errno;
    while ((errno = 0, one = readdir(dir))) *mails += one->d_name[0] != '.';
#ifdef REPAIRED
    err = -errno;
#endif
    closedir(dir);
    return err;
}

static void counts(void **state)
{
    int mails = 0;
    (void)state;
    fit_faults_off();
    mkdir(FOLDER, 0700);
    close(open(FOLDER "/one", O_WRONLY | O_CREAT, 0600));
    close(open(FOLDER "/two", O_WRONLY | O_CREAT, 0600));
    fit_faults_on();
    struct fit_op *op = fit_op("count");
    int err = count(&mails);
    told(op, err, &mails, sizeof mails);
}
ZOO_MAIN(counts)
