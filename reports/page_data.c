/* page_data.c — the files that the report was made from, to be had from beside it. */
#include "page.h"

#include "file.h"
#include "html.h"
#include "number.h"

void page_data(struct page *page) {
  const struct report *report = page->report;
  fputs("<section id=\"data\">\n<h2>The files</h2>\n<p>Byte for byte as they were read: every number on these pages is "
        "computed from them.</p>\n",
        page->out);
  page_table_begin(page, "Raw data", "");
  fputs("<thead><tr><th scope=\"col\">File</th><th scope=\"col\">What it is</th><th scope=\"col\">Its name when it was "
        "read"
        "</th><th scope=\"col\" class=\"number\">Size</th></tr></thead>\n<tbody>\n",
        page->out);
  for (size_t i = 0; i < report->raw_count; i++) {
    const struct raw *raw = &report->raws[i];
    html_print(page->out,
               "<tr><th scope=\"row\"><a download href=\"%s\">%s</a></th><td>%s</td><td><code>%s</code></td><td "
               "class=\"number\">%s</td></tr>\n",
               raw->name, file_name(raw->name), raw->what, file_name(raw->path),
               number_bytes((double)raw->size).characters);
  }
  page_table_end(page);
  fputs("</section>\n", page->out);
}
