/* entropy.c - random bytes that are the same in every run: a counter, mixed (splitmix64). */
#include <string.h>

#include "harness/world/objects.h"

static const uint64_t seed = 0x6661756c74746573;
static uint64_t counter = 0x6661756c74746573;

static uint64_t next(void)
{
    uint64_t x = counter += 0x9e3779b97f4a7c15;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
}

void fit__entropy_restart(void)
{
    counter = seed;
}

void fit__entropy(void *buffer, size_t size)
{
    for (size_t done = 0; done < size; done += sizeof(uint64_t)) {
        uint64_t word = next();
        size_t part = size - done < sizeof word ? size - done : sizeof word;
        memcpy((char *)buffer + done, &word, part);
    }
}
