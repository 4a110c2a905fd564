// SPDX-License-Identifier: MIT
// IoCreateDeviceSecure and the security descriptor strings for it.
// https://learn.microsoft.com/windows-hardware/drivers/kernel/sddl-for-device-objects
#ifndef RING3_WDMSEC_H
#define RING3_WDMSEC_H

#include <ntdef.h>
#include <ddi/se.h>

EXTERN_C_START

struct _DRIVER_OBJECT;
struct _DEVICE_OBJECT;
struct _IRP;
#ifndef RING3_GUID_FORWARD
#define RING3_GUID_FORWARD
struct _GUID;
#endif

// P: nothing is inherited. GA GR GW GX: all, read, write, execute access.
// BU users, BA administrators, SY system, WD everyone, RC restricted code, UD user-mode drivers.
#define RING3_SDDL(Name, Text) DECLARE_GLOBAL_CONST_UNICODE_STRING(Name, Text)
RING3_SDDL(SDDL_DEVOBJ_KERNEL_ONLY, L"D:P");
RING3_SDDL(SDDL_DEVOBJ_INF_SUPPLIED, L"D:P(A;;GA;;;SY)");
RING3_SDDL(SDDL_DEVOBJ_SYS_ALL, L"D:P(A;;GA;;;SY)");
RING3_SDDL(SDDL_DEVOBJ_SYS_ALL_ADM_ALL, L"D:P(A;;GA;;;SY)(A;;GA;;;BA)");
RING3_SDDL(SDDL_DEVOBJ_SYS_ALL_ADM_RX, L"D:P(A;;GA;;;SY)(A;;GRGX;;;BA)");
RING3_SDDL(SDDL_DEVOBJ_SYS_ALL_ADM_RWX_WORLD_R, L"D:P(A;;GA;;;SY)(A;;GRGWGX;;;BA)(A;;GR;;;WD)");
RING3_SDDL(SDDL_DEVOBJ_SYS_ALL_ADM_RWX_WORLD_R_RES_R,
           L"D:P(A;;GA;;;SY)(A;;GRGWGX;;;BA)(A;;GR;;;WD)(A;;GR;;;RC)");
RING3_SDDL(SDDL_DEVOBJ_SYS_ALL_ADM_RWX_WORLD_RW_RES_R,
           L"D:P(A;;GA;;;SY)(A;;GRGWGX;;;BA)(A;;GRGW;;;WD)(A;;GR;;;RC)");
RING3_SDDL(SDDL_DEVOBJ_SYS_ALL_ADM_RWX_WORLD_RWX_RES_RWX,
           L"D:P(A;;GA;;;SY)(A;;GRGWGX;;;BA)(A;;GRGWGX;;;WD)(A;;GRGWGX;;;RC)");
#undef RING3_SDDL

NTKERNELAPI NTSTATUS WdmlibIoCreateDeviceSecure(
    _In_ struct _DRIVER_OBJECT* DriverObject, _In_ ULONG DeviceExtensionSize, _In_opt_ PUNICODE_STRING DeviceName,
    _In_ ULONG DeviceType, _In_ ULONG DeviceCharacteristics, _In_ BOOLEAN Exclusive,
    _In_ PCUNICODE_STRING DefaultSDDLString, _In_opt_ const struct _GUID* DeviceClassGuid,
    _Out_ struct _DEVICE_OBJECT** DeviceObject);
#define IoCreateDeviceSecure WdmlibIoCreateDeviceSecure
NTKERNELAPI NTSTATUS WdmlibIoValidateDeviceIoControlAccess(_In_ struct _IRP* Irp, _In_ ULONG RequiredAccess);
#define IoValidateDeviceIoControlAccess WdmlibIoValidateDeviceIoControlAccess
NTKERNELAPI NTSTATUS WdmlibRtlInitUnicodeStringEx(_Out_ PUNICODE_STRING DestinationString,
                                                  _In_opt_ PCWSTR SourceString);
#ifndef RtlInitUnicodeStringEx
#define RtlInitUnicodeStringEx WdmlibRtlInitUnicodeStringEx
#endif

EXTERN_C_END

#endif
