/* Lines of a request trace: any bytes give a request within its bounds, or a reason. */
#include "../../perf/weft-kv/trace_file.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct weft_kv_request request;
    char why[WEFT_WHY_BYTES] = "";

    if (!weft_trace_line_parse((const char *)bytes, size, &request, why)) {
        weft_assert(why[0] != '\0');
        return 0;
    }
    weft_assert(request.block_count <= WEFT_KV_REQUEST_BLOCKS_MAX);
    weft_assert(request.input_tokens <= WEFT_KV_TOKENS_MAX);
    weft_assert(request.output_tokens <= WEFT_KV_TOKENS_MAX);
    return 0;
}
