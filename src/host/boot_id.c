/* Unique ids as bytes; see boot_id.h. */
#include "boot_id.h"

#include "../base/buf.h"
#include "../base/hash.h"

#define ID_MAGIC     0x44495557u /* "WUID" */
#define BYTES_HASHED (WEFT_UNIQUE_ID_BYTES - 8)

bool weft_boot_id_write(const struct weft_boot_id *id, weftUniqueId *bytes)
{
    struct weft_writer writer = weft_writer_of(bytes->internal, sizeof(bytes->internal));

    for (size_t i = WEFT_BOOT_ADDRESS_BYTES; i < WEFT_NET_ADDRESS_BYTES; i++)
        if (id->address[i] != 0)
            return false;
    weft_writer_number(&writer, ID_MAGIC, 4);
    weft_writer_number(&writer, WEFT_BOOT_ID_VERSION, 2);
    weft_writer_number(&writer, id->has_address, 2);
    weft_writer_bytes(&writer, id->process, sizeof(id->process));
    weft_writer_bytes(&writer, id->address, WEFT_BOOT_ADDRESS_BYTES);
    weft_writer_number(&writer, weft_hash_bytes(WEFT_HASH_SEED, bytes->internal, BYTES_HASHED), 8);
    weft_assert(!writer.failed);
    weft_assert(writer.used == sizeof(bytes->internal));
    return true;
}

const char *weft_boot_id_read(const weftUniqueId *bytes, struct weft_boot_id *id)
{
    struct weft_reader reader = weft_reader_of(bytes->internal, sizeof(bytes->internal));
    uint64_t magic = weft_reader_number(&reader, 4);
    uint64_t version = weft_reader_number(&reader, 2);
    uint64_t has_address = weft_reader_number(&reader, 2);

    if (magic != ID_MAGIC)
        return "the id was not made by weftGetUniqueId";
    if (version != WEFT_BOOT_ID_VERSION)
        return "the id is of another version of Weft; all ranks need the same one";
    memset(id, 0, sizeof(*id));
    weft_reader_bytes(&reader, id->process, sizeof(id->process));
    weft_reader_bytes(&reader, id->address, WEFT_BOOT_ADDRESS_BYTES);
    id->has_address = has_address != 0;
    if (weft_reader_number(&reader, 8) !=
        weft_hash_bytes(WEFT_HASH_SEED, bytes->internal, BYTES_HASHED))
        return "the id was damaged on its way; send all 128 bytes unchanged";
    return NULL;
}
