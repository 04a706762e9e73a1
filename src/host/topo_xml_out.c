/* Writes elements; holds nothing but the buffer and how deep it is. */
#include "topo_xml_out.h"

#define INDENT 2

static void indent(struct weft_xml_out *out)
{
    for (uint32_t i = 0; i < out->depth * INDENT; i++)
        weft_text_char(&out->text, ' ');
}

void weft_xml_out_open(struct weft_xml_out *out, const char *name)
{
    indent(out);
    weft_text_char(&out->text, '<');
    weft_text_add(&out->text, name);
}

void weft_xml_out_enter(struct weft_xml_out *out)
{
    weft_text_add(&out->text, ">\n");
    out->depth++;
}

void weft_xml_out_leave(struct weft_xml_out *out, const char *name)
{
    out->depth--;
    indent(out);
    weft_text_add(&out->text, "</");
    weft_text_add(&out->text, name);
    weft_text_add(&out->text, ">\n");
}

void weft_xml_out_close(struct weft_xml_out *out)
{
    weft_text_add(&out->text, "/>\n");
}

/* The bytes of the UTF-8 character at `value`; 0 where there is none: the text was cut in one. */
static uint32_t character_bytes(const char *value)
{
    unsigned char lead = (unsigned char)value[0];
    uint32_t count = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;

    if (lead >= 0x80 && (lead < 0xc2 || lead > 0xf4))
        return 0;
    for (uint32_t i = 1; i < count; i++)
        if (((unsigned char)value[i] & 0xc0) != 0x80)
            return 0;
    return count;
}

static void add_escaped(struct weft_text *text, const char *value)
{
    static const struct {
        char character;
        const char *words;
    } escapes[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}};

    while (*value != '\0') {
        uint32_t count = character_bytes(value);
        size_t i = 0;

        while (i < WEFT_ARRAY_COUNT(escapes) && escapes[i].character != *value)
            i++;
        if (i < WEFT_ARRAY_COUNT(escapes))
            weft_text_add(text, escapes[i].words);
        else if (count == 0)
            weft_text_char(text, '?');
        else if (count == 1)
            weft_text_char(text, (unsigned char)*value < ' ' ? ' ' : *value);
        for (uint32_t k = 0; count > 1 && k < count; k++)
            weft_text_char(text, value[k]);
        value += count == 0 ? 1 : count;
    }
}

void weft_xml_out_text(struct weft_xml_out *out, const char *name, const char *value)
{
    weft_text_char(&out->text, ' ');
    weft_text_add(&out->text, name);
    weft_text_add(&out->text, "=\"");
    add_escaped(&out->text, value);
    weft_text_char(&out->text, '"');
}

void weft_xml_out_number(struct weft_xml_out *out, const char *name, uint64_t value)
{
    char digits[24];
    struct weft_text text;

    weft_text_init(&text, digits, sizeof(digits));
    weft_text_number(&text, value);
    weft_xml_out_text(out, name, digits);
}
