// SPDX-License-Identifier: MIT
// Checks the caller's handles against every type that the kernel exports, and the data that it exports beside
// them.
#include <ntifs.h>
#include "object_types.h"

DRIVER_INITIALIZE DriverEntry;
DRIVER_UNLOAD Unload;
DRIVER_DISPATCH OpenClose;
DRIVER_DISPATCH Control;

// Exported, and declared by the drivers that use them.
extern POBJECT_TYPE* IoDriverObjectType;
extern POBJECT_TYPE* IoDeviceObjectType;
NTKERNELAPI NTSTATUS ObReferenceObjectByName(PUNICODE_STRING ObjectName, ULONG Attributes,
                                             PACCESS_STATE AccessState, ACCESS_MASK DesiredAccess,
                                             POBJECT_TYPE ObjectType, KPROCESSOR_MODE AccessMode,
                                             PVOID ParseContext, PVOID* Object);

static ULONG line_of_failure;
#define CHECK(condition)                                                  \
  do {                                                                    \
    if (!(condition) && line_of_failure == 0) line_of_failure = __LINE__; \
  } while (0)

static NTSTATUS Complete(PIRP Irp, NTSTATUS Status, ULONG_PTR Information) {
  Irp->IoStatus.Status = Status;
  Irp->IoStatus.Information = Information;
  IoCompleteRequest(Irp, IO_NO_INCREMENT);
  return Status;
}

// The handle is of `Type` and of none of the others.
static PVOID CheckHandle(HANDLE Handle, POBJECT_TYPE Type, KPROCESSOR_MODE Mode) {
  POBJECT_TYPE types[] = {*ExEventObjectType, *ExSemaphoreObjectType, *IoFileObjectType, *PsProcessType,
                          *PsThreadType,      *SeTokenObjectType,     *CmKeyObjectType};
  PVOID object = NULL, other;
  ULONG i;
  for (i = 0; i < ARRAYSIZE(types); ++i) {
    if (types[i] == Type) continue;
    CHECK(ObReferenceObjectByHandle(Handle, 0, types[i], Mode, &other, NULL) == STATUS_OBJECT_TYPE_MISMATCH);
  }
  CHECK(NT_SUCCESS(ObReferenceObjectByHandle(Handle, 0, Type, Mode, &object, NULL)));
  return object;
}

static void CheckUserHandles(const OBJECT_TYPES_REQUEST* Request, PIRP Irp) {
  PVOID object = CheckHandle((HANDLE)(ULONG_PTR)Request->Event, *ExEventObjectType, UserMode);
  if (object != NULL) {
    KeSetEvent((PKEVENT)object, IO_NO_INCREMENT, FALSE);
    ObDereferenceObject(object);
  }
  object = CheckHandle((HANDLE)(ULONG_PTR)Request->Semaphore, *ExSemaphoreObjectType, UserMode);
  if (object != NULL) {
    CHECK(KeReleaseSemaphore((PRKSEMAPHORE)object, IO_NO_INCREMENT, 1, FALSE) == 0);
    ObDereferenceObject(object);
  }
  object = CheckHandle((HANDLE)(ULONG_PTR)Request->File, *IoFileObjectType, UserMode);
  CHECK(object == IoGetCurrentIrpStackLocation(Irp)->FileObject);
  if (object != NULL) ObDereferenceObject(object);
  object = CheckHandle((HANDLE)(ULONG_PTR)Request->Thread, *PsThreadType, UserMode);
  CHECK(object == PsGetCurrentThread());
  if (object != NULL) ObDereferenceObject(object);
  object = CheckHandle((HANDLE)(ULONG_PTR)Request->Process, *PsProcessType, UserMode);
  CHECK(object == PsGetCurrentProcess());
  if (object != NULL) ObDereferenceObject(object);
  // Only rights that the handle has.
  CHECK(ObReferenceObjectByHandle((HANDLE)(ULONG_PTR)Request->Event, WRITE_DAC | 0x01000000,
                                  *ExEventObjectType, UserMode, &object, NULL) == STATUS_ACCESS_DENIED);
  CHECK(ObReferenceObjectByHandle((HANDLE)0x7ffc, 0, NULL, UserMode, &object, NULL) == STATUS_INVALID_HANDLE);
}

static void CheckKernelHandles(void) {
  UNICODE_STRING path = RTL_CONSTANT_STRING(L"\\Registry\\Machine\\System");
  OBJECT_ATTRIBUTES attributes;
  HANDLE key, token;
  PVOID object;
  InitializeObjectAttributes(&attributes, &path, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
  CHECK(NT_SUCCESS(ZwOpenKey(&key, KEY_READ, &attributes)));
  object = CheckHandle(key, *CmKeyObjectType, KernelMode);
  if (object != NULL) ObDereferenceObject(object);
  CHECK(NT_SUCCESS(ZwClose(key)));
  CHECK(NT_SUCCESS(ZwOpenProcessTokenEx(ZwCurrentProcess(), TOKEN_QUERY, OBJ_KERNEL_HANDLE, &token)));
  object = CheckHandle(token, *SeTokenObjectType, KernelMode);
  if (object != NULL) ObDereferenceObject(object);
  CHECK(NT_SUCCESS(ZwClose(token)));
}

static void CheckNames(PDRIVER_OBJECT DriverObject) {
  UNICODE_STRING driver = RTL_CONSTANT_STRING(L"\\Driver\\object_types");
  UNICODE_STRING device = RTL_CONSTANT_STRING(L"\\Device\\ObjectTypes");
  PVOID object = NULL;
  CHECK(NT_SUCCESS(ObReferenceObjectByName(&driver, OBJ_CASE_INSENSITIVE, NULL, 0, *IoDriverObjectType,
                                           KernelMode, NULL, &object)));
  CHECK(object == DriverObject);
  if (object != NULL) ObDereferenceObject(object);
  CHECK(ObReferenceObjectByName(&driver, OBJ_CASE_INSENSITIVE, NULL, 0, *IoDeviceObjectType, KernelMode, NULL,
                                &object) == STATUS_OBJECT_TYPE_MISMATCH);
  object = NULL;
  CHECK(NT_SUCCESS(ObReferenceObjectByName(&device, OBJ_CASE_INSENSITIVE, NULL, 0, *IoDeviceObjectType,
                                           KernelMode, NULL, &object)));
  CHECK(object == DriverObject->DeviceObject);
  if (object != NULL) ObDereferenceObject(object);
}

static void CheckData(void) {
  PVOID pool = ExAllocatePool2(POOL_FLAG_NON_PAGED, 16, 'tsTO');
  CHECK(pool >= MmSystemRangeStart);
  if (pool != NULL) ExFreePoolWithTag(pool, 'tsTO');
  CHECK(MmUserProbeAddress > 0x10000 && MmUserProbeAddress <= (ULONG_PTR)MmHighestUserAddress + 1);
  CHECK(PsInitialSystemProcess != NULL && PsGetProcessId(PsInitialSystemProcess) == (HANDLE)4);
  CHECK(RtlValidSid(SeExports->SeLocalSystemSid));
  CHECK(KeNumberProcessors >= 1);
  CHECK(KD_DEBUGGER_NOT_PRESENT == TRUE || KD_DEBUGGER_ENABLED == TRUE);
}

NTSTATUS OpenClose(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  UNREFERENCED_PARAMETER(DeviceObject);
  return Complete(Irp, STATUS_SUCCESS, 0);
}

NTSTATUS Control(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(Irp);
  OBJECT_TYPES_REQUEST request;
  if (stack->Parameters.DeviceIoControl.InputBufferLength < sizeof(request) ||
      stack->Parameters.DeviceIoControl.OutputBufferLength < sizeof(ULONG)) {
    return Complete(Irp, STATUS_BUFFER_TOO_SMALL, 0);
  }
  request = *(OBJECT_TYPES_REQUEST*)Irp->AssociatedIrp.SystemBuffer;
  line_of_failure = 0;
  CheckUserHandles(&request, Irp);
  CheckKernelHandles();
  CheckNames(DeviceObject->DriverObject);
  CheckData();
  *(PULONG)Irp->AssociatedIrp.SystemBuffer = line_of_failure;
  return Complete(Irp, STATUS_SUCCESS, sizeof(ULONG));
}

VOID Unload(PDRIVER_OBJECT DriverObject) {
  UNICODE_STRING link = RTL_CONSTANT_STRING(L"\\DosDevices\\ObjectTypes");
  IoDeleteSymbolicLink(&link);
  IoDeleteDevice(DriverObject->DeviceObject);
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\ObjectTypes");
  UNICODE_STRING link = RTL_CONSTANT_STRING(L"\\DosDevices\\ObjectTypes");
  PDEVICE_OBJECT device;
  NTSTATUS status = IoCreateDevice(DriverObject, 0, &name, FILE_DEVICE_UNKNOWN, 0, FALSE, &device);
  UNREFERENCED_PARAMETER(RegistryPath);
  if (!NT_SUCCESS(status)) return status;
  status = IoCreateSymbolicLink(&link, &name);
  if (!NT_SUCCESS(status)) {
    IoDeleteDevice(device);
    return status;
  }
  DriverObject->MajorFunction[IRP_MJ_CREATE] = OpenClose;
  DriverObject->MajorFunction[IRP_MJ_CLOSE] = OpenClose;
  DriverObject->MajorFunction[IRP_MJ_DEVICE_CONTROL] = Control;
  DriverObject->DriverUnload = Unload;
  return STATUS_SUCCESS;
}
