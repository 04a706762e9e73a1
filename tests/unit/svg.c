/* tools/common/svg: the text of a picture, and files that cannot be written. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/svg.h"

Test(svg, close__whole_picture)
{
    const struct weft_svg_text style = {12, WEFT_SVG_END, true, true, "red"};
    char path[] = "/tmp/weft-svg-XXXXXX";
    char why[WEFT_WHY_BYTES] = "";
    char text[4096] = "";
    struct weft_svg svg;
    FILE *file;
    int made = mkstemp(path);

    cr_assert_geq(made, 0);
    close(made);
    cr_assert(weft_svg_open(&svg, path, 100, 50, why), "%s", why);
    weft_svg_box(&svg, 1, 2, 3, 4, 5, "blue", "black");
    weft_svg_path(&svg, "M 1 2 L 3 4", 25, "green", 85, true);
    weft_svg_fill(&svg, "M 0 0 Z", "grey");
    weft_svg_text(&svg, 9, 8, &style, "a<%d>&b", 7);
    cr_assert(weft_svg_close(&svg, why), "%s", why);
    file = fopen(path, "r");
    cr_assert_not_null(file);
    cr_assert_gt(fread(text, 1, sizeof(text) - 1, file), 0);
    (void)fclose(file);
    (void)unlink(path);
    cr_expect_not_null(strstr(text, "width=\"100\" height=\"50\" viewBox=\"0 0 100 50\""));
    cr_expect_not_null(strstr(text, "<rect x=\"1\" y=\"2\" width=\"3\" height=\"4\" rx=\"5\" "
                                    "fill=\"blue\" stroke=\"black\"/>"));
    cr_expect_not_null(strstr(text, "stroke-width=\"2.5\""));
    cr_expect_not_null(strstr(text, "stroke-opacity=\"0.85\" stroke-dasharray=\"4 4\""));
    cr_expect_not_null(strstr(text, "<path d=\"M 0 0 Z\" fill=\"grey\"/>"));
    cr_expect_not_null(strstr(text, "text-anchor=\"end\" fill=\"red\" font-weight=\"bold\""));
    cr_expect_not_null(strstr(text, ">a&lt;7&gt;&amp;b</text>"));
    cr_expect_not_null(strstr(text, "</svg>\n"));
}

Test(svg, open__nowhere)
{
    char why[WEFT_WHY_BYTES] = "";
    struct weft_svg svg;

    cr_expect_not(weft_svg_open(&svg, "/nowhere/at/all.svg", 1, 1, why));
    cr_expect_str_eq(why, "cannot write '/nowhere/at/all.svg': No such file or directory");
}

Test(svg, close__full_disk)
{
    char why[WEFT_WHY_BYTES] = "";
    struct weft_svg svg;

    if (access("/dev/full", W_OK) != 0)
        cr_skip_test("there is no /dev/full");
    cr_assert(weft_svg_open(&svg, "/dev/full", 1, 1, why));
    cr_expect_not(weft_svg_close(&svg, why));
    cr_expect_not_null(strstr(why, "cannot write '/dev/full'"), "%s", why);
}
