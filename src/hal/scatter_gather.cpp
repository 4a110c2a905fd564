// SPDX-License-Identifier: MIT
// Scatter/gather lists: what a device needs to know of an MDL's pages.
#include "hal/scatter_gather.h"

#include <ddi/ex.h>
#include <ntstatus.h>

#include <algorithm>

#include "ke/driver_gate.h"

namespace ring3::hal {
namespace {

constexpr ULONG kTag = 'tsLS';

// Lies behind the list's elements; the list's Reserved points to it.
struct ListOwner {
  MapRegisters* registers;
  bool allocated;  // by us: freed with the list
};

ULONG ElementsIn(ULONG list_byte_count) {
  constexpr ULONG kFixed = sizeof(SCATTER_GATHER_LIST) + sizeof(ListOwner);
  return list_byte_count < kFixed
             ? 0
             : (list_byte_count - kFixed) / static_cast<ULONG>(sizeof(SCATTER_GATHER_ELEMENT));
}

ListOwner* OwnerOf(PSCATTER_GATHER_LIST list) {
  return reinterpret_cast<ListOwner*>(list->Reserved);
}

uint64_t OffsetOf(PMDL mdl, const void* va) {
  return static_cast<uint64_t>(static_cast<const char*>(va) -
                               static_cast<const char*>(MmGetMdlVirtualAddress(mdl)));
}

NTSTATUS Build(DmaAdapter* adapter, PMDL mdl, uint64_t offset, ULONG byte_count, bool write_to_device,
               void* buffer, ULONG buffer_byte_count, bool allocated, PSCATTER_GATHER_LIST* result) {
  ULONG pages = 0;
  if (!CountPages(mdl, offset, byte_count, &pages)) return STATUS_INVALID_PARAMETER;
  auto* list = static_cast<PSCATTER_GATHER_LIST>(buffer);
  ULONG capacity = ElementsIn(buffer_byte_count);
  if (capacity < pages) return STATUS_BUFFER_TOO_SMALL;
  auto* owner = reinterpret_cast<ListOwner*>(&list->Elements[capacity]);
  list->Reserved = reinterpret_cast<ULONG_PTR>(owner);
  owner->allocated = allocated;
  owner->registers = adapter->AllocateRegisters(pages);
  if (owner->registers == nullptr) return STATUS_INSUFFICIENT_RESOURCES;
  ULONG mapped = byte_count;
  NTSTATUS status = MapIntoList(adapter, mdl, owner->registers, offset, &mapped, write_to_device, list,
                                buffer_byte_count - static_cast<ULONG>(sizeof(ListOwner)));
  if (NT_SUCCESS(status) && mapped != byte_count) status = STATUS_INSUFFICIENT_RESOURCES;
  if (!NT_SUCCESS(status)) {
    adapter->FreeRegisters(owner->registers);
    return status;
  }
  list->Reserved = reinterpret_cast<ULONG_PTR>(owner);
  g_statistics.scatter_gather_lists.fetch_add(1, std::memory_order_relaxed);
  *result = list;
  return STATUS_SUCCESS;
}

NTSTATUS Allocate(DmaAdapter* adapter, PMDL mdl, uint64_t offset, ULONG byte_count, bool write_to_device,
                  PSCATTER_GATHER_LIST* list) {
  ULONG pages = 0;
  if (!CountPages(mdl, offset, byte_count, &pages)) return STATUS_INVALID_PARAMETER;
  if (pages > adapter->most_map_registers()) return STATUS_INSUFFICIENT_RESOURCES;
  ULONG bytes = ScatterGatherListBytes(pages);
  void* buffer = ExAllocatePoolWithTag(NonPagedPoolNx, bytes, kTag);
  if (buffer == nullptr) return STATUS_INSUFFICIENT_RESOURCES;
  NTSTATUS status = Build(adapter, mdl, offset, byte_count, write_to_device, buffer, bytes, true, list);
  if (!NT_SUCCESS(status)) ExFreePoolWithTag(buffer, kTag);
  return status;
}

// The driver's routine runs at DISPATCH_LEVEL, whatever the caller's level.
void CallAtDispatch(PDEVICE_OBJECT device, PDRIVER_LIST_CONTROL routine, PSCATTER_GATHER_LIST list,
                    PVOID context) {
  KIRQL old;
  KeRaiseIrql(DISPATCH_LEVEL, &old);
  ke::CallDriver(device->DriverObject, ke::Callback::kListControl, routine, device, device->CurrentIrp, list,
                 context);
  KeLowerIrql(old);
}

}  // namespace

bool CountPages(PMDL mdl, uint64_t offset, uint64_t byte_count, ULONG* pages) {
  *pages = 0;
  while (mdl != nullptr && offset >= mdl->ByteCount) {
    offset -= mdl->ByteCount;
    mdl = mdl->Next;
  }
  while (byte_count != 0) {
    if (mdl == nullptr) return false;
    uint64_t step = std::min<uint64_t>(byte_count, mdl->ByteCount - offset);
    *pages += PagesSpanned(mdl->ByteOffset + offset, step);
    byte_count -= step;
    offset = 0;
    mdl = mdl->Next;
  }
  return true;
}

ULONG ScatterGatherListBytes(ULONG element_count) {
  return static_cast<ULONG>(sizeof(SCATTER_GATHER_LIST) + element_count * sizeof(SCATTER_GATHER_ELEMENT) +
                            sizeof(ListOwner));
}

NTSTATUS MapIntoList(DmaAdapter* adapter, PMDL mdl, MapRegisters* registers, uint64_t offset,
                     PULONG byte_count, bool write_to_device, PSCATTER_GATHER_LIST list,
                     ULONG list_byte_count) {
  ULONG pages = 0;
  if (!CountPages(mdl, offset, *byte_count, &pages)) return STATUS_INVALID_PARAMETER;
  if (list == nullptr) {
    uint32_t run = *byte_count;
    if (adapter->Map(mdl, registers, offset, &run, write_to_device) == 0)
      return STATUS_INSUFFICIENT_RESOURCES;
    *byte_count = run;
    return STATUS_SUCCESS;
  }
  if (list_byte_count < sizeof(SCATTER_GATHER_LIST)) return STATUS_BUFFER_TOO_SMALL;
  ULONG capacity = (list_byte_count - static_cast<ULONG>(sizeof(SCATTER_GATHER_LIST))) /
                   static_cast<ULONG>(sizeof(SCATTER_GATHER_ELEMENT));
  list->NumberOfElements = 0;
  uint64_t done = 0;
  while (done < *byte_count) {
    auto run = static_cast<uint32_t>(*byte_count - done);
    uint64_t logical = adapter->Map(mdl, registers, offset + done, &run, write_to_device);
    if (logical == 0 || run == 0) return STATUS_INSUFFICIENT_RESOURCES;
    PSCATTER_GATHER_ELEMENT last =
        list->NumberOfElements == 0 ? nullptr : &list->Elements[list->NumberOfElements - 1];
    if (last != nullptr && static_cast<uint64_t>(last->Address.QuadPart) + last->Length == logical) {
      last->Length += run;
    } else {
      if (list->NumberOfElements == capacity) return STATUS_BUFFER_TOO_SMALL;
      PSCATTER_GATHER_ELEMENT element = &list->Elements[list->NumberOfElements++];
      element->Address.QuadPart = static_cast<LONGLONG>(logical);
      element->Length = run;
      element->Reserved = 0;
    }
    done += run;
  }
  return STATUS_SUCCESS;
}

// nc-wdm-pget_scatter_gather_list. STATUS_INSUFFICIENT_RESOURCES, STATUS_BUFFER_TOO_SMALL; IRQL
// DISPATCH_LEVEL.
NTSTATUS GetScatterGatherList(PDMA_ADAPTER adapter, PDEVICE_OBJECT device, PMDL mdl, PVOID va,
                              ULONG byte_count, PDRIVER_LIST_CONTROL routine, PVOID context,
                              BOOLEAN write_to_device) {
  PSCATTER_GATHER_LIST list = nullptr;
  NTSTATUS status =
      Allocate(DmaAdapter::Of(adapter), mdl, OffsetOf(mdl, va), byte_count, write_to_device != FALSE, &list);
  if (!NT_SUCCESS(status)) return status;
  CallAtDispatch(device, routine, list, context);
  return STATUS_SUCCESS;
}

// nc-wdm-pput_scatter_gather_list: after it, the caller's memory has what the device wrote.
VOID PutScatterGatherList(PDMA_ADAPTER adapter, PSCATTER_GATHER_LIST list, BOOLEAN write_to_device) {
  ListOwner* owner = OwnerOf(list);
  DmaAdapter* own = DmaAdapter::Of(adapter);
  own->Flush(owner->registers, write_to_device != FALSE);
  own->FreeRegisters(owner->registers);
  owner->registers = nullptr;
  g_statistics.scatter_gather_lists.fetch_sub(1, std::memory_order_relaxed);
  if (owner->allocated) ExFreePoolWithTag(list, kTag);
}

// nc-wdm-pcalculate_scatter_gather_list_size
NTSTATUS CalculateScatterGatherList(PDMA_ADAPTER adapter, PMDL mdl, PVOID va, ULONG byte_count,
                                    PULONG list_byte_count, PULONG register_count) {
  ULONG pages = 0;
  if (mdl == nullptr) {
    pages = PagesSpanned(reinterpret_cast<uint64_t>(va), byte_count);
  } else if (!CountPages(mdl, OffsetOf(mdl, va), byte_count, &pages)) {
    return STATUS_INVALID_PARAMETER;
  }
  if (pages > DmaAdapter::Of(adapter)->most_map_registers()) return STATUS_INSUFFICIENT_RESOURCES;
  *list_byte_count = ScatterGatherListBytes(pages);
  if (register_count != nullptr) *register_count = pages;
  return STATUS_SUCCESS;
}

// nc-wdm-pbuild_scatter_gather_list: the list in the driver's buffer. STATUS_BUFFER_TOO_SMALL.
NTSTATUS BuildScatterGatherList(PDMA_ADAPTER adapter, PDEVICE_OBJECT device, PMDL mdl, PVOID va,
                                ULONG byte_count, PDRIVER_LIST_CONTROL routine, PVOID context,
                                BOOLEAN write_to_device, PVOID buffer, ULONG buffer_byte_count) {
  PSCATTER_GATHER_LIST list = nullptr;
  NTSTATUS status = Build(DmaAdapter::Of(adapter), mdl, OffsetOf(mdl, va), byte_count,
                          write_to_device != FALSE, buffer, buffer_byte_count, false, &list);
  if (!NT_SUCCESS(status)) return status;
  CallAtDispatch(device, routine, list, context);
  return STATUS_SUCCESS;
}

// nc-wdm-pbuildmdl_from_scatter_gather_list: the original describes the same memory.
NTSTATUS BuildMdlFromScatterGatherList(PDMA_ADAPTER, PSCATTER_GATHER_LIST, PMDL original, PMDL* target) {
  if (original == nullptr) return STATUS_INVALID_PARAMETER;
  *target = original;
  return STATUS_SUCCESS;
}

// nc-wdm-pget_scatter_gather_list_ex: with DMA_SYNCHRONOUS_CALLBACK the list is handed back, the routine
// optional.
NTSTATUS GetScatterGatherListEx(PDMA_ADAPTER adapter, PDEVICE_OBJECT device, PVOID, PMDL mdl,
                                ULONGLONG offset, ULONG byte_count, ULONG flags, PDRIVER_LIST_CONTROL routine,
                                PVOID context, BOOLEAN write_to_device, PDMA_COMPLETION_ROUTINE, PVOID,
                                PSCATTER_GATHER_LIST* result) {
  bool synchronous = (flags & DMA_SYNCHRONOUS_CALLBACK) != 0;
  if (routine == nullptr && (!synchronous || result == nullptr)) return STATUS_INVALID_PARAMETER;
  PSCATTER_GATHER_LIST list = nullptr;
  NTSTATUS status =
      Allocate(DmaAdapter::Of(adapter), mdl, offset, byte_count, write_to_device != FALSE, &list);
  if (!NT_SUCCESS(status)) return status;
  if (synchronous && result != nullptr) *result = list;
  if (routine != nullptr) CallAtDispatch(device, routine, list, context);
  return STATUS_SUCCESS;
}

// nc-wdm-pbuild_scatter_gather_list_ex
NTSTATUS BuildScatterGatherListEx(PDMA_ADAPTER adapter, PDEVICE_OBJECT device, PVOID, PMDL mdl,
                                  ULONGLONG offset, ULONG byte_count, ULONG flags,
                                  PDRIVER_LIST_CONTROL routine, PVOID context, BOOLEAN write_to_device,
                                  PVOID buffer, ULONG buffer_byte_count, PDMA_COMPLETION_ROUTINE, PVOID,
                                  PVOID result) {
  bool synchronous = (flags & DMA_SYNCHRONOUS_CALLBACK) != 0;
  if (routine == nullptr && (!synchronous || result == nullptr)) return STATUS_INVALID_PARAMETER;
  PSCATTER_GATHER_LIST list = nullptr;
  NTSTATUS status = Build(DmaAdapter::Of(adapter), mdl, offset, byte_count, write_to_device != FALSE, buffer,
                          buffer_byte_count, false, &list);
  if (!NT_SUCCESS(status)) return status;
  if (synchronous && result != nullptr) *static_cast<PSCATTER_GATHER_LIST*>(result) = list;
  if (routine != nullptr) CallAtDispatch(device, routine, list, context);
  return STATUS_SUCCESS;
}

}  // namespace ring3::hal
