/* bench/rows_no_http.c — in place of rows_http.c in a build without libweir_http (WEIR_HTTP=OFF). */
#include "row.h"

void rows_http(struct row_list *list) {
  (void)list;
}
