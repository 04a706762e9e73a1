/* SVG shapes as text. Holds only the open file. */
#include "common/svg.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#define TEXT_BYTES  512
#define HALO_TENTHS 35

static const char *const anchors[WEFT_SVG_ANCHORS] = {
    [WEFT_SVG_START] = "start",
    [WEFT_SVG_MIDDLE] = "middle",
    [WEFT_SVG_END] = "end",
};

bool weft_svg_open(struct weft_svg *svg, const char *path, int width, int height,
                   char why[WEFT_WHY_BYTES])
{
    svg->file = fopen(path, "we");
    (void)snprintf(svg->path, sizeof(svg->path), "%s", path);
    if (svg->file == NULL) {
        (void)snprintf(why, WEFT_WHY_BYTES, "cannot write '%.300s': %s", path, strerror(errno));
        return false;
    }
    (void)fprintf(svg->file,
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
                  "viewBox=\"0 0 %d %d\" font-family=\"DejaVu Sans, Helvetica, Arial, sans-serif\">"
                  "\n",
                  width, height, width, height);
    weft_svg_box(svg, 0, 0, width, height, 0, "white", "none");
    return true;
}

bool weft_svg_close(struct weft_svg *svg, char why[WEFT_WHY_BYTES])
{
    bool good = fputs("</svg>\n", svg->file) >= 0;

    good = ferror(svg->file) == 0 && good;
    good = fclose(svg->file) == 0 && good;
    svg->file = NULL;
    if (!good)
        (void)snprintf(why, WEFT_WHY_BYTES, "cannot write '%.300s': %s", svg->path,
                       strerror(errno));
    return good;
}

void weft_svg_box(struct weft_svg *svg, int x, int y, int width, int height, int radius,
                  const char *fill, const char *edge)
{
    (void)fprintf(svg->file,
                  "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"%d\" fill=\"%s\" "
                  "stroke=\"%s\"/>\n",
                  x, y, width, height, radius, fill, edge);
}

void weft_svg_path(struct weft_svg *svg, const char *path, int width_tenths, const char *colour,
                   int opacity_percent, bool dashed)
{
    (void)fprintf(svg->file,
                  "<path d=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"%d.%d\" "
                  "stroke-linejoin=\"round\" stroke-opacity=\"%d.%02d\"%s/>\n",
                  path, colour, width_tenths / 10, width_tenths % 10, opacity_percent / 100,
                  opacity_percent % 100, dashed ? " stroke-dasharray=\"4 4\"" : "");
}

void weft_svg_fill(struct weft_svg *svg, const char *path, const char *colour)
{
    (void)fprintf(svg->file, "<path d=\"%s\" fill=\"%s\"/>\n", path, colour);
}

static void put_escaped(FILE *file, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '&')
            (void)fputs("&amp;", file);
        else if (*text == '<')
            (void)fputs("&lt;", file);
        else if (*text == '>')
            (void)fputs("&gt;", file);
        else
            (void)fputc((unsigned char)*text < ' ' ? ' ' : *text, file);
    }
}

void weft_svg_text(struct weft_svg *svg, int x, int y, const struct weft_svg_text *style,
                   const char *format, ...)
{
    char text[TEXT_BYTES];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    (void)fprintf(svg->file,
                  "<text x=\"%d\" y=\"%d\" font-size=\"%d\" text-anchor=\"%s\" fill=\"%s\"%s", x, y,
                  style->size, anchors[style->anchor], style->colour,
                  style->bold ? " font-weight=\"bold\"" : "");
    if (style->halo)
        (void)fprintf(svg->file,
                      " stroke=\"white\" stroke-width=\"%d.%d\" paint-order=\"stroke\" "
                      "stroke-linejoin=\"round\"",
                      HALO_TENTHS / 10, HALO_TENTHS % 10);
    (void)fputc('>', svg->file);
    put_escaped(svg->file, text);
    (void)fputs("</text>\n", svg->file);
}
