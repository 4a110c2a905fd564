// SPDX-License-Identifier: MIT
// wdm.h, and what drivers for one version of Windows may use beyond it.
// https://learn.microsoft.com/windows-hardware/drivers/ddi/ntddk/
#ifndef RING3_NTDDK_H
#define RING3_NTDDK_H
#define _NTDDK_

#include <wdm.h>
#include <bugcodes.h>

// clang-format off: each part may rely on those above it.
#include <ddi/rtl_ntddk.h>
#include <ddi/ke_ntddk.h>
#include <ddi/mm_ntddk.h>
#include <ddi/ex_ntddk.h>
#include <ddi/ob_ntddk.h>
#include <ddi/se_ntddk.h>
#include <ddi/ps_ntddk.h>
#include <ddi/cm_ntddk.h>
#include <ddi/io_ntddk.h>

#endif
