// SPDX-License-Identifier: MIT
// The kernel's part of wdm.h.
#ifndef RING3_DDI_KE_H
#define RING3_DDI_KE_H

#include <ddi/ke_types.h>
#include <ddi/ke_irql.h>
#include <ddi/ke_dispatcher.h>
#include <ddi/ke_processor.h>
#include <ddi/ke_bugcheck.h>

#endif
