/* What driver calls and copy engines cost on the emulated machine: every constant of the model.
 *
 * Measured by us on an H200 with driver 13.0; the HBM rate is what a copy inside the device
 * reaches. Times are ns and rates bytes per us of the machine's own time. */
#ifndef WEFT_EMU_COSTS_H
#define WEFT_EMU_COSTS_H

enum weft_emu_costs {
    /* CPU time of the calling thread */
    WEFT_EMU_SUBMIT_HOST_COPY_NS = 1100,   /* a copy between host and device */
    WEFT_EMU_SUBMIT_DEVICE_COPY_NS = 3300, /* a copy inside a device, or between two */
    WEFT_EMU_SUBMIT_EVENT_NS = 150, /* event record, event and stream query, wait for event */
    WEFT_EMU_SUBMIT_VALUE_NS = 700, /* stream write value, stream wait value */
    WEFT_EMU_SUBMIT_BATCH_NS = 800, /* a batch, and for each of its copies: */
    WEFT_EMU_SUBMIT_DESCRIPTOR_NS = 340,

    /* from the call to the start of an idle engine; passes while the copy queues */
    WEFT_EMU_LATENCY_NS = 2500,

    /* the engine before bytes flow */
    WEFT_EMU_SETUP_NS = 2000,           /* an operation */
    WEFT_EMU_SETUP_DESCRIPTOR_NS = 420, /* each further copy of a batch */
    WEFT_EMU_SETUP_SMALL_NS = 1200,     /* the same, host to device, up to SMALL_BYTES */
    WEFT_EMU_SMALL_BYTES = 16384,
    WEFT_EMU_GROUP_COPIES = 32, /* copies of a batch whose set-up is spent at once, then their
                                   bytes: fewer events for the same sum */

    WEFT_EMU_HBM_BYTES_PER_US = 1500000,     /* inside a device */
    WEFT_EMU_HOST_COPY_BYTES_PER_US = 12000, /* from host memory to host memory */
    WEFT_EMU_PAGEABLE_DIVISOR = 2,           /* unregistered host memory halves a copy's rate */
};

#endif
