/* The CUDA transport: GPUs, and copies between them and host memory, by their copy engines. */
#ifndef WEFT_CUDA_H
#define WEFT_CUDA_H

#include "weft_transport.h"

extern const struct weft_transport_ops weft_cuda_transport;

#endif
