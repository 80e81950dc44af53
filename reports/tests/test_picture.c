/* test_picture.c — pictures: what svg.c makes of gnuplot's drawing, the axes, the colours. */
#include "check.h"

#include "axis.h"
#include "palette.h"
#include "svg.h"

#include <stdbool.h>
#include <stdlib.h>

static const char drawing[] =
    "<?xml version=\"1.0\"?>\n<svg \n viewBox=\"0 0 400 300\"\n xmlns:xlink=\"x\"\n>\n<title>Gnuplot</title>\n"
    "<g id=\"gnuplot_canvas\">\n<rect x=\"0\" fill=\"none\"/>\n<defs>\n"
    "\t<circle id='gpDot' r='0.5'/>\n\t<circle id='gpPt5' r='1'/>\n\t<use xlink:href='#gpPt5' id='gpPt6' "
    "fill='currentColor'/>\n"
    "\t<path id='gpPt7' d='M0,1'/>\n\t<filter id='textbox'>\n\t<feFlood/></filter>\n</defs>\n"
    "<g fill=\"none\" color=\"black\" stroke=\"black\" stroke-width=\"1.00\" stroke-linecap=\"butt\">\n</g>\n"
    "<g fill=\"none\"><g><g>\n</g></g></g>\n"
    "<g id=\"gnuplot_plot_1\" ><title>gnuplot_plot_1</title>\n<path stroke='rgb(  1,   2,   3)'  d='M1,2\n\t\tL3,4 '/>"
    "<use xlink:href='#gpPt6' color='rgb(  1,   2,   8)'/>"
    "<polygon fill = 'rgb( 18,  52,  86)' points = '1,2 3,4 '/>"
    "<g fill=\"black\" font-family=\"sans-serif\" font-size=\"12.00\"><text>a &lt;b> c</text></g>"
    "<g fill=\"rgb(0,0,0)\" font-family=\"sans-serif:Bold\"><text>bold</text></g>\n</g>\n</g>\n</svg>\n";

static bool holds(const char *text, const char *part) {
  if (strstr(text, part) != NULL)
    return true;
  fprintf(stderr, "lacks %s\n", part);
  return false;
}

static void pictures(void) {
  char *svg = svg_for_page(drawing, "p-1", "Times <fast>", "What \"it\" shows");
  CHECK(svg != NULL);
  if (svg == NULL)
    return;
  CHECK(strstr(svg, "<svg viewBox=\"0 0 400 300\" role=\"img\" aria-labelledby=\"p-1-title p-1-desc\">") == svg);
  CHECK(holds(svg, "<title id=\"p-1-title\">Times &lt;fast&gt;</title>"));
  CHECK(holds(svg, "<desc id=\"p-1-desc\">What &quot;it&quot; shows</desc>"));
  CHECK(holds(svg, "id=\"p-1-gpPt5\"") && holds(svg, "href=\"#p-1-gpPt5\"")); /* needed by what is needed */
  CHECK(holds(svg, "href=\"#p-1-gpPt6\" color=\"var(--c8)\""));
  CHECK(strstr(svg, "gpPt7") == NULL && strstr(svg, "gpDot") == NULL && strstr(svg, "filter") == NULL);
  CHECK(holds(svg, "stroke=\"var(--c3)\" d=\"M1,2 L3,4 \""));
  CHECK(holds(svg, "fill=\"#123456\""));
  CHECK(holds(svg, "<g fill=\"currentColor\" font-size=\"12.00\"><text>a &lt;b> c</text>"));
  CHECK(holds(svg, "<g fill=\"#000000\" font-weight=\"650\">"));
  CHECK(strstr(svg, "gnuplot") == NULL && strstr(svg, "Gnuplot") == NULL && strstr(svg, "xlink") == NULL);
  CHECK(strstr(svg, "<g fill=\"none\"></g>") == NULL && strstr(svg, "<g fill=\"none\"><g>") == NULL);
  free(svg);
}

static void refusals(void) {
  char *cut = strdup(drawing);
  CHECK(svg_for_page("", "p", "t", "d") == NULL);
  CHECK(svg_for_page("<svg viewBox=\"0 0 a b\"><defs></defs></svg>", "p", "t", "d") == NULL);
  *strstr(cut, "</svg>") = '\0';
  CHECK(svg_for_page(cut, "p", "t", "d") == NULL);
  free(cut);
  CHECK(svg_for_page("<svg viewBox=\"0 0 1 1\"><defs></defs></g></g></svg>", "p", "t", "d") == NULL);
  CHECK(svg_for_page("<svg viewBox=\"0 0 1 1\"><defs></defs><g><title></g></svg>", "p", "t", "d") == NULL);
}

static const char *ticks(double low, double high) {
  static char *text;
  size_t size;
  free(text);
  FILE *stream = open_memstream(&text, &size);
  axis_ticks(stream, "x", &(struct axis){low, high});
  fclose(stream);
  return text;
}

static const char *linear_ticks(double most, bool bytes) {
  static char *text;
  size_t size;
  free(text);
  FILE *stream = open_memstream(&text, &size);
  axis_ticks_linear(stream, "y", most, bytes);
  fclose(stream);
  return text;
}

static void axes(void) {
  struct axis axis = axis_empty();
  axis_add(&axis, NAN);
  axis_add(&axis, 0);
  axis_add(&axis, -3);
  CHECK(axis_is_empty(&axis));
  axis_add(&axis, 37);
  axis_add(&axis, 1100);
  axis_round(&axis);
  CHECK_NEAR(axis.low, 20, 1e-9);
  CHECK_NEAR(axis.high, 2000, 1e-9);
  axis = (struct axis){50, 50};
  axis_round(&axis);
  CHECK_NEAR(axis.low, 50, 1e-9);
  CHECK_NEAR(axis.high, 100, 1e-9);
  axis = axis_empty();
  axis_round(&axis);
  CHECK_NEAR(axis.high / axis.low, 10, 1e-9);
  CHECK_TEXT(ticks(20, 200), "set xtics ('20' 20, '50' 50, '100' 100, '200' 200)\n");
  CHECK_TEXT(ticks(10, 2000), "set xtics ('10' 10, '30' 30, '100' 100, '300' 300, '1,000' 1000)\n");
  CHECK_TEXT(ticks(10, 1e5), "set xtics ('10' 10, '100' 100, '1,000' 1000, '10k' 10000, '100k' 100000)\n");
  CHECK_TEXT(linear_ticks(1, false), "set ytics ('0' 0, '0.5' 0.5, '1' 1)\n");
  CHECK_TEXT(linear_ticks(300000, false), "set ytics ('0' 0, '100k' 100000, '200k' 200000, '300k' 300000)\n");
  CHECK_TEXT(linear_ticks(1024, true),
             "set ytics ('0' 0, '256\u00a0B' 256, '512\u00a0B' 512, '768\u00a0B' 768, '1\u00a0KiB' 1024)\n");
  CHECK_TEXT(linear_ticks(6e7, true),
             "set ytics ('0' 0, '16\u00a0MiB' 16777216, '32\u00a0MiB' 33554432, '48\u00a0MiB' 50331648)\n");
}

static double luminance(unsigned colour) {
  double sum = 0, weights[] = {0.0722, 0.7152, 0.2126};
  for (int i = 0; i < 3; i++) {
    double value = (colour >> (8 * i) & 0xff) / 255.0;
    sum += weights[i] * (value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4));
  }
  return sum;
}

static double contrast(unsigned left, unsigned right) {
  double a = luminance(left) + 0.05, b = luminance(right) + 0.05;
  return a > b ? a / b : b / a;
}

/* Text in a cell can be read: WCAG AA on every colour of both scales. The sequential scale gets darker all the way. */
static void colours(void) {
  double before = 2;
  for (int i = 0; i <= 100; i++) {
    unsigned little = palette_sequential(i / 100.0), both = palette_diverging(i / 50.0 - 1);
    CHECK(contrast(little, palette_text_on(little)) >= 4.5);
    CHECK(contrast(both, palette_text_on(both)) >= 4.5);
    CHECK(luminance(little) < before);
    before = luminance(little);
  }
  CHECK(palette_sequential(-1) == palette_sequential(0) && palette_sequential(7) == palette_sequential(1));
  CHECK_TEXT(palette_role(ROLE_WEIR), "#010208");
  CHECK(palette_system_role(-1) == ROLE_WEIR && palette_system_role(0) == ROLE_FIRST_PEER);
  CHECK(palette_system_role(5) == ROLE_FIRST_PEER); /* past the last they repeat */
}

int main(void) {
  pictures();
  refusals();
  axes();
  colours();
  return check_end();
}
