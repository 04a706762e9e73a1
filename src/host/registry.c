/* The table of transports. A new transport adds its row, and nothing else of the library changes.
 * */
#include "registry.h"

#include "../base/text.h"

#include "cuda/cuda.h"
#include "hook/fault.h"
#include "host/host.h"
#include "tcp/tcp.h"
#include "udp/udp.h"

/* cuda: a copy engine starts 4 us after the submit on H100-class machines (UCX's cuda_copy model,
 * 4.0 us). host: waking a copying thread. */
static const struct weft_registry_row rows[] = {
    {&weft_cuda_transport, "copy engines of NVIDIA GPUs, by the CUDA driver", 4000, true},
    {&weft_host_transport, "host memory to host memory, by copying threads", 1000, false},
};

_Static_assert(WEFT_ARRAY_COUNT(rows) <= WEFT_TRANSPORTS_MAX, "raise WEFT_TRANSPORTS_MAX");

const struct weft_registry_row *weft_registry_row(uint32_t index)
{
    return index < WEFT_ARRAY_COUNT(rows) ? &rows[index] : NULL;
}

static const struct weft_net_ops *const nets[] = {&weft_tcp_net, &weft_udp_net};

const struct weft_net_ops *weft_registry_net(const char *name)
{
    for (uint32_t i = 0; i < WEFT_ARRAY_COUNT(nets); i++)
        if (weft_text_equal(nets[i]->name, name))
            return nets[i];
    return NULL;
}

weftResult_t weft_registry_wrap(const struct weft_registry_row *row, const char *plan,
                                const struct weft_transport_ops **ops, char why[256])
{
    return weft_fault_wrap(row->ops, plan, ops, why);
}
