/* perf/weft-kv/flow: busy time is that in which at least one transfer is under way. */
#include <criterion/criterion.h>

#include "../../perf/weft-kv/flow.h"

Test(flow, busy__overlaps_count_once)
{
    struct weft_kv_flow flow = {0};

    weft_kv_flow_start(&flow, 100, 1, 1000);
    weft_kv_flow_start(&flow, 200, 2, 1500);
    weft_kv_flow_end(&flow, 2000);
    cr_expect_eq(flow.busy_ns, 0, "one is still under way");
    weft_kv_flow_end(&flow, 3000);
    weft_kv_flow_start(&flow, 50, 1, 10000);
    weft_kv_flow_end(&flow, 10500);
    cr_expect_eq(flow.busy_ns, 2500);
    cr_expect_eq(flow.bytes, 350);
    cr_expect_eq(flow.blocks, 4);
    cr_expect_eq(flow.transfers, 3);
}
