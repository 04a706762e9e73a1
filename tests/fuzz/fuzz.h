/* A fuzz target: a function of some bytes that returns 0, or ends the program where a promise is
 * broken. libFuzzer calls it with bytes of its own making, main.c with the files of a corpus. */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include "base/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#endif
