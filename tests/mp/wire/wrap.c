/* What the linker puts in place of a function that transports/udp calls in this program: what no
 * setting says, since nothing but a test needs it. All else is as transports/udp has it. */
#include "run.h"

#define WIDE_BYTES 1472 /* Ethernet's 1500 without IP and UDP */
#define RACK_BYTES 8972 /* jumbo frames' 9000 */

enum mpsim_scale mpwire_scale;

uint32_t __wrap_weft_udp_socket_datagram_bytes(int fd, bool is_v6);

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
