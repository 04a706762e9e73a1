/* Loading a CUDA driver that is none, and PCI addresses. */
#include <criterion/criterion.h>
#include <string.h>

#include "cuda/cuda_driver.h"

Test(cuda_driver, bus_normalise__spellings)
{
    static const struct {
        const char *bus;
        const char *text;
    } cases[] = {
        {"0000:1b:00.0", "0000:1b:00.0"},
        {"00000000:1B:00.0", "0000:1b:00.0"},
        {"0:6:0.0", "0000:06:00.0"},
        {"00010000:C1:1F.7", "10000:c1:1f.7"},
        {"0000:1b:00", ""},
        {"1b:00.0", ""},
        {"0000:1b:00.0x", ""},
        {"0000:1b:00.", ""},
        {"0000:1bb:00.0", ""},
        {"", ""},
        {"gpu0", ""},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(cases); i++) {
        char text[WEFT_CUDA_BUS_BYTES];

        cr_assert_eq(weft_cuda_bus_normalise(cases[i].bus, text), cases[i].text[0] != '\0', "%s",
                     cases[i].bus);
        cr_assert_str_eq(text, cases[i].text, "%s", cases[i].bus);
    }
}

Test(cuda_driver, load__no_such_file)
{
    const struct weft_cuda_driver *driver = NULL;
    char why[256] = "";

    cr_assert_eq(weft_cuda_driver_load("libno-such-driver.so.1", &driver, why), weftInvalidUsage);
    cr_assert_null(driver);
    cr_assert_not_null(strstr(why, "no CUDA driver: libno-such-driver.so.1"), "%s", why);
    cr_assert_not_null(strstr(why, "cuda_driver"), "%s", why);
}

Test(cuda_driver, load__another_library)
{
    const struct weft_cuda_driver *driver = NULL;
    char why[256] = "";

    cr_assert_eq(weft_cuda_driver_load("libm.so.6", &driver, why), weftUnhandledCudaError);
    cr_assert_null(driver);
    cr_assert_not_null(strstr(why, "libm.so.6 has no function cuInit"), "%s", why);
}
