// SPDX-License-Identifier: MIT
// The WMI library's interface: what a driver registers and the callbacks that the library makes.
// https://learn.microsoft.com/windows-hardware/drivers/ddi/wmilib/
#ifndef RING3_WMILIB_H
#define RING3_WMILIB_H

#include <ddi/forward.h>
#include <guiddef.h>

struct _DEVICE_OBJECT;
struct _IRP;

EXTERN_C_START

typedef enum { WmiEventControl, WmiDataBlockControl } WMIENABLEDISABLECONTROL, *PWMIENABLEDISABLECONTROL;
typedef enum { IrpProcessed, IrpNotCompleted, IrpNotWmi, IrpForward } SYSCTL_IRP_DISPOSITION, *PSYSCTL_IRP_DISPOSITION;

typedef struct _WMIGUIDREGINFO {
  LPCGUID Guid;
  ULONG InstanceCount;
  ULONG Flags;
} WMIGUIDREGINFO, *PWMIGUIDREGINFO;

typedef NTSTATUS NTAPI WMI_QUERY_REGINFO_CALLBACK(_Inout_ struct _DEVICE_OBJECT* DeviceObject, _Inout_ PULONG RegFlags,
                                                  _Inout_ PUNICODE_STRING InstanceName,
                                                  _Outptr_result_maybenull_ PUNICODE_STRING* RegistryPath,
                                                  _Inout_ PUNICODE_STRING MofResourceName,
                                                  _Outptr_result_maybenull_ struct _DEVICE_OBJECT** Pdo);
typedef WMI_QUERY_REGINFO_CALLBACK* PWMI_QUERY_REGINFO;
typedef NTSTATUS NTAPI WMI_QUERY_DATABLOCK_CALLBACK(_Inout_ struct _DEVICE_OBJECT* DeviceObject, _Inout_ struct _IRP* Irp,
                                                    _In_ ULONG GuidIndex, _In_ ULONG InstanceIndex,
                                                    _In_ ULONG InstanceCount, _Inout_opt_ PULONG InstanceLengthArray,
                                                    _In_ ULONG BufferAvail, _Out_opt_ PUCHAR Buffer);
typedef WMI_QUERY_DATABLOCK_CALLBACK* PWMI_QUERY_DATABLOCK;
typedef NTSTATUS NTAPI WMI_SET_DATABLOCK_CALLBACK(_Inout_ struct _DEVICE_OBJECT* DeviceObject, _Inout_ struct _IRP* Irp,
                                                  _In_ ULONG GuidIndex, _In_ ULONG InstanceIndex, _In_ ULONG BufferSize,
                                                  _In_ PUCHAR Buffer);
typedef WMI_SET_DATABLOCK_CALLBACK* PWMI_SET_DATABLOCK;
typedef NTSTATUS NTAPI WMI_SET_DATAITEM_CALLBACK(_Inout_ struct _DEVICE_OBJECT* DeviceObject, _Inout_ struct _IRP* Irp,
                                                 _In_ ULONG GuidIndex, _In_ ULONG InstanceIndex, _In_ ULONG DataItemId,
                                                 _In_ ULONG BufferSize, _In_ PUCHAR Buffer);
typedef WMI_SET_DATAITEM_CALLBACK* PWMI_SET_DATAITEM;
typedef NTSTATUS NTAPI WMI_EXECUTE_METHOD_CALLBACK(_Inout_ struct _DEVICE_OBJECT* DeviceObject, _Inout_ struct _IRP* Irp,
                                                   _In_ ULONG GuidIndex, _In_ ULONG InstanceIndex, _In_ ULONG MethodId,
                                                   _In_ ULONG InBufferSize, _In_ ULONG OutBufferSize,
                                                   _Inout_ PUCHAR Buffer);
typedef WMI_EXECUTE_METHOD_CALLBACK* PWMI_EXECUTE_METHOD;
typedef NTSTATUS NTAPI WMI_FUNCTION_CONTROL_CALLBACK(_Inout_ struct _DEVICE_OBJECT* DeviceObject, _Inout_ struct _IRP* Irp,
                                                     _In_ ULONG GuidIndex, _In_ WMIENABLEDISABLECONTROL Function,
                                                     _In_ BOOLEAN Enable);
typedef WMI_FUNCTION_CONTROL_CALLBACK* PWMI_FUNCTION_CONTROL;

typedef struct _WMILIB_CONTEXT {
  ULONG GuidCount;
  PWMIGUIDREGINFO GuidList;
  PWMI_QUERY_REGINFO QueryWmiRegInfo;
  PWMI_QUERY_DATABLOCK QueryWmiDataBlock;
  PWMI_SET_DATABLOCK SetWmiDataBlock;
  PWMI_SET_DATAITEM SetWmiDataItem;
  PWMI_EXECUTE_METHOD ExecuteWmiMethod;
  PWMI_FUNCTION_CONTROL WmiFunctionControl;
} WMILIB_CONTEXT, *PWMILIB_CONTEXT;

NTSYSAPI NTSTATUS NTAPI WmiSystemControl(_In_ PWMILIB_CONTEXT WmiLibInfo, _In_ struct _DEVICE_OBJECT* DeviceObject,
                                         _Inout_ struct _IRP* Irp, _Out_ PSYSCTL_IRP_DISPOSITION IrpDisposition);
NTSYSAPI NTSTATUS NTAPI WmiCompleteRequest(_In_ struct _DEVICE_OBJECT* DeviceObject, _Inout_ struct _IRP* Irp,
                                           _In_ NTSTATUS Status, _In_ ULONG BufferUsed, _In_ CCHAR PriorityBoost);
NTSYSAPI NTSTATUS NTAPI WmiFireEvent(_In_ struct _DEVICE_OBJECT* DeviceObject, _In_ LPCGUID Guid, _In_ ULONG InstanceIndex,
                                     _In_ ULONG EventDataSize, _In_reads_bytes_opt_(EventDataSize) PVOID EventData);

EXTERN_C_END

#endif
