/* Pinned pieces, their counts and their seams, with a driver that only notes what it is told. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "cuda/cuda_pin.h"

#define PAGE  4096u
#define PAGES 16

static char *memory;       /* PAGES of it */
static char log_text[512]; /* "+first:count" and "-first", in pages */
static uint32_t foreign_first;
static uint32_t foreign_end; /* pages that somebody else has pinned */
static weft_cuda_result register_result;

static void note(char sign, const void *at, size_t size)
{
    size_t used = strlen(log_text);

    snprintf(log_text + used, sizeof(log_text) - used, "%c%zu:%zu ", sign,
             (size_t)((const char *)at - memory) / PAGE, size / PAGE);
}

static weft_cuda_result fake_register(void *at, size_t size, unsigned int flags)
{
    cr_assert_eq(flags, WEFT_CUDA_HOST_REGISTER_PORTABLE);
    if (register_result == WEFT_CUDA_SUCCESS)
        note('+', at, size);
    return register_result;
}

static weft_cuda_result fake_unregister(void *at)
{
    note('-', at, 0);
    return WEFT_CUDA_SUCCESS;
}

static weft_cuda_result fake_attribute(void *answer, weft_cuda_pointer_attribute attribute,
                                       weft_cuda_ptr pointer)
{
    size_t page = (size_t)(pointer - (uintptr_t)memory) / PAGE;

    cr_assert_eq(attribute, WEFT_CUDA_POINTER_MEMORY_TYPE);
    if (page < foreign_first || page >= foreign_end)
        return WEFT_CUDA_INVALID_VALUE;
    *(unsigned *)answer = WEFT_CUDA_MEMORY_HOST;
    return WEFT_CUDA_SUCCESS;
}

static weft_cuda_result fake_text(weft_cuda_result error, const char **text)
{
    (void)error;
    *text = "FAKE";
    return WEFT_CUDA_SUCCESS;
}

static const struct weft_cuda_driver driver = {
    .host_register = fake_register,
    .host_unregister = fake_unregister,
    .pointer_attribute = fake_attribute,
    .error_name = fake_text,
    .error_string = fake_text,
};

static void memory_make(void)
{
    memory = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cr_assert_neq(memory, MAP_FAILED);
}

/* Pins pages [first, first + count) and says the seams, in pages. */
static weftResult_t pin(uint32_t first, uint32_t count, char seams_text[64])
{
    struct weft_cuda_seams seams;
    char why[256] = "";
    weftResult_t result = weft_cuda_pin(&driver, memory + first * PAGE, count * PAGE, &seams, why);

    seams_text[0] = '\0';
    for (uint32_t i = 0; result == weftSuccess && i < seams.count; i++) {
        size_t used = strlen(seams_text);

        snprintf(seams_text + used, 64 - used, "%zu ",
                 (size_t)(seams.at[i] - (uintptr_t)memory) / PAGE);
    }
    return result;
}

static void unpin(uint32_t first, uint32_t count)
{
    weft_cuda_unpin(&driver, memory + first * PAGE, count * PAGE);
}

/* A step: pin or unpin a range of pages; what the driver is told and where seams are. */
static const struct {
    char what;
    uint32_t first;
    uint32_t count;
    const char *told;
    const char *seams;
} steps[] = {
    {'+', 4, 4, "+4:4 ", ""},
    {'+', 4, 4, "", ""},               /* again: counted */
    {'+', 2, 8, "+2:2 +8:2 ", "4 8 "}, /* around it: the gaps */
    {'+', 5, 1, "", ""},               /* inside it */
    {'-', 4, 4, "", ""},
    {'-', 4, 4, "", ""},           /* the large one still lies on the piece */
    {'-', 2, 8, "-2:0 -8:0 ", ""}, /* the small one inside still does */
    {'+', 8, 2, "+8:2 ", ""},
    {'-', 5, 1, "-4:0 ", ""},
    {'-', 8, 2, "-8:0 ", ""},
};

Test(cuda_pin, pin__overlapping_windows)
{
    memory_make();
    for (size_t i = 0; i < WEFT_ARRAY_COUNT(steps); i++) {
        char seams[64] = "";

        log_text[0] = '\0';
        if (steps[i].what == '+')
            cr_assert_eq(pin(steps[i].first, steps[i].count, seams), weftSuccess);
        else
            unpin(steps[i].first, steps[i].count);
        cr_assert_str_eq(log_text, steps[i].told, "step %zu", i);
        cr_assert_str_eq(seams, steps[i].seams, "step %zu", i);
    }
}

/* Windows that share a page share its piece. */
Test(cuda_pin, pin__parts_of_pages)
{
    struct weft_cuda_seams seams;
    char why[256] = "";

    memory_make();
    cr_assert_eq(weft_cuda_pin(&driver, memory + 100, PAGE, &seams, why), weftSuccess);
    cr_assert_eq(weft_cuda_pin(&driver, memory + PAGE + 500, 8, &seams, why), weftSuccess);
    cr_assert_str_eq(log_text, "+0:2 ");
    weft_cuda_unpin(&driver, memory + 100, PAGE);
    cr_assert_str_eq(log_text, "+0:2 ");
    weft_cuda_unpin(&driver, memory + PAGE + 500, 8);
    cr_assert_str_eq(log_text, "+0:2 -0:0 ");
}

Test(cuda_pin, pin__of_somebody_else)
{
    char seams[64];

    memory_make();
    foreign_first = 4;
    foreign_end = 8;
    cr_assert_eq(pin(4, 4, seams), weftSuccess);
    unpin(4, 4);
    cr_assert_str_eq(log_text, "");
}

/* A range that fails half-way leaves nothing behind. */
Test(cuda_pin, pin__fails)
{
    static const struct {
        weft_cuda_result error;
        weftResult_t result;
    } cases[] = {
        {WEFT_CUDA_OUT_OF_MEMORY, weftNoResource},
        {WEFT_CUDA_INVALID_VALUE, weftInvalidArgument},
        {WEFT_CUDA_HOST_MEMORY_ALREADY_REGISTERED, weftInvalidArgument},
        {WEFT_CUDA_UNKNOWN, weftUnhandledCudaError},
    };
    char seams[64];

    memory_make();
    cr_assert_eq(pin(2, 2, seams), weftSuccess);
    for (size_t i = 0; i < WEFT_ARRAY_COUNT(cases); i++) {
        register_result = cases[i].error;
        cr_assert_eq(pin(2, 6, seams), cases[i].result, "case %zu", i);
    }
    register_result = WEFT_CUDA_SUCCESS;
    cr_assert_str_eq(log_text, "+2:2 ");
    unpin(2, 2);
    cr_assert_str_eq(log_text, "+2:2 -2:0 ");
}

Test(cuda_pin, pin__too_many_pieces)
{
    char *many =
        mmap(NULL, 2 * 64 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct weft_cuda_seams seams;
    char why[256] = "";

    cr_assert_neq(many, MAP_FAILED);
    memory = many;
    for (size_t i = 0; i < 2 * 64; i += 2)
        cr_assert_eq(weft_cuda_pin(&driver, many + i * PAGE, PAGE, &seams, why), weftSuccess);
    cr_assert_eq(weft_cuda_pin(&driver, many, 2 * 64 * PAGE, &seams, why), weftNoResource);
    cr_assert_not_null(strstr(why, "register the large window first"), "%s", why);
    /* The gaps were given back: each can be pinned anew, as a piece of its own. */
    log_text[0] = '\0';
    cr_assert_eq(weft_cuda_pin(&driver, many + PAGE, PAGE, &seams, why), weftSuccess);
    cr_assert_str_eq(log_text, "+1:1 ");
}
