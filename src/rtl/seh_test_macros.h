// SPDX-License-Identifier: MIT
#pragma once

#include <nt_exception.h>
#include <ring3_seh.h>

// What ring3-cc makes of the keywords, by hand. A function that uses them is OPTNONE.
#define OPTNONE __attribute__((optnone, noinline))
#define TRY_EXCEPT(f)                                          \
  {                                                            \
    RING3_SEH_FRAME f __attribute__((cleanup(Ring3SehLeave))); \
    int f##_step = Ring3SehEnter(&f, 0);                       \
    if (f##_step == 0) {
#define EXCEPT(f, filter)              \
  RING3_SEH_END_OF_BODY(f);            \
  }                                    \
  else if (f##_step == 1) {            \
    Ring3SehFilter(&f, (int)(filter)); \
  }                                    \
  else {
#define END_EXCEPT \
  }                \
  }
#define TRY_FINALLY(f)                                         \
  {                                                            \
    RING3_SEH_FRAME f __attribute__((cleanup(Ring3SehLeave))); \
    if (Ring3SehEnter(&f, 1) == 0) {
#define FINALLY(f)          \
  RING3_SEH_END_OF_BODY(f); \
  }                         \
  else {
#define END_FINALLY(f)     \
  Ring3SehFinallyDone(&f); \
  }                        \
  }
