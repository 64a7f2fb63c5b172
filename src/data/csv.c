/* csv.c: reads tables of numbers in text. See csv.h.
 *
 * The text is gone through twice: the first time all its cells are counted, so that the arrays are made at their size,
 * and only once the table is known to be whole.
 * SPDX-License-Identifier: MIT */
#include "data/csv.h"

#include <math.h>
#include <string.h>

#include "tree/leaf_order.h"

typedef struct Cell {
  const char *at;
  size_t size;
  bool quoted; /* may hold doubled quotes */
} Cell;

typedef struct Reader {
  Core *core;
  const char *what;
  const CsvOptions *options;
  const char *at, *end; /* what is left; at the beginning of a line between rows */
  size_t line;          /* of `at`, from 1 */
  size_t columns;       /* of each row */
} Reader;

static bool is_space(char c)
{
  return c == ' ' || c == '\t' || c == '\r';
}

/* ---- splitting ---------------------------------------------------------------------------------------------- */
/* Skips empty lines. False at the end of the text. */
static bool next_row(Reader *r)
{
  for (const char *p = r->at; p < r->end; p++) {
    if (*p == '\n') {
      r->line++;
      r->at = p + 1;
    } else if (!is_space(*p) || *p == r->options->separator) {
      return true;
    }
  }
  r->at = r->end;
  return false;
}

static bool quoted_cell(Reader *r, Cell *out)
{
  const char *p = r->at + 1;
  for (; p < r->end && *p != '\n'; p++) {
    if (*p == '"' && p + 1 < r->end && p[1] == '"') {
      p++;
    } else if (*p == '"') {
      *out = (Cell){.at = r->at + 1, .size = (size_t)(p - r->at - 1), .quoted = true};
      r->at = p + 1;
      return true;
    }
  }
  return optic_fail(&r->core->fault, D_format, "`%s`, line %llu: a quote that is not closed on its line", r->what,
                    (unsigned long long)r->line);
}

/* One cell and what follows it; *last tells that the row ends there. */
static bool next_cell(Reader *r, Cell *out, bool *last)
{
  char separator = r->options->separator;
  while (r->at < r->end && is_space(*r->at) && *r->at != separator) {
    r->at++;
  }
  if (r->at < r->end && *r->at == '"') {
    if (!quoted_cell(r, out)) {
      return false;
    }
    while (r->at < r->end && is_space(*r->at) && *r->at != separator) {
      r->at++;
    }
    if (r->at < r->end && *r->at != '\n' && *r->at != separator) {
      return optic_fail(&r->core->fault, D_format, "`%s`, line %llu: text after a quoted cell", r->what,
                        (unsigned long long)r->line);
    }
  } else {
    const char *first = r->at;
    while (r->at < r->end && *r->at != '\n' && *r->at != separator) {
      r->at++;
    }
    size_t size = (size_t)(r->at - first);
    while (size > 0 && is_space(first[size - 1])) {
      size--;
    }
    *out = (Cell){.at = first, .size = size};
  }
  *last = r->at == r->end || *r->at == '\n';
  if (r->at < r->end) {
    r->line += *r->at == '\n';
    r->at++;
  }
  return true;
}

/* ---- cells -------------------------------------------------------------------------------------------------- */
static bool is_word(const Cell *cell, const char *word)
{
  size_t size = strlen(word);
  for (size_t i = 0; i < size && i < cell->size; i++) {
    char c = cell->at[i];
    if ((c >= 'A' && c <= 'Z' ? (char)(c + 32) : c) != word[i]) {
      return false;
    }
  }
  return cell->size == size;
}

static bool number_of(const Cell *cell, double *out)
{
  static const struct {
    const char *word;
    double value;
  } words[] = {{"nan", (double)NAN},
               {"inf", (double)INFINITY},
               {"+inf", (double)INFINITY},
               {"-inf", -(double)INFINITY},
               {"true", 1},
               {"false", 0}};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    if (is_word(cell, words[i].word)) {
      *out = words[i].value;
      return true;
    }
  }
  return optic_number_read(cell->at, cell->size, out);
}

static bool holds(Dtype t, double x)
{
  switch (t) {
  case DT_BOOL:
    return x == 0 || x == 1;
  case DT_U8:
    return x >= 0 && x <= 255 && x == floor(x);
  case DT_I32:
    return x >= INT32_MIN && x <= INT32_MAX && x == floor(x);
  case DT_F16:
  case DT_BF16:
  case DT_F32:
  case DT_F64:
  case DT_COUNT:
    break;
  }
  return true;
}

static bool read_number(Reader *r, const Cell *cell, size_t line, size_t column, double *out)
{
  Fault *fault = &r->core->fault;
  unsigned long long at = line, number = column + 1;
  if (!number_of(cell, out)) {
    if (cell->size == 0) {
      optic_fail(fault, D_format, "`%s`, line %llu: cell %llu is empty", r->what, at, number);
      return optic_fail_hint(fault, "write nan where a number is missing");
    }
    return optic_fail(fault, D_format, "`%s`, line %llu: cell %llu, `%.*s`, is not a number", r->what, at, number,
                      (int)(cell->size < 40 ? cell->size : 40), cell->at);
  }
  if (!holds(r->options->dtype, *out)) {
    return optic_fail(fault, D_format, "`%s`, line %llu: cell %llu, `%.*s`, does not fit %s", r->what, at, number,
                      (int)(cell->size < 40 ? cell->size : 40), cell->at, optic_dtype_name(r->options->dtype));
  }
  return true;
}

/* ---- tables ------------------------------------------------------------------------------------------------- */
/* The cells of one row, counted; *all_numbers may be NULL. */
static bool count_cells(Reader *r, size_t *count, bool *all_numbers)
{
  bool last = false;
  for (*count = 0; !last; ++*count) {
    Cell cell;
    double x;
    if (!next_cell(r, &cell, &last)) {
      return false;
    }
    if (all_numbers && !number_of(&cell, &x)) {
      *all_numbers = false;
    }
  }
  return optic_charge(r->core, *count / 16);
}

/* Goes through all rows; each must have r->columns cells. */
static bool count_rows(Reader *r, size_t *rows)
{
  for (*rows = 0; next_row(r); ++*rows) {
    size_t line = r->line, cells;
    if (!count_cells(r, &cells, NULL)) {
      return false;
    }
    if (cells != r->columns) {
      return optic_fail(&r->core->fault, D_format, "`%s`, line %llu: %llu cells, where the first line has %llu",
                        r->what, (unsigned long long)line, (unsigned long long)cells, (unsigned long long)r->columns);
    }
  }
  return true;
}

static bool add_column(Reader *r, const Cell *cell, size_t rows, Csv *out)
{
  Core *core = r->core;
  Text name;
  optic_text_init(&name, &core->alloc);
  for (size_t i = 0; i < cell->size; i++) {
    optic_text_char(&name, cell->at[i]);
    i += cell->quoted && cell->at[i] == '"';
  }
  const char *text = optic_text_cstr(&name);
  bool ok = !name.oom || optic_fail_oom(&core->fault);
  if (ok && (name.size == 0 || !optic_utf8_valid(text, name.size) || memchr(text, 0, name.size))) {
    ok = optic_fail(&core->fault, D_format, "`%s`: column %llu has no name, or one that is not UTF-8", r->what,
                    (unsigned long long)out->columns.list.size + 1);
  }
  Array *column = NULL;
  if (ok) {
    column = optic_array_new(core, r->options->dtype, &(Shape){.rank = 1, .at = {(int64_t)rows}});
    ok = column && optic_leaves_add(core, &out->columns, text, name.size, column);
    optic_array_drop(core, column);
  }
  optic_text_finish(&name);
  return ok;
}

static bool names_differ(Reader *r, const Csv *out)
{
  /* A copy of the list alone is sorted: the columns keep the file's order. */
  Leaves sorted = {.list = {.size = out->columns.list.size}};
  size_t bytes = sorted.list.size * sizeof *sorted.list.at;
  sorted.list.at = optic_core_alloc(r->core, bytes);
  if (!sorted.list.at) {
    return false;
  }
  memcpy(sorted.list.at, out->columns.list.at, bytes);
  optic_leaves_sort(&sorted);
  const Leaf *twice = optic_leaves_duplicate(&sorted);
  const char *name = twice ? twice->path : NULL;
  optic_free(&r->core->alloc, sorted.list.at, bytes);
  return !name || optic_fail(&r->core->fault, D_format, "`%s`: two columns have the name `%s`", r->what, name);
}

static bool make_columns(Reader *r, size_t rows, Csv *out)
{
  bool last = false;
  while (!last) {
    Cell cell;
    if (!next_cell(r, &cell, &last) || !add_column(r, &cell, rows, out)) {
      return false;
    }
  }
  return names_differ(r, out);
}

static bool make_table(Reader *r, size_t rows, Csv *out)
{
  out->table =
      optic_array_new(r->core, r->options->dtype, &(Shape){.rank = 2, .at = {(int64_t)rows, (int64_t)r->columns}});
  return out->table;
}

static bool fill(Reader *r, Csv *out)
{
  for (size_t row = 0; next_row(r); row++) {
    size_t line = r->line;
    for (size_t column = 0; column < r->columns; column++) {
      Cell cell;
      bool last;
      double x;
      if (!next_cell(r, &cell, &last) || !read_number(r, &cell, line, column, &x)) {
        return false;
      }
      if (out->table) {
        optic_array_set(out->table, row * r->columns + column, x);
      } else {
        optic_array_set(out->columns.list.at[column].array, row, x);
      }
    }
    if (!optic_charge(r->core, r->columns / 4)) {
      return false;
    }
  }
  return true;
}

static bool parse(Reader *r, Csv *out)
{
  if (!next_row(r)) {
    return optic_fail(&r->core->fault, D_format, "`%s` holds nothing", r->what);
  }
  Reader first = *r, body = *r;
  bool numbers = true;
  if (!count_cells(r, &r->columns, &numbers)) {
    return false;
  }
  bool named = r->options->header == CSV_NAMES || (r->options->header == CSV_GUESS && !numbers);
  if (named) {
    body = *r;
  }
  body.columns = r->columns;
  *r = body;
  size_t rows;
  return count_rows(r, &rows) && (named ? make_columns(&first, rows, out) : make_table(r, rows, out)) &&
         fill(&body, out);
}

bool optic_csv_parse(Core *core, const char *what, const char *text, size_t size, const CsvOptions *options, Csv *out)
{
  *out = (Csv){.table = NULL};
  if (size >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) { /* a byte order mark */
    text += 3;
    size -= 3;
  }
  Reader r = {.core = core, .what = what, .options = options, .at = text, .end = text + size, .line = 1};
  if (!parse(&r, out)) {
    optic_csv_finish(core, out);
    return false;
  }
  return true;
}

bool optic_csv_read(Core *core, const FileOps *files, const char *path, const CsvOptions *options, Csv *out)
{
  FileBytes bytes;
  *out = (Csv){.table = NULL};
  if (!optic_file_read(core, files, path, core->limits.tensor_bytes, &bytes)) {
    return false;
  }
  bool ok = optic_csv_parse(core, path, bytes.at ? (const char *)bytes.at : "", bytes.size, options, out);
  optic_file_bytes_finish(core, &bytes);
  return ok;
}

void optic_csv_finish(Core *core, Csv *csv)
{
  optic_leaves_finish(core, &csv->columns);
  optic_array_drop(core, csv->table);
  csv->table = NULL;
}
