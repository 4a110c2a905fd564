// SPDX-License-Identifier: MIT
// Pool.
#include "driver.h"

static PUCHAR Allocate(SIZE_T ByteCount) {
  return (PUCHAR)ExAllocatePool2(POOL_FLAG_NON_PAGED, ByteCount, MISBEHAVIOUR_TAG);
}

NTSTATUS FreePoolTwice(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  PVOID block = Allocate(64);
  UNREFERENCED_PARAMETER(DeviceObject);
  UNREFERENCED_PARAMETER(Irp);
  ExFreePoolWithTag(block, MISBEHAVIOUR_TAG);
  ExFreePoolWithTag(block, MISBEHAVIOUR_TAG);
  return STATUS_SUCCESS;
}

NTSTATUS FreeStackAddress(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  ULONG64 local[8] = {0};
  PVOID volatile address = local;
  UNREFERENCED_PARAMETER(DeviceObject);
  UNREFERENCED_PARAMETER(Irp);
  ExFreePoolWithTag(address, MISBEHAVIOUR_TAG);
  return STATUS_SUCCESS;
}

NTSTATUS FreeInsidePool(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  PUCHAR block = Allocate(256);
  UNREFERENCED_PARAMETER(DeviceObject);
  UNREFERENCED_PARAMETER(Irp);
  ExFreePoolWithTag(block + 32, MISBEHAVIOUR_TAG);
  return STATUS_SUCCESS;
}

NTSTATUS FreeWithWrongTag(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  UNREFERENCED_PARAMETER(DeviceObject);
  UNREFERENCED_PARAMETER(Irp);
  ExFreePoolWithTag(Allocate(64), 'gnrW');
  return STATUS_SUCCESS;
}

NTSTATUS OverrunPool(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  PUCHAR block = Allocate(64);
  UNREFERENCED_PARAMETER(DeviceObject);
  UNREFERENCED_PARAMETER(Irp);
  RtlFillMemory(block, 96, 0x5A);
  ExFreePoolWithTag(block, MISBEHAVIOUR_TAG);
  return STATUS_SUCCESS;
}

// With special pool, a block whose size is a multiple of 16 ends at the guard page.
NTSTATUS OverrunPoolToGuard(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  PUCHAR block = Allocate(64);
  UNREFERENCED_PARAMETER(DeviceObject);
  UNREFERENCED_PARAMETER(Irp);
  *(volatile UCHAR*)(block + 64) = 1;
  ExFreePoolWithTag(block, MISBEHAVIOUR_TAG);
  return STATUS_SUCCESS;
}

NTSTATUS OverrunPoolByOne(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  PUCHAR block = Allocate(60);
  UNREFERENCED_PARAMETER(DeviceObject);
  UNREFERENCED_PARAMETER(Irp);
  *(volatile UCHAR*)(block + 60) = 1;
  ExFreePoolWithTag(block, MISBEHAVIOUR_TAG);
  return STATUS_SUCCESS;
}

NTSTATUS UsePoolAfterFree(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  PUCHAR block = Allocate(64);
  UNREFERENCED_PARAMETER(DeviceObject);
  UNREFERENCED_PARAMETER(Irp);
  ExFreePoolWithTag(block, MISBEHAVIOUR_TAG);
  return *(volatile UCHAR*)block;
}

NTSTATUS AllocatePagedAtDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  KIRQL old;
  UNREFERENCED_PARAMETER(DeviceObject);
  UNREFERENCED_PARAMETER(Irp);
  KeRaiseIrql(DISPATCH_LEVEL, &old);
  ExFreePool(ExAllocatePool2(POOL_FLAG_PAGED, 64, MISBEHAVIOUR_TAG));
  KeLowerIrql(old);
  return STATUS_SUCCESS;
}

NTSTATUS LeakPool(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  UNREFERENCED_PARAMETER(DeviceObject);
  UNREFERENCED_PARAMETER(Irp);
  Allocate(48);
  Allocate(100);
  return STATUS_SUCCESS;
}
