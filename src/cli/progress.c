/* progress.c: see progress.h.
 * SPDX-License-Identifier: MIT */
#include "progress.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "output.h"

/* One report of the library. */
typedef struct Report {
  char label[64], note[96];
  double done, total, seconds; /* total 0: not known; done below 0: left early */
} Report;

static volatile sig_atomic_t drawn; /* a bar is on the screen, and the cursor behind it */
static char log_label[64];          /* of the loop whose lines go to a log */
static double log_tenth, log_seconds;

bool progress_drawn(void)
{
  return drawn;
}

/* Copies the field at `*text`, without what would steer a terminal, and steps behind its separator. */
static bool field(const char **text, const char *end, char separator, char *out, size_t cap)
{
  const char *stop = memchr(*text, separator, (size_t)(end - *text));
  if (!stop) {
    return false;
  }
  size_t n = 0;
  for (const char *p = *text; p < stop && n + 1 < cap; p++) {
    out[n++] = (unsigned char)*p < 0x20 || *p == 0x7f ? ' ' : *p;
  }
  while (n > 0 && n + 1 == cap && ((unsigned char)out[n - 1] & 0xc0) == 0x80) {
    n--; /* cut short: not inside of a character */
  }
  out[n] = 0;
  *text = stop + 1;
  return true;
}

static bool parse(const char *text, size_t size, Report *r)
{
  const char *end = text + size;
  char done[32], total[32], seconds[32];
  if (!field(&text, end, '\t', r->label, sizeof r->label) || !field(&text, end, '\t', done, sizeof done) ||
      !field(&text, end, '\t', total, sizeof total) || !field(&text, end, '\t', seconds, sizeof seconds) ||
      !field(&text, end, '\n', r->note, sizeof r->note)) {
    return false;
  }
  r->done = strtod(done, NULL);
  r->total = strtod(total, NULL);
  r->seconds = strtod(seconds, NULL);
  return isfinite(r->done) && isfinite(r->total) && isfinite(r->seconds) && r->total >= 0 && r->seconds >= 0;
}

/* "4.2 s", "1:05", "2:03:09" */
static void duration(double seconds, char *out, size_t cap)
{
  unsigned long long s = seconds < 1e9 ? (unsigned long long)(seconds + 0.5) : 1000000000;
  if (seconds < 9.95) {
    snprintf(out, cap, "%.1f s", seconds);
  } else if (s < 60) {
    snprintf(out, cap, "%llu s", s);
  } else if (s < 3600) {
    snprintf(out, cap, "%llu:%02llu", s / 60, s % 60);
  } else {
    snprintf(out, cap, "%llu:%02llu:%02llu", s / 3600, s / 60 % 60, s % 60);
  }
}

/* "1200/s", "0.4/s" */
static void rate(const Report *r, char *out, size_t cap)
{
  double per_second = r->seconds > 0 ? r->done / r->seconds : 0;
  snprintf(out, cap, per_second >= 100 ? "%.0f/s" : per_second >= 10 ? "%.1f/s" : "%.2f/s", per_second);
}

static bool utf8_terminal(void)
{
  const char *names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    const char *value = getenv(names[i]);
    if (value && *value) {
      return strstr(value, "UTF-8") || strstr(value, "utf8") || strstr(value, "UTF8");
    }
  }
  return false;
}

static size_t terminal_width(void)
{
  struct winsize size;
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

/* Bytes of `text` that fill at most `columns` columns, a character being one. */
static size_t fitting(const char *text, size_t columns, size_t *used)
{
  size_t n = 0;
  for (*used = 0; text[n]; n++) {
    if (((unsigned char)text[n] & 0xc0) != 0x80) {
      if (*used == columns) {
        break;
      }
      ++*used;
    }
  }
  return n;
}

/* Redraws the bar: label 45% ━━━━━━──── 210/468  1200/s  0.2 s left  loss 0.31 */
static void draw(const Report *r, bool finished)
{
  enum { BAR = 24, NARROWEST = 6 };
  char speed[32], time[32], left[256], right[384], line[1024];
  rate(r, speed, sizeof speed);
  const char *gap = *r->label ? " " : "", *note_gap = *r->note ? "  " : "";
  size_t bar = 0;
  if (r->total > 0) {
    double share = r->done < r->total ? r->done / r->total : 1;
    double remaining = r->done > 0 ? r->seconds / r->done * (r->total - r->done) : 0;
    duration(finished ? r->seconds : remaining, time, sizeof time);
    const char *left_word = finished || r->done <= 0 ? "" : " left";
    snprintf(left, sizeof left, "%s%s%3.0f%% ", r->label, gap, floor(share * 100));
    snprintf(right, sizeof right, " %.0f/%.0f  %s  %s%s%s%s", r->done, r->total, speed, time, left_word, note_gap,
             r->note);
    bar = BAR;
  } else {
    duration(r->seconds, time, sizeof time);
    snprintf(left, sizeof left, "%s%s%.0f", r->label, gap, r->done);
    snprintf(right, sizeof right, "  %s  %s%s%s", speed, time, note_gap, r->note);
  }
  /* The last column stays free: some terminals wrap when it is filled. */
  size_t width = terminal_width() - 1, left_used, right_used, n = 0;
  size_t left_size = fitting(left, width, &left_used);
  fitting(right, sizeof right, &right_used);
  if (left_used + right_used + bar > width) {
    bar = left_used + right_used + NARROWEST <= width && bar ? width - left_used - right_used : 0;
  }
  size_t right_size = fitting(right, width - left_used - bar, &right_used);
  bool utf8 = utf8_terminal();
  size_t full = bar ? (size_t)(r->done < r->total ? r->done / r->total * (double)bar : (double)bar) : 0;
  line[n++] = '\r';
  memcpy(line + n, left, left_size);
  n += left_size;
  for (size_t i = 0; i < bar; i++) {
    const char *cell = i < full ? utf8 ? "━" : "#" : utf8 ? "─" : "-";
    memcpy(line + n, cell, strlen(cell));
    n += strlen(cell);
  }
  memcpy(line + n, right, right_size);
  n += right_size;
  n += (size_t)snprintf(line + n, sizeof line - n, "\x1b[K%s", finished ? "\n" : "");
  drawn = !finished;
  output_all(STDERR_FILENO, line, n);
}

/* A line for a log, now and then. */
static void log_line(const Report *r, bool finished)
{
  double tenth = r->total > 0 ? floor(r->done / r->total * 10) : floor(r->seconds / 10);
  if (strcmp(log_label, r->label) != 0 || r->seconds < log_seconds) {
    snprintf(log_label, sizeof log_label, "%s", r->label);
    log_tenth = 0;
    log_seconds = 0;
  }
  if (!finished && (tenth <= log_tenth || r->seconds < log_seconds + 1)) {
    return;
  }
  log_tenth = finished ? 0 : tenth;
  log_seconds = finished ? 0 : r->seconds;
  char speed[32], time[32], of[32] = "", line[512];
  rate(r, speed, sizeof speed);
  duration(r->seconds, time, sizeof time);
  if (r->total > 0) {
    snprintf(of, sizeof of, "/%.0f", r->total);
  }
  int n = snprintf(line, sizeof line, "%s%s%.0f%s in %s, %s%s%s\n", r->label, *r->label ? " " : "", r->done, of, time,
                   speed, *r->note ? ", " : "", r->note);
  output_all(STDERR_FILENO, line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1);
}

void progress_line(const char *text, size_t size)
{
  Report r;
  if (!parse(text, size, &r)) {
    return;
  }
  if (r.done < 0) {
    /* Left early: the bar goes, and what the script prints tells the rest. */
    progress_clear();
    log_seconds = log_tenth = 0;
    return;
  }
  bool finished = r.total > 0 && r.done >= r.total;
  if (isatty(STDERR_FILENO)) {
    draw(&r, finished);
  } else {
    log_line(&r, finished);
  }
}

void progress_clear(void)
{
  if (drawn) {
    drawn = 0;
    output_all(STDERR_FILENO, "\r\x1b[K", 4);
  }
}
