// SPDX-License-Identifier: MIT
// The table of a DMA adapter, but for scatter/gather lists.
#include <ntstatus.h>

#include <cstring>

#include "hal/dma_adapter.h"
#include "hal/scatter_gather.h"

namespace ring3::hal {
namespace {

MEMORY_CACHING_TYPE CachingOf(BOOLEAN enabled) {
  return enabled ? MmCached : MmNonCached;
}

uint64_t OffsetOf(PMDL mdl, const void* va) {
  return static_cast<uint64_t>(static_cast<const char*>(va) -
                               static_cast<const char*>(MmGetMdlVirtualAddress(mdl)));
}

// nc-wdm-pput_dma_adapter
VOID PutDmaAdapter(PDMA_ADAPTER adapter) {
  DmaAdapter::Of(adapter)->Destroy();
}

// nc-wdm-pallocate_common_buffer: zeroed; null where there is no contiguous memory within the device's reach.
PVOID AllocateCommonBuffer(PDMA_ADAPTER adapter, ULONG byte_count, PPHYSICAL_ADDRESS logical,
                           BOOLEAN cached) {
  return DmaAdapter::Of(adapter)->AllocateCommonBuffer(0, ~uint64_t{0}, byte_count, CachingOf(cached),
                                                       logical);
}

// nc-wdm-pfree_common_buffer
VOID FreeCommonBuffer(PDMA_ADAPTER adapter, ULONG byte_count, PHYSICAL_ADDRESS, PVOID address,
                      BOOLEAN cached) {
  DmaAdapter::Of(adapter)->FreeCommonBuffer(address, byte_count, CachingOf(cached));
}

// nc-wdm-pallocate_common_buffer_ex
PVOID AllocateCommonBufferEx(PDMA_ADAPTER adapter, PPHYSICAL_ADDRESS highest, ULONG byte_count,
                             PPHYSICAL_ADDRESS logical, BOOLEAN cached, NODE_REQUIREMENT) {
  uint64_t limit = highest == nullptr ? ~uint64_t{0} : static_cast<uint64_t>(highest->QuadPart);
  return DmaAdapter::Of(adapter)->AllocateCommonBuffer(0, limit, byte_count, CachingOf(cached), logical);
}

// nc-wdm-pallocate_common_buffer_with_bounds
PVOID AllocateCommonBufferWithBounds(PDMA_ADAPTER adapter, PPHYSICAL_ADDRESS lowest,
                                     PPHYSICAL_ADDRESS highest, ULONG byte_count, ULONG,
                                     MEMORY_CACHING_TYPE* caching, NODE_REQUIREMENT,
                                     PPHYSICAL_ADDRESS logical) {
  uint64_t low = lowest == nullptr ? 0 : static_cast<uint64_t>(lowest->QuadPart);
  uint64_t high = highest == nullptr ? ~uint64_t{0} : static_cast<uint64_t>(highest->QuadPart);
  return DmaAdapter::Of(adapter)->AllocateCommonBuffer(low, high, byte_count,
                                                       caching == nullptr ? MmCached : *caching, logical);
}

// nc-wdm-pallocate_adapter_channel: DISPATCH_LEVEL. STATUS_INSUFFICIENT_RESOURCES for more registers than
// there are.
NTSTATUS AllocateAdapterChannel(PDMA_ADAPTER adapter, PDEVICE_OBJECT device, ULONG register_count,
                                PDRIVER_CONTROL routine, PVOID context) {
  return DmaAdapter::Of(adapter)->AllocateChannel(device, register_count, routine, context);
}

// nc-wdm-pallocate_adapter_channel_ex: with DMA_SYNCHRONOUS_CALLBACK it never waits.
NTSTATUS AllocateAdapterChannelEx(PDMA_ADAPTER adapter, PDEVICE_OBJECT device, PVOID, ULONG register_count,
                                  ULONG flags, PDRIVER_CONTROL routine, PVOID context, PVOID* register_base) {
  if ((flags & DMA_SYNCHRONOUS_CALLBACK) == 0) {
    return routine == nullptr ? STATUS_INVALID_PARAMETER
                              : AllocateAdapterChannel(adapter, device, register_count, routine, context);
  }
  if (register_count > DmaAdapter::Of(adapter)->most_map_registers()) return STATUS_INSUFFICIENT_RESOURCES;
  if (routine != nullptr) return AllocateAdapterChannel(adapter, device, register_count, routine, context);
  if (register_base == nullptr) return STATUS_INVALID_PARAMETER;
  *register_base = DmaAdapter::Of(adapter)->AllocateRegisters(register_count);
  return *register_base == nullptr ? STATUS_INSUFFICIENT_RESOURCES : STATUS_SUCCESS;
}

// nc-wdm-pflush_adapter_buffers
BOOLEAN FlushAdapterBuffers(PDMA_ADAPTER adapter, PMDL, PVOID registers, PVOID, ULONG,
                            BOOLEAN write_to_device) {
  DmaAdapter::Of(adapter)->Flush(static_cast<MapRegisters*>(registers), write_to_device != FALSE);
  return TRUE;
}

// nc-wdm-pflush_adapter_buffers_ex
NTSTATUS FlushAdapterBuffersEx(PDMA_ADAPTER adapter, PMDL, PVOID registers, ULONGLONG, ULONG,
                               BOOLEAN write_to_device) {
  DmaAdapter::Of(adapter)->Flush(static_cast<MapRegisters*>(registers), write_to_device != FALSE);
  return STATUS_SUCCESS;
}

// nc-wdm-pfree_adapter_channel: DISPATCH_LEVEL.
VOID FreeAdapterChannel(PDMA_ADAPTER adapter) {
  DmaAdapter::Of(adapter)->FreeChannel();
}

// nc-wdm-pfree_adapter_object
VOID FreeAdapterObject(PDMA_ADAPTER adapter, IO_ALLOCATION_ACTION action) {
  if (action != KeepObject) DmaAdapter::Of(adapter)->FreeChannel();
}

// nc-wdm-pfree_map_registers
VOID FreeMapRegisters(PDMA_ADAPTER adapter, PVOID registers, ULONG) {
  DmaAdapter::Of(adapter)->FreeRegisters(static_cast<MapRegisters*>(registers));
}

// nc-wdm-pmap_transfer: the logical address; `*byte_count` is what the device may transfer there in one go.
PHYSICAL_ADDRESS MapTransfer(PDMA_ADAPTER adapter, PMDL mdl, PVOID registers, PVOID va, PULONG byte_count,
                             BOOLEAN write_to_device) {
  PHYSICAL_ADDRESS logical;
  uint32_t length = *byte_count;
  logical.QuadPart = static_cast<LONGLONG>(DmaAdapter::Of(adapter)->Map(
      mdl, static_cast<MapRegisters*>(registers), OffsetOf(mdl, va), &length, write_to_device != FALSE));
  *byte_count = length;
  return logical;
}

// nc-wdm-pmap_transfer_ex: STATUS_INVALID_PARAMETER for a range outside the MDL, STATUS_BUFFER_TOO_SMALL for
// the list, STATUS_INSUFFICIENT_RESOURCES.
NTSTATUS MapTransferEx(PDMA_ADAPTER adapter, PMDL mdl, PVOID registers, ULONGLONG offset, ULONG,
                       PULONG byte_count, BOOLEAN write_to_device, PSCATTER_GATHER_LIST list,
                       ULONG list_byte_count, PDMA_COMPLETION_ROUTINE, PVOID) {
  return MapIntoList(DmaAdapter::Of(adapter), mdl, static_cast<MapRegisters*>(registers), offset, byte_count,
                     write_to_device != FALSE, list, list_byte_count);
}

// nc-wdm-pget_dma_alignment: bytes.
ULONG GetDmaAlignment(PDMA_ADAPTER) {
  return 1;
}

// nc-wdm-pread_dma_counter: there is no system DMA controller that counts.
ULONG ReadDmaCounter(PDMA_ADAPTER) {
  return 0;
}

// nc-wdm-pget_dma_adapter_info: STATUS_NOT_SUPPORTED for versions other than 1.
NTSTATUS GetDmaAdapterInfo(PDMA_ADAPTER adapter, PDMA_ADAPTER_INFO info) {
  if (info->Version != DMA_ADAPTER_INFO_VERSION1) return STATUS_NOT_SUPPORTED;
  const DmaAdapter* own = DmaAdapter::Of(adapter);
  info->V1 = {};
  info->V1.ScatterGatherLimit = own->scatters() ? ~ULONG{0} : 1;
  info->V1.DmaAddressWidth = own->highest_address() == ~uint64_t{0}
                                 ? 64
                                 : static_cast<ULONG>(__builtin_popcountll(own->highest_address()));
  info->V1.Flags = ADAPTER_INFO_SYNCHRONOUS_CALLBACK;
  info->V1.MinimumTransferUnit = 1;
  return STATUS_SUCCESS;
}

// nc-wdm-pget_dma_transfer_info: STATUS_NOT_SUPPORTED for unknown versions, STATUS_INVALID_PARAMETER for the
// range.
NTSTATUS GetDmaTransferInfo(PDMA_ADAPTER, PMDL mdl, ULONGLONG offset, ULONG byte_count, BOOLEAN,
                            PDMA_TRANSFER_INFO info) {
  if (info->Version != DMA_TRANSFER_INFO_VERSION1 && info->Version != DMA_TRANSFER_INFO_VERSION2) {
    return STATUS_NOT_SUPPORTED;
  }
  ULONG pages = 0;
  if (!CountPages(mdl, offset, byte_count, &pages)) return STATUS_INVALID_PARAMETER;
  info->V2.MapRegisterCount = pages;
  info->V2.ScatterGatherElementCount = pages;
  info->V2.ScatterGatherListSize = ScatterGatherListBytes(pages);
  if (info->Version == DMA_TRANSFER_INFO_VERSION2) info->V2.LogicalPageCount = pages;
  return STATUS_SUCCESS;
}

// nc-wdm-pinitialize_dma_transfer_context
NTSTATUS InitializeDmaTransferContext(PDMA_ADAPTER, PVOID context) {
  std::memset(context, 0, DMA_TRANSFER_CONTEXT_SIZE_V1);
  return STATUS_SUCCESS;
}

// nc-wdm-pconfigure_adapter_channel: of system DMA controllers only.
NTSTATUS ConfigureAdapterChannel(PDMA_ADAPTER, ULONG, PVOID) {
  return STATUS_NOT_IMPLEMENTED;
}

// nc-wdm-pcancel_adapter_channel: FALSE where the request is not waiting any more.
BOOLEAN CancelAdapterChannel(PDMA_ADAPTER adapter, PDEVICE_OBJECT device, PVOID) {
  return DmaAdapter::Of(adapter)->CancelWaiting(device);
}

// nc-wdm-pcancel_mapped_transfer: of system DMA controllers only.
NTSTATUS CancelMappedTransfer(PDMA_ADAPTER, PVOID) {
  return STATUS_NOT_IMPLEMENTED;
}

// nc-wdm-pflush_dma_buffer: memory is coherent.
NTSTATUS FlushDmaBuffer(PDMA_ADAPTER, PMDL, BOOLEAN) {
  return STATUS_SUCCESS;
}

NTSTATUS AllocateDomainCommonBuffer(PDMA_ADAPTER, HANDLE, PPHYSICAL_ADDRESS, ULONG, ULONG,
                                    MEMORY_CACHING_TYPE*, NODE_REQUIREMENT, PPHYSICAL_ADDRESS, PVOID*) {
  return STATUS_NOT_SUPPORTED;
}
NTSTATUS JoinDmaDomain(PDMA_ADAPTER, HANDLE) {
  return STATUS_NOT_SUPPORTED;
}
NTSTATUS LeaveDmaDomain(PDMA_ADAPTER) {
  return STATUS_NOT_SUPPORTED;
}
HANDLE GetDmaDomain(PDMA_ADAPTER) {
  return nullptr;
}

}  // namespace

// Size says where the table ends: what is behind it does not exist here.
DMA_OPERATIONS g_dma_operations = {
    .Size = FIELD_OFFSET(DMA_OPERATIONS, AllocateCommonBufferVector),
    .PutDmaAdapter = PutDmaAdapter,
    .AllocateCommonBuffer = AllocateCommonBuffer,
    .FreeCommonBuffer = FreeCommonBuffer,
    .AllocateAdapterChannel = AllocateAdapterChannel,
    .FlushAdapterBuffers = FlushAdapterBuffers,
    .FreeAdapterChannel = FreeAdapterChannel,
    .FreeMapRegisters = FreeMapRegisters,
    .MapTransfer = MapTransfer,
    .GetDmaAlignment = GetDmaAlignment,
    .ReadDmaCounter = ReadDmaCounter,
    .GetScatterGatherList = GetScatterGatherList,
    .PutScatterGatherList = PutScatterGatherList,
    .CalculateScatterGatherList = CalculateScatterGatherList,
    .BuildScatterGatherList = BuildScatterGatherList,
    .BuildMdlFromScatterGatherList = BuildMdlFromScatterGatherList,
    .GetDmaAdapterInfo = GetDmaAdapterInfo,
    .GetDmaTransferInfo = GetDmaTransferInfo,
    .InitializeDmaTransferContext = InitializeDmaTransferContext,
    .AllocateCommonBufferEx = AllocateCommonBufferEx,
    .AllocateAdapterChannelEx = AllocateAdapterChannelEx,
    .ConfigureAdapterChannel = ConfigureAdapterChannel,
    .CancelAdapterChannel = CancelAdapterChannel,
    .MapTransferEx = MapTransferEx,
    .GetScatterGatherListEx = GetScatterGatherListEx,
    .BuildScatterGatherListEx = BuildScatterGatherListEx,
    .FlushAdapterBuffersEx = FlushAdapterBuffersEx,
    .FreeAdapterObject = FreeAdapterObject,
    .CancelMappedTransfer = CancelMappedTransfer,
    .AllocateDomainCommonBuffer = AllocateDomainCommonBuffer,
    .FlushDmaBuffer = FlushDmaBuffer,
    .JoinDmaDomain = JoinDmaDomain,
    .LeaveDmaDomain = LeaveDmaDomain,
    .GetDmaDomain = GetDmaDomain,
    .AllocateCommonBufferWithBounds = AllocateCommonBufferWithBounds,
};

}  // namespace ring3::hal

extern "C" {

// The adapter for a bus-master device; `*NumberOfMapRegisters` is the most that one transfer may have. Null
// where memory is exhausted or the description's version is unknown. PASSIVE_LEVEL. nf-wdm-iogetdmaadapter
PDMA_ADAPTER IoGetDmaAdapter(PDEVICE_OBJECT, PDEVICE_DESCRIPTION DeviceDescription,
                             PULONG NumberOfMapRegisters) {
  using ring3::hal::DmaAdapter;
  if (DeviceDescription->Version > DEVICE_DESCRIPTION_VERSION3) return nullptr;
  DEVICE_DESCRIPTION description = {};
  size_t known = DeviceDescription->Version < DEVICE_DESCRIPTION_VERSION3
                     ? static_cast<size_t>(FIELD_OFFSET(DEVICE_DESCRIPTION, DmaAddressWidth))
                     : sizeof(DEVICE_DESCRIPTION);
  std::memcpy(&description, DeviceDescription, known);
  DmaAdapter* adapter = DmaAdapter::Create(description);
  if (adapter == nullptr) return nullptr;
  *NumberOfMapRegisters = adapter->most_map_registers();
  return adapter->handle();
}

}  // extern "C"
