/* mnist.c: MNIST and Fashion-MNIST, found on this machine. See mnist.h.
 * SPDX-License-Identifier: MIT */
#include "data/mnist.h"

#include <string.h>

#include "data/idx.h"

static const struct {
  const char *title, *folder, *debian; /* NULL: no package */
} kinds[] = {
    [MNIST_DIGITS] = {"MNIST", "mnist", NULL},
    [MNIST_FASHION] = {"Fashion-MNIST", "fashion-mnist", "/usr/share/datasets/fashion-mnist"},
};

enum { FILES = 4, SPELLINGS = 4 };
static const char *const stems[FILES] = {"train-images", "train-labels", "t10k-images", "t10k-labels"};

typedef struct Search {
  Core *core;
  const FileOps *files;
  MnistKind kind;
  Text tried; /* "`a`, `b`" */
  Text place;
  Text paths[FILES];
  bool found;
} Search;

/* ---- finding ------------------------------------------------------------------------------------------------ */
/* Is file `which` in the place, under one of its spellings? */
static bool find_file(Search *s, int which)
{
  Text *path = &s->paths[which];
  for (int spelling = 0; spelling < SPELLINGS; spelling++) {
    optic_text_clear(path);
    optic_text_printf(path, "%s/%s%cidx%d-ubyte%s", optic_text_cstr(&s->place), stems[which], spelling < 2 ? '-' : '.',
                      which % 2 ? 1 : 3, spelling % 2 ? "" : ".gz");
    if (!path->oom && optic_file_exists(s->files, optic_text_cstr(path))) {
      return true;
    }
  }
  return false;
}

/* Looks in one place, `base` and `below` joined, unless the search is over. False on failure: no memory, or only some
 * of the files. */
static bool try_place(Search *s, const char *base, const char *below)
{
  if (s->found || !base || !*base) {
    return true;
  }
  optic_text_clear(&s->place);
  optic_text_printf(&s->place, "%s%s%s", base, *below ? "/" : "", below);
  optic_text_printf(&s->tried, "%s`%s`", s->tried.size ? ", " : "", optic_text_cstr(&s->place));
  int found = 0, missing = 0;
  for (int which = 0; which < FILES; which++) {
    if (find_file(s, which)) {
      found++;
    } else {
      missing = which;
    }
  }
  for (int which = 0; which < FILES; which++) {
    if (s->paths[which].oom || s->place.oom || s->tried.oom) {
      return optic_fail_oom(&s->core->fault);
    }
  }
  if (found > 0 && found < FILES) {
    optic_fail(&s->core->fault, D_data_missing, "`%s` has some files of %s but not %s-idx%d-ubyte (nor .gz)",
               optic_text_cstr(&s->place), kinds[s->kind].title, stems[missing], missing % 2 ? 1 : 3);
    return optic_fail_hint(&s->core->fault, "all four files must be in one directory");
  }
  s->found = found == FILES;
  return true;
}

/* Does the last part of the path speak of fashion? */
static bool says_fashion(const char *path)
{
  size_t size = strlen(path);
  while (size > 0 && path[size - 1] == '/') {
    size--;
  }
  size_t first = size;
  while (first > 0 && path[first - 1] != '/') {
    first--;
  }
  for (size_t i = first; i + 7 <= size; i++) {
    if (!memcmp(path + i, "fashion", 7) || !memcmp(path + i, "Fashion", 7)) {
      return true;
    }
  }
  return false;
}

static bool try_places(Search *s, const MnistPlaces *p)
{
  const char *folder = kinds[s->kind].folder;
  if (p->dir) {
    return try_place(s, *p->dir ? p->dir : ".", "");
  }
  bool same = p->data_dir && says_fashion(p->data_dir) == (s->kind == MNIST_FASHION);
  char optic[32], share[48];
  optic_format(optic, sizeof optic, "optic/%s", folder);
  optic_format(share, sizeof share, ".local/share/optic/%s", folder);
  bool own_share = p->xdg_data_home && *p->xdg_data_home;
  return try_place(s, p->data_dir, folder) && (!same || try_place(s, p->data_dir, "")) &&
         try_place(s, "data", folder) && try_place(s, p->xdg_data_home, optic) &&
         (own_share || try_place(s, p->home, share)) && try_place(s, kinds[s->kind].debian, "");
}

static bool not_found(Search *s)
{
  const char *title = kinds[s->kind].title;
  optic_fail(&s->core->fault, D_data_missing, "%s is not on this machine; looked in %s", title,
             optic_text_cstr(&s->tried));
  if (s->kind == MNIST_FASHION) {
    return optic_fail_hint(&s->core->fault, "`apt install dataset-fashion-mnist` brings it; or put its four IDX files, "
                                            ".gz or not, in a directory and name that in OPTIC_DATA or as `dir`");
  }
  return optic_fail_hint(&s->core->fault,
                         "put train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and "
                         "t10k-labels-idx1-ubyte, .gz or not, in a directory and name that in OPTIC_DATA or as `dir`; "
                         "fashion_mnist() has the same form (apt install dataset-fashion-mnist)");
}

/* ---- reading ------------------------------------------------------------------------------------------------ */
static bool wrong(Core *core, const char *path, const Array *a, const char *must)
{
  char type[200];
  Text text;
  optic_text_init(&text, &core->alloc);
  optic_array_type_text(&text, a);
  optic_format(type, sizeof type, "%s", optic_text_cstr(&text));
  bool oom = text.oom;
  optic_text_finish(&text);
  return oom ? optic_fail_oom(&core->fault) : optic_fail(&core->fault, D_format, "`%s` holds %s; %s", path, type, must);
}

static bool read_images(Search *s, int which, Array **out)
{
  Core *core = s->core;
  const char *path = optic_text_cstr(&s->paths[which]);
  Array *a = optic_idx_read(core, s->files, path);
  if (!a) {
    return false;
  }
  bool ok = a->dtype == DT_U8 && a->shape.rank == 3;
  if (ok) {
    Shape with_channel = a->shape;
    with_channel.rank = 4;
    with_channel.at[3] = 1;
    *out = optic_array_view(core, a, &with_channel);
  } else {
    wrong(core, path, a, "images must be u8[n, rows, columns]");
  }
  optic_array_drop(core, a);
  return ok && *out;
}

static bool read_labels(Search *s, int which, Array **out)
{
  Core *core = s->core;
  const char *path = optic_text_cstr(&s->paths[which]);
  Array *a = optic_idx_read(core, s->files, path);
  if (!a) {
    return false;
  }
  bool ok = a->dtype == DT_U8 && a->shape.rank == 1;
  if (ok && (*out = optic_array_new(core, DT_I32, &a->shape))) {
    const uint8_t *from = a->data;
    int32_t *to = (*out)->data;
    for (size_t i = 0; i < a->count; i++) {
      to[i] = from[i];
    }
  } else if (!ok) {
    wrong(core, path, a, "labels must be u8[n]");
  }
  optic_array_drop(core, a);
  return ok && *out;
}

static bool read_part(Search *s, int images, MnistPart *part)
{
  if (!read_images(s, images, &part->image) || !read_labels(s, images + 1, &part->label)) {
    return false;
  }
  if (part->image->shape.at[0] != part->label->shape.at[0]) {
    return optic_fail(&s->core->fault, D_format, "`%s` has %lld images, and `%s` has %lld labels",
                      optic_text_cstr(&s->paths[images]), (long long)part->image->shape.at[0],
                      optic_text_cstr(&s->paths[images + 1]), (long long)part->label->shape.at[0]);
  }
  return true;
}

static bool read_all(Search *s, Mnist *out)
{
  if (!read_part(s, 0, &out->train) || !read_part(s, 2, &out->test)) {
    return false;
  }
  const Shape *train = &out->train.image->shape, *test = &out->test.image->shape;
  if (train->at[1] != test->at[1] || train->at[2] != test->at[2]) {
    return wrong(s->core, optic_text_cstr(&s->paths[2]), out->test.image, "the images for training have another size");
  }
  return true;
}

void optic_mnist_finish(Core *core, Mnist *mnist)
{
  MnistPart *parts[] = {&mnist->train, &mnist->test};
  for (int i = 0; i < 2; i++) {
    optic_array_drop(core, parts[i]->image);
    optic_array_drop(core, parts[i]->label);
    *parts[i] = (MnistPart){0};
  }
  optic_text_finish(&mnist->place);
}

bool optic_mnist_load(Core *core, const FileOps *files, MnistKind kind, const MnistPlaces *places, Mnist *out)
{
  Search s = {.core = core, .files = files, .kind = kind};
  Text *texts[] = {&s.tried, &s.place, &s.paths[0], &s.paths[1], &s.paths[2], &s.paths[3]};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    optic_text_init(texts[i], &core->alloc);
  }
  *out = (Mnist){.name = kinds[kind].title};
  optic_text_init(&out->place, &core->alloc);
  bool ok = try_places(&s, places) && (s.found || not_found(&s)) && read_all(&s, out);
  if (ok) {
    out->place = s.place;
    optic_text_init(&s.place, &core->alloc);
  } else {
    optic_mnist_finish(core, out);
  }
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    optic_text_finish(texts[i]);
  }
  return ok;
}
