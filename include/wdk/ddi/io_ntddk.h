// SPDX-License-Identifier: MIT
// What ntddk.h adds to the I/O manager of wdm.h.
#ifndef RING3_DDI_IO_NTDDK_H
#define RING3_DDI_IO_NTDDK_H

#include <ddi/io.h>
#include <ddi/hal.h>

EXTERN_C_START

#ifdef RING3_EXECUTIVE
// Exported on Windows, and declared by the drivers that use them.
extern NTKERNELAPI struct _OBJECT_TYPE** IoDriverObjectType;
extern NTKERNELAPI struct _OBJECT_TYPE** IoDeviceObjectType;
#endif

struct _IO_DRIVER_CREATE_CONTEXT;
typedef struct _TXN_PARAMETER_BLOCK {
  USHORT Length;
  USHORT TxFsContext;
  PVOID TransactionObject;
} TXN_PARAMETER_BLOCK, *PTXN_PARAMETER_BLOCK;
typedef struct _IO_DRIVER_CREATE_CONTEXT {
  CSHORT Size;
  struct _ECP_LIST* ExtraCreateParameter;
  PVOID DeviceObjectHint;
  PTXN_PARAMETER_BLOCK TxnParameters;
  PVOID SiloContext;
} IO_DRIVER_CREATE_CONTEXT, *PIO_DRIVER_CREATE_CONTEXT;
RING3_INLINE VOID IoInitializeDriverCreateContext(PIO_DRIVER_CREATE_CONTEXT DriverContext) {
  __builtin_memset(DriverContext, 0, sizeof(*DriverContext));
  DriverContext->Size = sizeof(*DriverContext);
}

NTKERNELAPI PIRP IoMakeAssociatedIrp(PIRP Irp, CCHAR StackSize);
NTKERNELAPI VOID IoRegisterDriverReinitialization(PDRIVER_OBJECT DriverObject,
                                                  PDRIVER_REINITIALIZE DriverReinitializationRoutine, PVOID Context);
NTKERNELAPI VOID IoRegisterBootDriverReinitialization(PDRIVER_OBJECT DriverObject,
                                                      PDRIVER_REINITIALIZE DriverReinitializationRoutine,
                                                      PVOID Context);
NTKERNELAPI NTSTATUS IoAttachDeviceToDeviceStackSafe(PDEVICE_OBJECT SourceDevice, PDEVICE_OBJECT TargetDevice,
                                                     PDEVICE_OBJECT* AttachedToDeviceObject);
NTKERNELAPI PCONTROLLER_OBJECT IoCreateController(ULONG Size);
NTKERNELAPI VOID IoDeleteController(PCONTROLLER_OBJECT ControllerObject);
NTKERNELAPI VOID IoAllocateController(PCONTROLLER_OBJECT ControllerObject, PDEVICE_OBJECT DeviceObject,
                                      PDRIVER_CONTROL ExecutionRoutine, PVOID Context);
NTKERNELAPI VOID IoFreeController(PCONTROLLER_OBJECT ControllerObject);
NTKERNELAPI PCONFIGURATION_INFORMATION IoGetConfigurationInformation(VOID);
NTKERNELAPI VOID IoRaiseHardError(PIRP Irp, PVPB Vpb, PDEVICE_OBJECT RealDeviceObject);
struct _KTHREAD;
NTKERNELAPI BOOLEAN IoRaiseInformationalHardError(NTSTATUS ErrorStatus, PUNICODE_STRING String,
                                                  struct _KTHREAD* Thread);
NTKERNELAPI BOOLEAN IoSetThreadHardErrorMode(BOOLEAN EnableHardErrors);
NTKERNELAPI VOID IoSetHardErrorOrVerifyDevice(PIRP Irp, PDEVICE_OBJECT DeviceObject);
NTKERNELAPI NTSTATUS IoCreateFileEx(PHANDLE FileHandle, ACCESS_MASK DesiredAccess,
                                    struct _OBJECT_ATTRIBUTES* ObjectAttributes, PIO_STATUS_BLOCK IoStatusBlock,
                                    PLARGE_INTEGER AllocationSize, ULONG FileAttributes, ULONG ShareAccess,
                                    ULONG Disposition, ULONG CreateOptions, PVOID EaBuffer, ULONG EaLength,
                                    CREATE_FILE_TYPE CreateFileType, PVOID InternalParameters, ULONG Options,
                                    PIO_DRIVER_CREATE_CONTEXT DriverContext);
NTKERNELAPI struct _GENERIC_MAPPING* IoGetFileObjectGenericMapping(VOID);
NTKERNELAPI NTSTATUS IoGetActivityIdIrp(PIRP Irp, GUID* Guid);
NTKERNELAPI NTSTATUS IoSetActivityIdIrp(PIRP Irp, const GUID* Guid);
NTKERNELAPI const GUID* IoGetActivityIdThread(VOID);
NTKERNELAPI const GUID* IoSetActivityIdThread(const GUID* ActivityId);
NTKERNELAPI VOID IoClearActivityIdThread(const GUID* OriginalId);
NTKERNELAPI BOOLEAN IoIsValidIrpStatus(NTSTATUS Status);
NTKERNELAPI VOID IoSetMasterIrpStatus(PIRP MasterIrp, NTSTATUS Status);
NTKERNELAPI struct _EPROCESS* IoGetInitiatorProcess(PFILE_OBJECT FileObject);
NTKERNELAPI BOOLEAN IoIsFileOriginRemote(PFILE_OBJECT FileObject);
NTKERNELAPI NTSTATUS IoSetFileOrigin(PFILE_OBJECT FileObject, BOOLEAN Remote);
NTKERNELAPI NTSTATUS IoQueryFullDriverPath(PDRIVER_OBJECT DriverObject, PUNICODE_STRING FullPath);
NTKERNELAPI VOID IoCancelFileOpen(PDEVICE_OBJECT DeviceObject, PFILE_OBJECT FileObject);

EXTERN_C_END

#endif
