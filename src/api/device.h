/* Devices by their DevID. */
#ifndef WEFT_API_DEVICE_H
#define WEFT_API_DEVICE_H

#include "comm.h"

/* The topology's index of a DevID of this server. weftInvalidArgument: it names no device. */
weftResult_t weft_device_get(const char *call, const struct weft_comm *comm, weftDevId_t id,
                             uint32_t *device);

#endif
