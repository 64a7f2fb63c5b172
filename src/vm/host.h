/* host.h: what builtins may ask of the host that runs the Vm.
 *
 * Files and the environment are the host's to grant; nothing below src/api looks at either by itself.
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_VM_HOST_H
#define OPTIC_VM_HOST_H

#include "base/file.h"
#include "vm/value.h"

/* May the script read and write files, and see the environment? False sets the fault. */
bool optic_vm_files_allowed(Vm *vm);
/* How files are reached; NULL: the system's own way. */
const FileOps *optic_vm_files(Vm *vm);
/* A variable of the environment; NULL where it is not set. Asked only where files are allowed. Valid until the next
 * call. */
const char *optic_vm_env(Vm *vm, const char *name);
/* The host's directory of data sets, looked at instead of $OPTIC_DATA; NULL: none. */
const char *optic_vm_data_dir(Vm *vm);

/* In b_data.c: an argument that names a file, where files are allowed; `what` is "function: parameter". Borrowed. */
bool optic_arg_path(Vm *vm, const Value *arg, const char *what, const char **out);

#endif
