// SPDX-License-Identifier: MIT
// Counts in its Parameters key how often it was started, and answers with the count.
#include "../../conformance/common/test_driver.h"
#include "registry_store.h"

static ULONG count;

static NTSTATUS TestDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  UNREFERENCED_PARAMETER(DeviceObject);
  TEST_CHECK(TestCodeOf(Irp) == IOCTL_STORE_COUNT && TestOutLength(Irp) == sizeof(count));
  *(PULONG)Irp->AssociatedIrp.SystemBuffer = count;
  return TestComplete(Irp, STATUS_SUCCESS, sizeof(count));
}

// The count in the key, one higher each time; 1 where there is none yet.
static NTSTATUS TestStart(PDRIVER_OBJECT DriverObject) {
  UNICODE_STRING parameters = RTL_CONSTANT_STRING(L"Parameters");
  RTL_QUERY_REGISTRY_TABLE table[2];
  OBJECT_ATTRIBUTES attributes;
  HANDLE service, key;
  ULONG zero = 0;
  NTSTATUS status;

  UNREFERENCED_PARAMETER(DriverObject);
  InitializeObjectAttributes(&attributes, Test.RegistryPath, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL,
                             NULL);
  status = ZwOpenKey(&service, KEY_ALL_ACCESS, &attributes);
  if (!NT_SUCCESS(status)) return status;
  InitializeObjectAttributes(&attributes, &parameters, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, service,
                             NULL);
  status = ZwCreateKey(&key, KEY_ALL_ACCESS, &attributes, 0, NULL, REG_OPTION_NON_VOLATILE, NULL);
  ZwClose(service);
  if (!NT_SUCCESS(status)) return status;

  RtlZeroMemory(table, sizeof(table));
  table[0].Flags = RTL_QUERY_REGISTRY_DIRECT | RTL_QUERY_REGISTRY_TYPECHECK;
  table[0].Name = L"Started";
  table[0].EntryContext = &count;
  table[0].DefaultType = (REG_DWORD << RTL_QUERY_REGISTRY_TYPECHECK_SHIFT) | REG_DWORD;
  table[0].DefaultData = &zero;
  table[0].DefaultLength = sizeof(zero);
  status = RtlQueryRegistryValues(RTL_REGISTRY_HANDLE, (PCWSTR)key, table, NULL, NULL);
  ++count;
  if (NT_SUCCESS(status)) {
    status =
        RtlWriteRegistryValue(RTL_REGISTRY_HANDLE, (PCWSTR)key, L"Started", REG_DWORD, &count, sizeof(count));
  }
  ZwClose(key);
  return status;
}
