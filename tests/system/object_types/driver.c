// SPDX-License-Identifier: MIT
// Checks the caller's handles against every type that the kernel exports, and the data that it exports beside
// them.
#include <ntifs.h>

#include "../../conformance/common/test_driver.h"
#include "object_types.h"

// Exported, and declared by the drivers that use them.
extern POBJECT_TYPE* IoDriverObjectType;
extern POBJECT_TYPE* IoDeviceObjectType;
NTKERNELAPI NTSTATUS ObReferenceObjectByName(PUNICODE_STRING ObjectName, ULONG Attributes,
                                             PACCESS_STATE AccessState, ACCESS_MASK DesiredAccess,
                                             POBJECT_TYPE ObjectType, KPROCESSOR_MODE AccessMode,
                                             PVOID ParseContext, PVOID* Object);

// The handle is of `Type` and of none of the others.
static PVOID CheckHandle(HANDLE Handle, POBJECT_TYPE Type, KPROCESSOR_MODE Mode) {
  POBJECT_TYPE types[] = {*ExEventObjectType, *ExSemaphoreObjectType, *IoFileObjectType, *PsProcessType,
                          *PsThreadType,      *SeTokenObjectType,     *CmKeyObjectType};
  PVOID object = NULL, other;
  ULONG i;
  for (i = 0; i < ARRAYSIZE(types); ++i) {
    if (types[i] == Type) continue;
    TEST_CHECK(ObReferenceObjectByHandle(Handle, 0, types[i], Mode, &other, NULL) ==
               STATUS_OBJECT_TYPE_MISMATCH);
  }
  TEST_CHECK(NT_SUCCESS(ObReferenceObjectByHandle(Handle, 0, Type, Mode, &object, NULL)));
  return object;
}

static void CheckUserHandles(const OBJECT_TYPES_REQUEST* Request, PIRP Irp) {
  PVOID object = CheckHandle((HANDLE)(ULONG_PTR)Request->Event, *ExEventObjectType, UserMode);
  KeSetEvent((PKEVENT)object, IO_NO_INCREMENT, FALSE);
  ObDereferenceObject(object);
  object = CheckHandle((HANDLE)(ULONG_PTR)Request->Semaphore, *ExSemaphoreObjectType, UserMode);
  TEST_CHECK(KeReleaseSemaphore((PRKSEMAPHORE)object, IO_NO_INCREMENT, 1, FALSE) == 0);
  ObDereferenceObject(object);
  object = CheckHandle((HANDLE)(ULONG_PTR)Request->File, *IoFileObjectType, UserMode);
  TEST_CHECK(object == IoGetCurrentIrpStackLocation(Irp)->FileObject);
  ObDereferenceObject(object);
  object = CheckHandle((HANDLE)(ULONG_PTR)Request->Thread, *PsThreadType, UserMode);
  TEST_CHECK(object == PsGetCurrentThread());
  ObDereferenceObject(object);
  object = CheckHandle((HANDLE)(ULONG_PTR)Request->Process, *PsProcessType, UserMode);
  TEST_CHECK(object == PsGetCurrentProcess());
  ObDereferenceObject(object);
  // Only rights that the handle has.
  TEST_CHECK(ObReferenceObjectByHandle((HANDLE)(ULONG_PTR)Request->Event, WRITE_DAC | 0x01000000,
                                       *ExEventObjectType, UserMode, &object, NULL) == STATUS_ACCESS_DENIED);
  TEST_CHECK(ObReferenceObjectByHandle((HANDLE)0x7ffc, 0, NULL, UserMode, &object, NULL) ==
             STATUS_INVALID_HANDLE);
}

static void CheckKernelHandles(void) {
  UNICODE_STRING path = RTL_CONSTANT_STRING(L"\\Registry\\Machine\\System");
  OBJECT_ATTRIBUTES attributes;
  HANDLE key, token;
  PVOID object;
  InitializeObjectAttributes(&attributes, &path, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
  TEST_CHECK(NT_SUCCESS(ZwOpenKey(&key, KEY_READ, &attributes)));
  object = CheckHandle(key, *CmKeyObjectType, KernelMode);
  ObDereferenceObject(object);
  TEST_CHECK(NT_SUCCESS(ZwClose(key)));
  TEST_CHECK(NT_SUCCESS(ZwOpenProcessTokenEx(ZwCurrentProcess(), TOKEN_QUERY, OBJ_KERNEL_HANDLE, &token)));
  object = CheckHandle(token, *SeTokenObjectType, KernelMode);
  ObDereferenceObject(object);
  TEST_CHECK(NT_SUCCESS(ZwClose(token)));
}

static void CheckNames(PDRIVER_OBJECT DriverObject) {
  UNICODE_STRING driver = RTL_CONSTANT_STRING(L"\\Driver\\object_types");
  UNICODE_STRING device = RTL_CONSTANT_STRING(L"\\Device\\Ring3Test");
  PVOID object = NULL;
  TEST_CHECK(NT_SUCCESS(ObReferenceObjectByName(&driver, OBJ_CASE_INSENSITIVE, NULL, 0, *IoDriverObjectType,
                                                KernelMode, NULL, &object)));
  TEST_CHECK(object == DriverObject);
  ObDereferenceObject(object);
  TEST_CHECK(ObReferenceObjectByName(&driver, OBJ_CASE_INSENSITIVE, NULL, 0, *IoDeviceObjectType, KernelMode,
                                     NULL, &object) == STATUS_OBJECT_TYPE_MISMATCH);
  object = NULL;
  TEST_CHECK(NT_SUCCESS(ObReferenceObjectByName(&device, OBJ_CASE_INSENSITIVE, NULL, 0, *IoDeviceObjectType,
                                                KernelMode, NULL, &object)));
  TEST_CHECK(object == DriverObject->DeviceObject);
  ObDereferenceObject(object);
}

static void CheckData(void) {
  PVOID pool = ExAllocatePool2(POOL_FLAG_NON_PAGED, 16, 'tsTO');
  TEST_CHECK(pool >= MmSystemRangeStart);
  ExFreePoolWithTag(pool, 'tsTO');
  TEST_CHECK(MmUserProbeAddress > 0x10000 && MmUserProbeAddress <= (ULONG_PTR)MmHighestUserAddress + 1);
  TEST_CHECK(PsInitialSystemProcess != NULL && PsGetProcessId(PsInitialSystemProcess) == (HANDLE)4);
  TEST_CHECK(RtlValidSid(SeExports->SeLocalSystemSid));
  TEST_CHECK(KeNumberProcessors >= 1);
  TEST_CHECK(KD_DEBUGGER_NOT_PRESENT == TRUE || KD_DEBUGGER_ENABLED == TRUE);
}

static NTSTATUS TestDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  TEST_CHECK(TestCodeOf(Irp) == IOCTL_CHECK_OBJECT_TYPES);
  TEST_CHECK(TestInLength(Irp) == sizeof(OBJECT_TYPES_REQUEST));
  CheckUserHandles(Irp->AssociatedIrp.SystemBuffer, Irp);
  CheckKernelHandles();
  CheckNames(DeviceObject->DriverObject);
  CheckData();
  return TestComplete(Irp, STATUS_SUCCESS, 0);
}

static NTSTATUS TestStart(PDRIVER_OBJECT DriverObject) {
  UNREFERENCED_PARAMETER(DriverObject);
  return STATUS_SUCCESS;
}
