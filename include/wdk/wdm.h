// SPDX-License-Identifier: MIT
// The Windows Driver Model: types, constants and routines, one part for each component of the executive.
// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/
#ifndef RING3_WDM_H
#define RING3_WDM_H
#define _WDMDDK_

#include <sdkddkver.h>
#include <ntdef.h>
#include <specstrings.h>
#include <driverspecs.h>
#include <kernelspecs.h>
#include <ntstatus.h>
#include <guiddef.h>
#include <devioctl.h>
#include <nt_exception.h>
#include <excpt.h>
#include <intrin.h>

// clang-format off: each part may rely on those above it.
#include <ddi/forward.h>
#include <ddi/list.h>
#include <ddi/interlocked.h>
#include <ddi/dbg.h>
#include <ddi/rtl.h>
#include <ddi/ke.h>
#include <ddi/mm.h>
#include <ddi/ex.h>
#include <ddi/ob.h>
#include <ddi/se.h>
#include <ddi/ps.h>
#include <ddi/cm.h>
#include <ddi/io.h>
#include <ddi/hal.h>
#include <ddi/zw.h>
#include <evntprov.h>

#ifndef NOMINMAX
#ifndef min
#define min(a, b) (((a) < (b)) ? (a) : (b))
#endif
#ifndef max
#define max(a, b) (((a) > (b)) ? (a) : (b))
#endif
#endif

#endif
