/* Requests of the status port: any bytes give a kind, no byte behind them is read, and one that is
 * decided stays decided whatever follows. */
#include "fuzz.h"
#include "host/status_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    enum weft_status_request whole;
    enum weft_status_request part;

    if (size > WEFT_STATUS_REQUEST_BYTES)
        size = WEFT_STATUS_REQUEST_BYTES;
    whole = weft_status_request_read((const char *)bytes, size);
    part = weft_status_request_read((const char *)bytes, size / 2);
    weft_assert(whole < WEFT_STATUS_NO_ANSWER);
    weft_assert(size < WEFT_STATUS_REQUEST_BYTES || whole != WEFT_STATUS_MORE);
    weft_assert(part == WEFT_STATUS_MORE || part == whole || whole == WEFT_STATUS_GARBAGE);
    return 0;
}
