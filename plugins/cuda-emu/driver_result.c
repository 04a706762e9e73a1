/* Names and sentences of results, and functions by name. */
#include "driver.h"

#include <string.h>

#include "base/text.h"

struct result_row {
    int number;
    const char *name;
    const char *sentence;
};

static const struct result_row result_rows[] = {
#define EMU_RESULT(number, name, sentence) {number, #name, sentence},
#include "results.def"
#undef EMU_RESULT
};

static const struct result_row *row_of(weft_cuda_result result)
{
    for (uint32_t i = 0; i < WEFT_ARRAY_COUNT(result_rows); i++)
        if (result_rows[i].number == (int)result)
            return &result_rows[i];
    return NULL;
}

weft_cuda_result cuGetErrorName(weft_cuda_result error, const char **name)
{
    const struct result_row *row = row_of(error);

    if (name == NULL || row == NULL)
        return WEFT_CUDA_INVALID_VALUE;
    *name = row->name;
    return WEFT_CUDA_SUCCESS;
}

weft_cuda_result cuGetErrorString(weft_cuda_result error, const char **text)
{
    const struct result_row *row = row_of(error);

    if (text == NULL || row == NULL)
        return WEFT_CUDA_INVALID_VALUE;
    *text = row->sentence;
    return WEFT_CUDA_SUCCESS;
}

/* ISO C has no conversion between functions and objects; POSIX gives both the same size. */
union entry_point {
    void (*function)(void);
    void *object;
};

struct function_row {
    const char *symbol;
    void (*function)(void);
};

static const struct function_row function_rows[] = {
#define CUDA_FUNCTION(result, field, symbol, arguments) {#symbol, (void (*)(void))symbol},
#define CUDA_FUNCTION_OPTIONAL                          CUDA_FUNCTION
#include "cuda/cuda_functions.def"
#include "emu_functions.def"
#undef CUDA_FUNCTION
#undef CUDA_FUNCTION_OPTIONAL
};

/* True when `symbol` is `name` or `name` with a version behind it. */
static bool is_version_of(const char *symbol, const char *name)
{
    size_t length = strlen(name);

    if (!weft_text_starts(symbol, name))
        return false;
    return symbol[length] == '\0' || weft_text_starts(symbol + length, "_v");
}

/* The newest version goes: names are asked for without one. */
weft_cuda_result cuGetProcAddress_v2(const char *symbol, void **function, int version,
                                     weft_cuda_word flags, int *status)
{
    const struct function_row *found = NULL;
    union entry_point entry;

    (void)version;
    (void)flags;
    if (symbol == NULL || function == NULL)
        return WEFT_CUDA_INVALID_VALUE;
    for (uint32_t i = 0; i < WEFT_ARRAY_COUNT(function_rows); i++) {
        const struct function_row *row = &function_rows[i];

        if (is_version_of(row->symbol, symbol) &&
            (found == NULL || strcmp(row->symbol, found->symbol) > 0))
            found = row;
    }
    if (status != NULL)
        *status = found == NULL ? WEFT_EMU_PROC_NOT_FOUND : WEFT_EMU_PROC_FOUND;
    entry.function = found == NULL ? NULL : found->function;
    *function = entry.object;
    return found == NULL ? WEFT_CUDA_NOT_FOUND : WEFT_CUDA_SUCCESS;
}
