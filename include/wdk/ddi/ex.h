// SPDX-License-Identifier: MIT
// Executive support: what wdm.h declares of it. A part per group.
#ifndef RING3_DDI_EX_H
#define RING3_DDI_EX_H

#include <ddi/ex_pool.h>
#include <ddi/ex_lists.h>
#include <ddi/ex_sync.h>
#include <ddi/ex_misc.h>

#endif
