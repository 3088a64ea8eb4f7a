/* fi/hot.h - what nearly every case writes.
 *
 * A case is a copy of the process, and the first write to a page copies that page, which takes
 * as long as some hundred calls. So small variables that nearly every case writes lie side by side,
 * and not each on a page of its own among large ones. */
#ifndef FI_HOT_H
#define FI_HOT_H

#define FIT_HOT __attribute__((section("fit_hot")))

#endif
