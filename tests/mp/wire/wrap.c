/* What the linker puts in place of functions that transports/udp calls in this program: what no
 * setting says, since nothing but a test needs it. */
#include "run.h"

#define WIDE_BYTES        1472  /* Ethernet's 1500 without IP and UDP */
#define RACK_BYTES        8972  /* jumbo frames' 9000 */
#define RACK_WINDOW_BYTES 32768 /* 25 Mb/s in 10 ms */

enum mpsim_scale mpwire_scale;
bool mpwire_has_own_times;

uint32_t __wrap_weft_udp_socket_datagram_bytes(int fd, bool is_v6);
void __real_weft_mp_defaults(struct weft_mp_config *config);
void __wrap_weft_mp_defaults(struct weft_mp_config *config);

uint32_t mpwire_datagram_bytes(void)
{
    return mpwire_scale == MPSIM_RACK ? RACK_BYTES : WIDE_BYTES;
}

/* Loopback takes 64 KiB at once; the networks of the table do not. */
uint32_t __wrap_weft_udp_socket_datagram_bytes(int fd, bool is_v6)
{
    (void)fd;
    (void)is_v6;
    return mpwire_datagram_bytes();
}

/* All links are as slow as those of the internet, those of a rack as well: slower than what a
 * rack's times are made for. Its first window is what fits on the way, as on the fast one. */
void __wrap_weft_mp_defaults(struct weft_mp_config *config)
{
    __real_weft_mp_defaults(config);
    if (!mpwire_has_own_times)
        mpsim_scale_times(MPSIM_WIDE, config);
    if (!mpwire_has_own_times && mpwire_scale == MPSIM_RACK)
        config->first_window_bytes = RACK_WINDOW_BYTES;
}
