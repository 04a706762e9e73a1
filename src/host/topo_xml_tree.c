/* The tree of an XML text: one pass of expat into three arrays that are sized by the text.
 *
 * An element takes at least three characters of the text and an attribute five, so the arrays are
 * never too small for a text within the limits; every append checks all the same. */
#include "topo_xml_tree.h"

#include <expat.h>
#include <stdlib.h>
#include <string.h>

#define NODE_CHARACTERS_MIN      3 /* <a> */
#define ATTRIBUTE_CHARACTERS_MIN 5 /*  a="" */
#define WORD_BYTES_PER_BYTE      2 /* a UTF-16 character of two bytes may take three in UTF-8 */

struct reading {
    struct weft_xml_tree *tree;
    struct weft_text *why;
    XML_Parser parser;
    uint32_t open; /* the element that is being read; WEFT_NONE outside the root */
    uint32_t depth;
    bool failed;
};

/* Stops the parser with a reason, once. */
static void refuse(struct reading *reading, const char *reason)
{
    if (reading->failed)
        return;
    reading->failed = true;
    weft_text_add(reading->why, "line ");
    weft_text_number(reading->why, XML_GetCurrentLineNumber(reading->parser));
    weft_text_add(reading->why, ": ");
    weft_text_add(reading->why, reason);
    XML_StopParser(reading->parser, XML_FALSE);
}

/* Keeps a word; its offset, or WEFT_NONE after refusing it. */
static uint32_t keep_word(struct reading *reading, const char *word)
{
    struct weft_xml_tree *tree = reading->tree;
    size_t size = strlen(word) + 1;
    uint32_t offset = tree->word_bytes;

    if (size > WEFT_XML_WORD_MAX + 1) {
        refuse(reading, "a name or value is longer than 255 characters");
        return WEFT_NONE;
    }
    if (size > tree->word_bytes_max - tree->word_bytes) {
        refuse(reading, "the words do not fit");
        return WEFT_NONE;
    }
    memcpy(tree->words + offset, word, size);
    tree->word_bytes += (uint32_t)size;
    return offset;
}

static void keep_attributes(struct reading *reading, struct weft_xml_node *node, const char **pairs)
{
    struct weft_xml_tree *tree = reading->tree;

    for (; *pairs != NULL; pairs += 2) {
        struct weft_xml_attribute attribute;

        if (node->attribute_count == WEFT_XML_ATTRIBUTES_MAX ||
            tree->attribute_count == tree->attribute_max) {
            refuse(reading, "an element has more than 32 attributes");
            return;
        }
        attribute.name = keep_word(reading, pairs[0]);
        attribute.value = keep_word(reading, pairs[1]);
        if (reading->failed)
            return;
        tree->attributes[tree->attribute_count++] = attribute;
        node->attribute_count++;
    }
}

static void on_start(void *user, const char *name, const char **pairs)
{
    struct reading *reading = user;
    struct weft_xml_tree *tree = reading->tree;
    struct weft_xml_node *node;
    uint32_t index = tree->node_count;

    /* Expat may still report what it had begun when it was stopped. */
    if (reading->failed)
        return;
    if (index == tree->node_max) {
        refuse(reading, "more than 4096 elements");
        return;
    }
    if (reading->depth == WEFT_XML_DEPTH_MAX) {
        refuse(reading, "elements are nested deeper than 32");
        return;
    }
    node = &tree->nodes[index];
    node->line = (uint32_t)XML_GetCurrentLineNumber(reading->parser);
    node->parent = reading->open;
    node->first_child = WEFT_NONE;
    node->last_child = WEFT_NONE;
    node->next = WEFT_NONE;
    node->attribute = tree->attribute_count;
    node->attribute_count = 0;
    node->name = keep_word(reading, name);
    keep_attributes(reading, node, pairs);
    if (reading->failed)
        return;
    if (reading->open != WEFT_NONE) {
        struct weft_xml_node *parent = &tree->nodes[reading->open];

        if (parent->first_child == WEFT_NONE)
            parent->first_child = index;
        else
            tree->nodes[parent->last_child].next = index;
        parent->last_child = index;
    }
    tree->node_count++;
    reading->open = index;
    reading->depth++;
}

static void on_end(void *user, const char *name)
{
    struct reading *reading = user;

    (void)name;
    if (reading->failed)
        return;
    reading->open = reading->tree->nodes[reading->open].parent;
    reading->depth--;
}

static void on_doctype(void *user, const char *name, const char *system_id, const char *public_id,
                       int has_internal_subset)
{
    (void)name;
    (void)system_id;
    (void)public_id;
    (void)has_internal_subset;
    refuse(user, "document types and entities are not accepted");
}

static bool allocate(struct weft_xml_tree *tree, size_t size)
{
    tree->node_max = (uint32_t)weft_min(size / NODE_CHARACTERS_MIN + 1, WEFT_XML_NODES_MAX);
    tree->attribute_max = (uint32_t)(size / ATTRIBUTE_CHARACTERS_MIN + 1);
    tree->word_bytes_max = (uint32_t)(size * WORD_BYTES_PER_BYTE + 1);
    tree->nodes = calloc(tree->node_max, sizeof(tree->nodes[0]));
    tree->attributes = calloc(tree->attribute_max, sizeof(tree->attributes[0]));
    tree->words = calloc(tree->word_bytes_max, 1);
    return tree->nodes != NULL && tree->attributes != NULL && tree->words != NULL;
}

static weftResult_t parse(struct reading *reading, const char *text, size_t size)
{
    XML_SetUserData(reading->parser, reading);
    XML_SetElementHandler(reading->parser, on_start, on_end);
    XML_SetStartDoctypeDeclHandler(reading->parser, on_doctype);
    if (XML_Parse(reading->parser, text, (int)size, XML_TRUE) == XML_STATUS_OK)
        return weftSuccess;
    refuse(reading, XML_ErrorString(XML_GetErrorCode(reading->parser)));
    return weftInvalidArgument;
}

weftResult_t weft_xml_tree_init(struct weft_xml_tree *tree, const char *text, size_t size,
                                struct weft_text *why)
{
    struct reading reading = {.tree = tree, .why = why, .open = WEFT_NONE};
    weftResult_t result;

    memset(tree, 0, sizeof(*tree));
    if (size > WEFT_XML_BYTES_MAX) {
        weft_text_add(why, "the file is larger than 1 MiB");
        return weftInvalidArgument;
    }
    reading.parser = XML_ParserCreate(NULL);
    if (reading.parser == NULL || !allocate(tree, size)) {
        weft_text_add(why, "no memory for the file's elements");
        result = weftSystemError;
    } else {
        result = parse(&reading, text, size);
    }
    if (reading.parser != NULL)
        XML_ParserFree(reading.parser);
    return result;
}

void weft_xml_tree_fini(struct weft_xml_tree *tree)
{
    free(tree->nodes);
    free(tree->attributes);
    free(tree->words);
    memset(tree, 0, sizeof(*tree));
}

const char *weft_xml_name(const struct weft_xml_tree *tree, uint32_t node)
{
    return tree->words + tree->nodes[node].name;
}

const char *weft_xml_value(const struct weft_xml_tree *tree, uint32_t node, const char *name)
{
    const struct weft_xml_node *n = &tree->nodes[node];

    for (uint32_t i = 0; i < n->attribute_count; i++) {
        const struct weft_xml_attribute *attribute = &tree->attributes[n->attribute + i];

        if (strcmp(tree->words + attribute->name, name) == 0)
            return tree->words + attribute->value;
    }
    return NULL;
}

uint32_t weft_xml_next(const struct weft_xml_tree *tree, uint32_t node, const char *name)
{
    while (node != WEFT_NONE && strcmp(weft_xml_name(tree, node), name) != 0)
        node = tree->nodes[node].next;
    return node;
}

uint32_t weft_xml_child(const struct weft_xml_tree *tree, uint32_t parent, const char *name)
{
    return weft_xml_next(tree, tree->nodes[parent].first_child, name);
}

bool weft_xml_blame(const struct weft_xml_tree *tree, uint32_t node, struct weft_text *why)
{
    if (why->used > 0)
        return false;
    weft_text_add(why, "line ");
    weft_text_number(why, tree->nodes[node].line);
    weft_text_add(why, ": ");
    return true;
}

/* The value of a digit in a base, or the base itself where it is none. */
static uint32_t digit_of(char character, uint32_t base)
{
    uint32_t digit = base;

    if (character >= '0' && character <= '9')
        digit = (uint32_t)(character - '0');
    else if (character >= 'a' && character <= 'f')
        digit = (uint32_t)(character - 'a') + 10;
    else if (character >= 'A' && character <= 'F')
        digit = (uint32_t)(character - 'A') + 10;
    return digit < base ? digit : base;
}

static bool parse_number(const char *text, uint64_t most, uint64_t *number)
{
    uint32_t base = 10;
    uint64_t sum = 0;

    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        base = 16;
        text += 2;
    }
    if (*text == '\0')
        return false;
    for (; *text != '\0'; text++) {
        uint32_t digit = digit_of(*text, base);

        if (digit == base || sum > (UINT64_MAX - digit) / base)
            return false;
        sum = sum * base + digit;
    }
    if (sum > most)
        return false;
    *number = sum;
    return true;
}

bool weft_xml_number(const struct weft_xml_tree *tree, uint32_t node, const char *name,
                     uint64_t most, uint64_t *number, weftResult_t *result, struct weft_text *why)
{
    const char *text = weft_xml_value(tree, node, name);

    if (text == NULL)
        return false;
    if (parse_number(text, most, number))
        return true;
    *result = weftInvalidArgument;
    if (weft_xml_blame(tree, node, why)) {
        weft_text_add(why, name);
        weft_text_add(why, "=\"");
        weft_text_add(why, text);
        weft_text_add(why, "\" is no number from 0 to ");
        weft_text_number(why, most);
    }
    return false;
}
