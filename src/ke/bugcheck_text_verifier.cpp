// SPDX-License-Identifier: MIT
// debugger/bug-check-0xc4, 0xc9, 0xe6: what Driver Verifier finds on Windows, and Ring3 always.
#include <bugcodes.h>

#include "ke/bugcheck_text_tables.h"

namespace ring3::ke {
namespace {

constexpr long long kAny = kAnyViolation;
constexpr ULONG kC4 = DRIVER_VERIFIER_DETECTED_VIOLATION;

// clang-format off: a row a line.
constexpr BugCheckEntry kEntries[] = {
    {kC4, 0x0, {"A pool block of zero bytes was asked for.", {"0", "IRQL", "pool type", "bytes"}}},
    {kC4, 0x1, {"Paged pool was allocated above APC_LEVEL.", {"1", "IRQL", "pool type", "bytes"}}},
    {kC4, 0x2, {"Nonpaged pool was allocated above DISPATCH_LEVEL.", {"2", "IRQL", "pool type", "bytes"}}},
    {kC4, 0x10, {"An address was freed that no allocation returned.", {"0x10", "address", nullptr, nullptr}}},
    {kC4, 0x11, {"Paged pool was freed above APC_LEVEL.", {"0x11", "IRQL", "pool type", "block"}}},
    {kC4, 0x12, {"Nonpaged pool was freed above DISPATCH_LEVEL.", {"0x12", "IRQL", "pool type", "block"}}},
    {kC4, 0x13, {"Pool was freed twice.", {"0x13", nullptr, "pool header", "its contents"}}},
    {kC4, 0x15, {"A pool block was freed that contains an active timer.", {"0x15", "timer", "pool type", "block"}}},
    {kC4, 0x17, {"A pool block was freed that contains an initialised ERESOURCE.", {"0x17", "resource", "pool type", "block"}}},
    {kC4, 0x30, {"KeRaiseIrql was asked for an IRQL below the current one, or above HIGH_LEVEL.", {"0x30", "current IRQL", "IRQL asked for", nullptr}}},
    {kC4, 0x31, {"KeLowerIrql was asked for an IRQL above the current one, or for a bad one inside a DPC.", {"0x31", "current IRQL", "IRQL asked for", "0: bad, 1: bad in a DPC"}}},
    {kC4, 0x32, {"A spin lock was released at another IRQL than DISPATCH_LEVEL; released twice, perhaps.", {"0x32", "current IRQL", "spin lock", nullptr}}},
    {kC4, 0x33, {"A fast mutex was acquired above APC_LEVEL.", {"0x33", "current IRQL", "fast mutex", nullptr}}},
    {kC4, 0x34, {"A fast mutex was released at another IRQL than APC_LEVEL.", {"0x34", "current IRQL", "APC disable count", "fast mutex"}}},
    {kC4, 0x35, {"A spin lock was released at another IRQL than DISPATCH_LEVEL.", {"0x35", "current IRQL", "spin lock", "old IRQL"}}},
    {kC4, 0x36, {"A queued spin lock was released at another IRQL than DISPATCH_LEVEL.", {"0x36", "current IRQL", "spin lock", "old IRQL"}}},
    {kC4, 0x37, {"A resource was acquired while APCs are not disabled.", {"0x37", "current IRQL", "APC disable count", "resource"}}},
    {kC4, 0x38, {"A resource was released while APCs are not disabled.", {"0x38", "current IRQL", "APC disable count", "resource"}}},
    {kC4, 0x39, {"A fast mutex was acquired \"unsafe\" at another IRQL than APC_LEVEL.", {"0x39", "current IRQL", "APC disable count", "mutex"}}},
    {kC4, 0x3A, {"A fast mutex was released \"unsafe\" at another IRQL than APC_LEVEL.", {"0x3A", "current IRQL", "APC disable count", "mutex"}}},
    {kC4, 0x3B, {"A wait at DISPATCH_LEVEL or above: only a wait with a time-out of zero may be made there.", {"0x3B", "current IRQL", "object waited for", "time-out"}}},
    {kC4, 0x3C, {"ObReferenceObjectByHandle was given a bad handle.", {"0x3C", "handle", "object type", nullptr}}},
    {kC4, 0x3D, {"A resource is not aligned.", {"0x3D", nullptr, nullptr, "resource"}}},
    {kC4, 0x3E, {"A critical region was left that was not entered.", {"0x3E", nullptr, nullptr, nullptr}}},
    {kC4, 0x3F, {"An object without references was referenced, or dereferenced.", {"0x3F", "object", "new count", nullptr}}},
    {kC4, 0x40, {"KeAcquireSpinLockAtDpcLevel was called below DISPATCH_LEVEL.", {"0x40", "current IRQL", "spin lock", nullptr}}},
    {kC4, 0x62, {"A driver was unloaded that had not freed its pool.", {"0x62", "driver's name", nullptr, "number of blocks"}}},
    {kC4, 0x6F, {"MmProbeAndLockPages was called for pages that are no memory.", {"0x6F", "MDL", "page frame", "highest page frame"}}},
    {kC4, 0x70, {"MmProbeAndLockPages was called above DISPATCH_LEVEL.", {"0x70", "current IRQL", "MDL", "access mode"}}},
    {kC4, 0x73, {"MmMapIoSpace was called above DISPATCH_LEVEL.", {"0x73", "current IRQL", "physical address", "bytes"}}},
    {kC4, 0x74, {"MmMapLockedPages was called, for a system address, above DISPATCH_LEVEL.", {"0x74", "current IRQL", "MDL", "access mode"}}},
    {kC4, 0x75, {"MmMapLockedPages was called, for a user address, above APC_LEVEL.", {"0x75", "current IRQL", "MDL", "access mode"}}},
    {kC4, 0x76, {"MmMapLockedPagesSpecifyCache was called, for a system address, above DISPATCH_LEVEL.", {"0x76", "current IRQL", "MDL", "access mode"}}},
    {kC4, 0x77, {"MmMapLockedPagesSpecifyCache was called, for a user address, above APC_LEVEL.", {"0x77", "current IRQL", "MDL", "access mode"}}},
    {kC4, 0x78, {"MmUnlockPages was called above DISPATCH_LEVEL.", {"0x78", "current IRQL", "MDL", nullptr}}},
    {kC4, 0x79, {"MmUnmapLockedPages was called, for a system address, above DISPATCH_LEVEL.", {"0x79", "current IRQL", "address", "MDL"}}},
    {kC4, 0x7A, {"MmUnmapLockedPages was called, for a user address, above APC_LEVEL.", {"0x7A", "current IRQL", "address", "MDL"}}},
    {kC4, 0x7B, {"MmUnmapIoSpace was called above APC_LEVEL.", {"0x7B", "current IRQL", "address", "bytes"}}},
    {kC4, 0x7C, {"MmUnlockPages was given an MDL whose pages are not locked.", {"0x7C", "MDL", "its flags", nullptr}}},
    {kC4, 0x7D, {"MmUnlockPages was given an MDL over nonpaged pool, which is never unlocked.", {"0x7D", "MDL", "its flags", nullptr}}},
    {kC4, 0x7E, {"MmAllocatePagesForMdl(Ex) or MmFreePagesFromMdl was called above its IRQL.", {"0x7E", "current IRQL", "highest allowed IRQL", nullptr}}},
    {kC4, 0x7F, {"MmBuildMdlForNonPagedPool was given an MDL over pageable memory.", {"0x7F", "current IRQL", "MDL", "its flags"}}},
    {kC4, 0x80, {"KeSetEvent was called above DISPATCH_LEVEL.", {"0x80", "current IRQL", "event", nullptr}}},
    {kC4, 0x81, {"MmMapLockedPages was called for an MDL without MDL_MAPPING_CAN_FAIL.", {"0x81", "MDL", "its flags", nullptr}}},
    {kC4, 0x82, {"MmMapLockedPagesSpecifyCache was told to bug check when it fails.", {"0x82", "MDL", "its flags", nullptr}}},
    {kC4, 0x83, {"MmMapIoSpace was called for memory that is not locked.", {"0x83", "physical address", "bytes", "first frame that is not locked"}}},
    {kC4, 0x85, {"An MDL was mapped whose pages are not locked.", {"0x85", "MDL", "pages", "first frame that is not locked"}}},
    {kC4, 0xB0, {"MmProbeAndLockPages was given an MDL whose pages are locked already, or that is not its to lock.", {"0xB0", "MDL", "its flags", "flags that may not be set"}}},
    {kC4, 0xB2, {"An MDL was mapped that may not be: mapped already, most likely.", {"0xB2", "MDL", "its flags", "flags that may not be set"}}},
    {kC4, 0xB3, {"An MDL was mapped whose pages are not locked.", {"0xB3", "MDL", "its flags", "flags of which one is needed"}}},
    {kC4, 0xB4, {"MmUnlockPages was given a partial MDL: the MDL that it is a part of is unlocked instead.", {"0xB4", "MDL", "its flags", "flag that may not be set"}}},
    {kC4, 0xB5, {"MmUnmapLockedPages was given a partial MDL that it did not map.", {"0xB5", "MDL", "its flags", "flag that may not be set"}}},
    {kC4, 0xB6, {"MmUnmapLockedPages was given an MDL that is not mapped to a system address.", {"0xB6", "MDL", "its flags", "flag that is missing"}}},
    {kC4, 0xB8, {"IoFreeMdl was given an MDL that is still mapped.", {"0xB8", "MDL", "its flags", nullptr}}},
    {kC4, 0xB9, {"MmUnmapLockedPages was given a user address at which the MDL is not mapped.", {"0xB9", "address", "MDL", nullptr}}},
    {kC4, 0xC5, {"A dispatch routine came back with another APC disable count: a critical or guarded region was entered and not left, or the reverse.", {"0xC5", "routine", "APC disable count after", "APC disable count before"}}},
    {kC4, 0xC6, {"A fast I/O routine came back with another APC disable count.", {"0xC6", "routine", "APC disable count after", "APC disable count before"}}},
    {kC4, 0xE5, {"A routine of the kernel was called at an IRQL at which it may not be.", {"0xE5", "current IRQL", nullptr, nullptr}}},
    {kC4, 0xFA, {"A completion routine came back at another IRQL than it was called at.", {"0xFA", "completion routine", "IRQL before", "IRQL after"}}},
    {kC4, 0xFB, {"A completion routine came back with another APC disable count: a critical or guarded region was entered and not left, or the reverse.", {"0xFB", "completion routine", "APC disable count after", "APC disable count before"}}},
    {kC4, 0x111, {"An interrupt service routine came back at another IRQL than it was called at.", {"0x111", "service routine", "IRQL before", "IRQL after"}}},
    {kC4, 0x11A, {"KeEnterCriticalRegion was called above APC_LEVEL.", {"0x11A", "current IRQL", nullptr, nullptr}}},
    {kC4, 0x11B, {"KeLeaveCriticalRegion was called above APC_LEVEL.", {"0x11B", "current IRQL", nullptr, nullptr}}},
    {kC4, 0x120, {"A wait above DISPATCH_LEVEL.", {"0x120", "address of the IRQL", "object waited for", "time-out"}}},
    {kC4, 0x121, {"A wait without a time-out at DISPATCH_LEVEL: it can only be made at APC_LEVEL or below.", {"0x121", "address of the IRQL", "object waited for", "time-out"}}},
    {kC4, 0x122, {"A wait with a time-out other than zero at DISPATCH_LEVEL: it can only be made at APC_LEVEL or below.", {"0x122", "address of the IRQL", "object waited for", "time-out"}}},
    {kC4, 0x1000, {"A lock was acquired by the thread that holds it: a deadlock.", {"0x1000", "lock", nullptr, nullptr}}},
    {kC4, kAny, {"A driver broke a rule.", {"rule", nullptr, nullptr, nullptr}}},
    {DRIVER_VERIFIER_IOMANAGER_VIOLATION, 0x1, {"IoFreeIrp was given something that is no IRP, or is free already.", {"1", "IRP", nullptr, nullptr}}},
    {DRIVER_VERIFIER_IOMANAGER_VIOLATION, 0x2, {"IoFreeIrp was given an IRP that is still on a thread's list.", {"2", "IRP", nullptr, nullptr}}},
    {DRIVER_VERIFIER_IOMANAGER_VIOLATION, 0x3, {"IoCallDriver was given something that is no IRP.", {"3", "IRP", nullptr, nullptr}}},
    {DRIVER_VERIFIER_IOMANAGER_VIOLATION, 0x4, {"IoCallDriver was given a bad device object.", {"4", "device object", nullptr, nullptr}}},
    {DRIVER_VERIFIER_IOMANAGER_VIOLATION, 0x5, {"A dispatch routine came back at another IRQL than it was called at.", {"5", "device object", "IRQL before", "IRQL after"}}},
    {DRIVER_VERIFIER_IOMANAGER_VIOLATION, 0x6, {"An IRP was completed with the status STATUS_PENDING, or -1.", {"6", "status", "IRP", nullptr}}},
    {DRIVER_VERIFIER_IOMANAGER_VIOLATION, 0x7, {"An IRP was completed with a cancel routine set.", {"7", "cancel routine", "IRP", nullptr}}},
    {DRIVER_VERIFIER_IOMANAGER_VIOLATION, 0x8, {"IoBuildAsynchronousFsdRequest was given a bad buffer.", {"8", "device object", "major function", "exception code"}}},
    {DRIVER_VERIFIER_IOMANAGER_VIOLATION, 0x9, {"IoBuildDeviceIoControlRequest was given a bad buffer.", {"9", "device object", "I/O control code", "exception code"}}},
    {DRIVER_VERIFIER_IOMANAGER_VIOLATION, 0xA, {"IoInitializeTimer was called for a device object that has a timer.", {"0xA", "device object", nullptr, nullptr}}},
    {DRIVER_VERIFIER_IOMANAGER_VIOLATION, 0xC, {"The I/O status block of an IRP lies on a stack that has unwound past it.", {"0xC", "I/O status block", nullptr, nullptr}}},
    {DRIVER_VERIFIER_IOMANAGER_VIOLATION, 0xD, {"The event of an IRP lies on a stack that has unwound past it.", {"0xD", "event", nullptr, nullptr}}},
    {DRIVER_VERIFIER_IOMANAGER_VIOLATION, 0xE, {"IoCompleteRequest was called above DISPATCH_LEVEL.", {"0xE", "current IRQL", "IRP", nullptr}}},
    {DRIVER_VERIFIER_IOMANAGER_VIOLATION, 0xF, {"A create request was sent with a file object that is closed.", {"0xF", "device object", "IRP", "file object"}}},
    {DRIVER_VERIFIER_IOMANAGER_VIOLATION, 0x10, {"IoCallDriver was called above DISPATCH_LEVEL.", {"0x10", "current IRQL", nullptr, nullptr}}},
    {DRIVER_VERIFIER_IOMANAGER_VIOLATION, 0x11, {"A fast I/O or other routine of a driver came back at another IRQL than it was called at.", {"0x11", "routine", "IRQL before", "IRQL after"}}},
    {DRIVER_VERIFIER_IOMANAGER_VIOLATION, 0x12, {"A dispatch routine came back at another IRQL than it was called at.", {"0x12", "routine", "IRQL before", "IRQL after"}}},
    {DRIVER_VERIFIER_IOMANAGER_VIOLATION, 0x201, {"A device is deleted while another is attached below it: IoDetachDevice comes first.", {"0x201", "caller", "device object", nullptr}}},
    {DRIVER_VERIFIER_IOMANAGER_VIOLATION, 0x202, {"A device is detached that is not attached: twice, perhaps.", {"0x202", "caller", "device object", nullptr}}},
    {DRIVER_VERIFIER_IOMANAGER_VIOLATION, 0x203, {"An IRP was passed on with a cancel routine set.", {"0x203", "caller", "IRP", nullptr}}},
    {DRIVER_VERIFIER_IOMANAGER_VIOLATION, 0x204, {"A null device object was passed.", {"0x204", nullptr, nullptr, nullptr}}},
    {DRIVER_VERIFIER_IOMANAGER_VIOLATION, 0x205, {"An IRP was passed on that is queued below: the handling of STATUS_PENDING is broken.", {"0x205", "caller", "IRP", nullptr}}},
    {DRIVER_VERIFIER_IOMANAGER_VIOLATION, kAny, {"A driver broke a rule of I/O.", {"rule", "routine or object", nullptr, nullptr}}},
    {DRIVER_VERIFIER_DMA_VIOLATION, 0x3, {"More common buffers were freed than allocated.", {"3", "buffers too many", nullptr, nullptr}}},
    {DRIVER_VERIFIER_DMA_VIOLATION, 0x7, {"A DMA adapter was released while common buffers of it exist.", {"7", "adapter", "common buffers", nullptr}}},
    {DRIVER_VERIFIER_DMA_VIOLATION, 0x9, {"A DMA adapter was released while map registers of it are in use.", {"9", "adapter", "map registers", nullptr}}},
    {DRIVER_VERIFIER_DMA_VIOLATION, 0xA, {"A DMA adapter was released while scatter/gather lists of it exist.", {"0xA", "adapter", "scatter/gather lists", nullptr}}},
    {DRIVER_VERIFIER_DMA_VIOLATION, 0x18, {"A DMA adapter was used after it had been released.", {"0x18", "adapter", nullptr, nullptr}}},
    {DRIVER_VERIFIER_DMA_VIOLATION, kAny, {"A driver broke a rule of DMA.", {"rule", nullptr, nullptr, nullptr}}},
};
// clang-format on

}  // namespace

std::span<const BugCheckEntry> VerifierBugChecks() {
  return kEntries;
}

}  // namespace ring3::ke
