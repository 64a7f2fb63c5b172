/* csv.h: reads tables of numbers in text, a row on each line, with or without a line of names.
 *
 * Cells may stand in double quotes (a doubled quote is one) but not go on in the next line; space around them does not
 * count; empty lines are passed over; lines end in LF or CRLF. A number is decimal, or nan, inf, -inf, true or false.
 * Messages name the line and the cell.
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_DATA_CSV_H
#define OPTIC_DATA_CSV_H

#include "base/file.h"
#include "tree/leaf.h"

/* CSV_GUESS: the first line has names if any of its cells is not a number. */
typedef enum CsvHeader { CSV_GUESS, CSV_NAMES, CSV_NO_NAMES } CsvHeader;

typedef struct CsvOptions {
  CsvHeader header;
  char separator; /* usually ',' */
  Dtype dtype;    /* numbers that this cannot hold (parts for integers) are errors */
} CsvOptions;

/* One of the two: columns by name, in the file's order, each of shape [rows]; or all in one array [rows, columns]. */
typedef struct Csv {
  Leaves columns;
  Array *table; /* NULL: there are columns */
} Csv;

bool optic_csv_parse(Core *core, const char *what, const char *text, size_t size, const CsvOptions *options, Csv *out);
bool optic_csv_read(Core *core, const FileOps *files, const char *path, const CsvOptions *options, Csv *out);
void optic_csv_finish(Core *core, Csv *csv);

#endif
