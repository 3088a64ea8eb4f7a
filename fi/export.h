/* fi/export.h - what the outside of libfaulttest.so can see. Everything else is hidden. */
#ifndef FI_EXPORT_H
#define FI_EXPORT_H

#define FIT_EXPORT __attribute__((visibility("default")))

#endif
