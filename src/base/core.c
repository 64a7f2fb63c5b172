/* core.c: what every layer of one context shares. See core.h.
 * SPDX-License-Identifier: MIT */
#include "base/core.h"

Limits optic_limits_default(void)
{
  return (Limits){
      .memory = 0,
      .steps = 0,
      .script_bytes = 1u << 20,
      .depth = 128,
      .calls = 10000,
      .reentry = 64,
      .constants = 32767,
      .leaves = 1000000,
      .name_bytes = 255,
      .tensor_bytes = (uint64_t)1 << 40,
  };
}

bool optic_charge_stop(Core *core)
{
  if (core->steps_used > core->stop_at) {
    return optic_fail(&core->fault, D_out_of_steps, "stopped after %llu steps of work, the limit that the host has set",
                      (unsigned long long)core->limits.steps);
  }
  return optic_fail(&core->fault, D_interrupted, "interrupted");
}

void *optic_core_alloc(Core *core, size_t size)
{
  void *block = optic_alloc(&core->alloc, size);
  if (!block && size) {
    optic_fail_oom(&core->fault);
  }
  return block;
}

void *optic_core_zalloc(Core *core, size_t size)
{
  void *block = optic_zalloc(&core->alloc, size);
  if (!block && size) {
    optic_fail_oom(&core->fault);
  }
  return block;
}
