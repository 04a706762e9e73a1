/* Reading a topology file: the bytes, the tree, the slots, the devices and links.
 *
 * Everything is made in memory of this file's own and copied out at the end, so that a failure
 * leaves the caller's topology as it was. */
#include "topo_xml.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "topo_xml_fill.h"
#include "topo_xml_tree.h"

/* What parsing needs, too large for a stack. */
struct parsing {
    struct weft_xml_tree tree;
    struct weft_xml_slots slots;
    struct weft_topo topo;
};

static weftResult_t parse(struct parsing *parsing, const char *text, size_t size, const char *name,
                          struct weft_text *why)
{
    const char *written_name;
    const char *wrong;

    WEFT_TRY(weft_xml_tree_init(&parsing->tree, text, size, why));
    WEFT_TRY(weft_xml_slots_init(&parsing->slots, &parsing->tree, why));
    written_name = weft_xml_value(&parsing->tree, 0, "weft_name");
    weft_topo_init(&parsing->topo, written_name != NULL ? written_name : name);
    WEFT_TRY(weft_topo_xml_fill(&parsing->topo, &parsing->slots, why));
    wrong = weft_topo_check(&parsing->topo);
    if (wrong == NULL)
        return weftSuccess;
    weft_text_add(why, "it describes no machine: ");
    weft_text_add(why, wrong);
    return weftInvalidArgument;
}

weftResult_t weft_topo_xml_parse(const char *text, size_t size, const char *name,
                                 struct weft_topo *topo, char why[WEFT_TOPO_WHY_BYTES])
{
    struct parsing *parsing = calloc(1, sizeof(*parsing));
    char reason[WEFT_TOPO_WHY_BYTES];
    struct weft_text words;
    weftResult_t result;

    if (parsing == NULL) {
        weft_format(why, WEFT_TOPO_WHY_BYTES, "no memory for a topology");
        return weftSystemError;
    }
    weft_text_init(&words, reason, sizeof(reason));
    result = parse(parsing, text, size, name, &words);
    if (result == weftSuccess)
        *topo = parsing->topo;
    else
        weft_text_copy(why, WEFT_TOPO_WHY_BYTES, reason);
    weft_xml_tree_fini(&parsing->tree);
    free(parsing);
    return result;
}

/* The file's name without folders and without ".xml". */
static void name_of(const char *path, char *name, size_t size)
{
    const char *slash = strrchr(path, '/');
    struct weft_text text;

    weft_text_init(&text, name, size);
    for (path = slash == NULL ? path : slash + 1; *path != '\0'; path++) {
        if (strcmp(path, ".xml") == 0)
            return;
        weft_text_char(&text, *path);
    }
}

static weftResult_t load(const char *path, char *text, size_t size_max, size_t *size,
                         char why[WEFT_TOPO_WHY_BYTES])
{
    FILE *file = fopen(path, "re");
    bool failed;

    if (file == NULL) {
        weft_format(why, WEFT_TOPO_WHY_BYTES, "the topology file '%.300s' cannot be opened: %s",
                    path, strerror(errno));
        return weftSystemError;
    }
    *size = fread(text, 1, size_max, file);
    failed = ferror(file) != 0;
    if (failed)
        weft_format(why, WEFT_TOPO_WHY_BYTES, "the topology file '%.300s' cannot be read: %s", path,
                    strerror(errno));
    fclose(file);
    return failed ? weftSystemError : weftSuccess;
}

weftResult_t weft_topo_xml_read(const char *path, struct weft_topo *topo,
                                char why[WEFT_TOPO_WHY_BYTES])
{
    /* One byte more than is allowed, so that a larger file is seen to be larger. */
    char *text = malloc(WEFT_XML_BYTES_MAX + 1);
    char name[sizeof(topo->name)];
    char reason[WEFT_TOPO_WHY_BYTES];
    size_t size = 0;
    weftResult_t result;

    if (text == NULL) {
        weft_format(why, WEFT_TOPO_WHY_BYTES, "no memory for a topology file");
        return weftSystemError;
    }
    result = load(path, text, WEFT_XML_BYTES_MAX + 1, &size, why);
    if (result == weftSuccess) {
        name_of(path, name, sizeof(name));
        result = weft_topo_xml_parse(text, size, name, topo, reason);
        if (result != weftSuccess)
            weft_format(why, WEFT_TOPO_WHY_BYTES, "the topology file '%.200s': %.280s", path,
                        reason);
    }
    free(text);
    return result;
}
