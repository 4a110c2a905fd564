// SPDX-License-Identifier: MIT
// ntddk.h, and what file systems and filters use beyond it.
// https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/
#ifndef RING3_NTIFS_H
#define RING3_NTIFS_H
#define _NTIFS_

#include <ntddk.h>

// clang-format off: each part may rely on those above it.
#include <ddi/rtl_ntifs.h>
#include <ddi/ke_ntifs.h>
#include <ddi/mm_ntifs.h>
#include <ddi/ex_ntifs.h>
#include <ddi/ob_ntifs.h>
#include <ddi/se_ntifs.h>
#include <ddi/ps_ntifs.h>
#include <ddi/cm_ntifs.h>
#include <ddi/io_ntifs.h>

#endif
