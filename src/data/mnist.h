/* mnist.h: the data sets of handwritten digits (MNIST) and of clothes (Fashion-MNIST), found on this machine.
 *
 * Each is four IDX files, under the names they are distributed by, compressed or not.
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_DATA_MNIST_H
#define OPTIC_DATA_MNIST_H

#include "base/file.h"
#include "tree/array.h"

typedef enum MnistKind { MNIST_DIGITS, MNIST_FASHION } MnistKind;

/* Where to look; any may be NULL. `dir` is looked at alone when it is given. Otherwise, where NAME is mnist or
 * fashion-mnist: data_dir/NAME, data_dir itself (unless its name tells that it holds the other data set; for
 * Fashion-MNIST only if its name says so), data/NAME, xdg_data_home/optic/NAME or home/.local/share/optic/NAME, and the
 * directory of Debian's package dataset-fashion-mnist. */
typedef struct MnistPlaces {
  const char *dir;
  const char *data_dir;      /* $OPTIC_DATA */
  const char *xdg_data_home; /* $XDG_DATA_HOME */
  const char *home;          /* $HOME */
} MnistPlaces;

typedef struct MnistPart {
  Array *image; /* u8[n, rows, columns, 1] */
  Array *label; /* i32[n] */
} MnistPart;

typedef struct Mnist {
  const char *name; /* "MNIST", "Fashion-MNIST" */
  Text place;       /* the directory */
  MnistPart train, test;
} Mnist;

/* False with the fault set (D_data_missing where no place has the files), and then nothing is held. */
bool optic_mnist_load(Core *core, const FileOps *files, MnistKind kind, const MnistPlaces *places, Mnist *out);
void optic_mnist_finish(Core *core, Mnist *mnist);

#endif
