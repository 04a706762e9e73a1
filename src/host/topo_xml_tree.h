/* An XML text as a tree of elements with attributes, read with expat.
 *
 * Everything is bounded: the size of the text, the nesting, elements, attributes, the length of a
 * word. Document types and so entities of their own are refused; text between elements is dropped.
 * What the elements mean is the reader's (topo_xml.c). */
#ifndef WEFT_TOPO_XML_TREE_H
#define WEFT_TOPO_XML_TREE_H

#include "base/base.h"
#include "base/text.h"

#define WEFT_XML_BYTES_MAX      (1u << 20)
#define WEFT_XML_NODES_MAX      4096
#define WEFT_XML_ATTRIBUTES_MAX 32 /* of one element */
#define WEFT_XML_DEPTH_MAX      32
#define WEFT_XML_WORD_MAX       255 /* characters in a name or a value: NCCL's limit */

struct weft_xml_attribute {
    uint32_t name; /* both are offsets into `words` */
    uint32_t value;
};

struct weft_xml_node {
    uint32_t name; /* offset into `words` */
    uint32_t line;
    uint32_t parent;      /* WEFT_NONE: the root, which is node 0 */
    uint32_t first_child; /* WEFT_NONE: none */
    uint32_t last_child;
    uint32_t next; /* sibling; WEFT_NONE: the last */
    uint32_t attribute;
    uint32_t attribute_count;
};

struct weft_xml_tree {
    struct weft_xml_node *nodes;
    struct weft_xml_attribute *attributes;
    char *words; /* NUL-terminated, one after the other */
    uint32_t node_count;
    uint32_t attribute_count;
    uint32_t word_bytes;
    uint32_t node_max;
    uint32_t attribute_max;
    uint32_t word_bytes_max;
};

/* Reads `size` bytes into a tree that the caller gives back with weft_xml_tree_fini, also after a
 * failure.
 * weftInvalidArgument   it is no XML, or past a limit; `why` begins with the line
 * weftSystemError       no memory */
weftResult_t weft_xml_tree_init(struct weft_xml_tree *tree, const char *text, size_t size,
                                struct weft_text *why);
void weft_xml_tree_fini(struct weft_xml_tree *tree);

/* The element's name. */
const char *weft_xml_name(const struct weft_xml_tree *tree, uint32_t node);

/* The value of an attribute, or NULL where the element has none of that name. */
const char *weft_xml_value(const struct weft_xml_tree *tree, uint32_t node, const char *name);

/* The first child with this name at or after `node` among its siblings; `node` may be WEFT_NONE. */
uint32_t weft_xml_next(const struct weft_xml_tree *tree, uint32_t node, const char *name);

/* The first child of `parent` with this name, or WEFT_NONE. */
uint32_t weft_xml_child(const struct weft_xml_tree *tree, uint32_t parent, const char *name);

/* True when the element has the attribute with a number in it: decimal, or hexadecimal after 0x.
 * An attribute that is no number, or more than `most`, is an error: `*result` becomes
 * weftInvalidArgument and `why` says which line and value; what `why` had before stays if it was
 * not empty. */
bool weft_xml_number(const struct weft_xml_tree *tree, uint32_t node, const char *name,
                     uint64_t most, uint64_t *number, weftResult_t *result, struct weft_text *why);

/* Begins a sentence about an element: "line 12: ". Does nothing when `why` has words already. */
bool weft_xml_blame(const struct weft_xml_tree *tree, uint32_t node, struct weft_text *why);

#endif
