// SPDX-License-Identifier: MIT
#pragma once

#include "hal/dma_adapter.h"

namespace ring3::hal {

// Pages that the range of the MDL chain touches. False: the range is not in it.
bool CountPages(PMDL mdl, uint64_t offset, uint64_t byte_count, ULONG* pages);
// Bytes of a list of as many elements, with our own part behind it.
ULONG ScatterGatherListBytes(ULONG element_count);

// Fills `list` (null: one run only, whose length is told). `*byte_count` is what was mapped.
NTSTATUS MapIntoList(DmaAdapter* adapter, PMDL mdl, MapRegisters* registers, uint64_t offset,
                     PULONG byte_count, bool write_to_device, PSCATTER_GATHER_LIST list,
                     ULONG list_byte_count);

NTSTATUS GetScatterGatherList(PDMA_ADAPTER adapter, PDEVICE_OBJECT device, PMDL mdl, PVOID va,
                              ULONG byte_count, PDRIVER_LIST_CONTROL routine, PVOID context,
                              BOOLEAN write_to_device);
VOID PutScatterGatherList(PDMA_ADAPTER adapter, PSCATTER_GATHER_LIST list, BOOLEAN write_to_device);
NTSTATUS CalculateScatterGatherList(PDMA_ADAPTER adapter, PMDL mdl, PVOID va, ULONG byte_count,
                                    PULONG list_byte_count, PULONG register_count);
NTSTATUS BuildScatterGatherList(PDMA_ADAPTER adapter, PDEVICE_OBJECT device, PMDL mdl, PVOID va,
                                ULONG byte_count, PDRIVER_LIST_CONTROL routine, PVOID context,
                                BOOLEAN write_to_device, PVOID buffer, ULONG buffer_byte_count);
NTSTATUS BuildMdlFromScatterGatherList(PDMA_ADAPTER adapter, PSCATTER_GATHER_LIST list, PMDL original,
                                       PMDL* target);
NTSTATUS GetScatterGatherListEx(PDMA_ADAPTER adapter, PDEVICE_OBJECT device, PVOID transfer_context, PMDL mdl,
                                ULONGLONG offset, ULONG byte_count, ULONG flags, PDRIVER_LIST_CONTROL routine,
                                PVOID context, BOOLEAN write_to_device, PDMA_COMPLETION_ROUTINE completion,
                                PVOID completion_context, PSCATTER_GATHER_LIST* list);
NTSTATUS BuildScatterGatherListEx(PDMA_ADAPTER adapter, PDEVICE_OBJECT device, PVOID transfer_context,
                                  PMDL mdl, ULONGLONG offset, ULONG byte_count, ULONG flags,
                                  PDRIVER_LIST_CONTROL routine, PVOID context, BOOLEAN write_to_device,
                                  PVOID buffer, ULONG buffer_byte_count, PDMA_COMPLETION_ROUTINE completion,
                                  PVOID completion_context, PVOID list);

}  // namespace ring3::hal
