// SPDX-License-Identifier: MIT
// Event providers. There are no trace sessions, so that no provider is ever enabled: what is written is
// checked and dropped, as the pages say of a provider that no session has enabled.
#include <ddi/ke.h>
#include <evntprov.h>
#include <ntstatus.h>

#include <atomic>

#include <fmt/format.h>

#include "ex/event_tracing.h"
#include "os/random.h"

namespace ring3::ex {
namespace {

// A registration's handle is its slot's number, from 1, with the slot's generation above: an old handle is
// told from a new one.
constexpr uint32_t kMostProviders = 1024;
struct Slot {
  std::atomic<uint32_t> generation{0};  // odd: registered
};
Slot g_slots[kMostProviders];

Slot* SlotOf(REGHANDLE handle) {
  const uint64_t index = (handle & 0xffffffff) - 1;
  if (index >= kMostProviders) return nullptr;
  const auto generation = static_cast<uint32_t>(handle >> 32);
  Slot* slot = &g_slots[index];
  if ((generation & 1) == 0 || slot->generation.load(std::memory_order_acquire) != generation) return nullptr;
  return slot;
}

NTSTATUS CheckWrite(REGHANDLE handle, ULONG count, const EVENT_DATA_DESCRIPTOR* data) {
  if (SlotOf(handle) == nullptr) return STATUS_INVALID_HANDLE;
  if (count > MAX_EVENT_DATA_DESCRIPTORS || (count != 0 && data == nullptr)) return STATUS_INVALID_PARAMETER;
  return STATUS_SUCCESS;
}

}  // namespace

void ShutdownEventTracing(LeakReport& leaks) {
  uint32_t left = 0;
  for (Slot& slot : g_slots) {
    const uint32_t generation = slot.generation.load();
    if ((generation & 1) == 0) continue;
    slot.generation.store(generation + 1);
    ++left;
  }
  if (left != 0) leaks.Add(fmt::format("{} event providers were not unregistered (EtwUnregister)", left));
}

}  // namespace ring3::ex

using namespace ring3;

extern "C" {

// The enable callback is never called: no session enables the provider. STATUS_INVALID_PARAMETER,
// STATUS_NO_MEMORY (too many providers). PASSIVE_LEVEL. nf-wdm-etwregister
NTSTATUS EtwRegister(LPCGUID provider_id, PETWENABLECALLBACK, PVOID, PREGHANDLE handle) {
  if (provider_id == nullptr || handle == nullptr) return STATUS_INVALID_PARAMETER;
  for (uint32_t i = 0; i < ex::kMostProviders; ++i) {
    uint32_t generation = ex::g_slots[i].generation.load(std::memory_order_relaxed);
    if ((generation & 1) != 0 ||
        !ex::g_slots[i].generation.compare_exchange_strong(generation, generation + 1))
      continue;
    *handle = uint64_t{generation + 1} << 32 | (i + 1);
    return STATUS_SUCCESS;
  }
  return STATUS_NO_MEMORY;
}

// STATUS_INVALID_HANDLE. PASSIVE_LEVEL. nf-wdm-etwunregister
NTSTATUS EtwUnregister(REGHANDLE handle) {
  ex::Slot* slot = ex::SlotOf(handle);
  auto generation = static_cast<uint32_t>(handle >> 32);
  if (slot == nullptr || !slot->generation.compare_exchange_strong(generation, generation + 1))
    return STATUS_INVALID_HANDLE;
  return STATUS_SUCCESS;
}

// Traits and the like, for sessions to show. STATUS_INVALID_HANDLE, STATUS_INVALID_PARAMETER.
// nf-wdm-etwsetinformation
NTSTATUS EtwSetInformation(REGHANDLE handle, EVENT_INFO_CLASS information_class, PVOID, ULONG) {
  if (ex::SlotOf(handle) == nullptr) return STATUS_INVALID_HANDLE;
  return information_class < MaxEventInfo ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
}

// nf-wdm-etweventenabled, nf-wdm-etwproviderenabled
BOOLEAN EtwEventEnabled(REGHANDLE, PCEVENT_DESCRIPTOR) {
  return FALSE;
}
BOOLEAN EtwProviderEnabled(REGHANDLE, UCHAR, ULONGLONG) {
  return FALSE;
}

// Only new identifiers: threads keep none. STATUS_INVALID_PARAMETER, STATUS_NOT_SUPPORTED.
// nf-wdm-etwactivityidcontrol
NTSTATUS EtwActivityIdControl(ULONG control_code, LPGUID activity_id) {
  if (control_code < EVENT_ACTIVITY_CTRL_GET_ID || control_code > EVENT_ACTIVITY_CTRL_CREATE_SET_ID) {
    return STATUS_INVALID_PARAMETER;
  }
  if (control_code != EVENT_ACTIVITY_CTRL_CREATE_ID) return STATUS_NOT_SUPPORTED;
  return os::FillRandom(activity_id, sizeof(*activity_id)) ? STATUS_SUCCESS : STATUS_UNSUCCESSFUL;
}

// STATUS_SUCCESS, the event going nowhere; STATUS_INVALID_HANDLE, STATUS_INVALID_PARAMETER for more than
// MAX_EVENT_DATA_DESCRIPTORS. Any IRQL. nf-wdm-etwwrite
NTSTATUS EtwWrite(REGHANDLE handle, PCEVENT_DESCRIPTOR, LPCGUID, ULONG count, PEVENT_DATA_DESCRIPTOR data) {
  return ex::CheckWrite(handle, count, data);
}
// nf-wdm-etwwritetransfer
NTSTATUS EtwWriteTransfer(REGHANDLE handle, PCEVENT_DESCRIPTOR, LPCGUID, LPCGUID, ULONG count,
                          PEVENT_DATA_DESCRIPTOR data) {
  return ex::CheckWrite(handle, count, data);
}
// nf-wdm-etwwriteex
NTSTATUS EtwWriteEx(REGHANDLE handle, PCEVENT_DESCRIPTOR, ULONG64, ULONG, LPCGUID, LPCGUID, ULONG count,
                    PEVENT_DATA_DESCRIPTOR data) {
  return ex::CheckWrite(handle, count, data);
}
// nf-wdm-etwwritestring
NTSTATUS EtwWriteString(REGHANDLE handle, UCHAR, ULONGLONG, LPCGUID, PCWSTR) {
  return ex::CheckWrite(handle, 0, nullptr);
}

}  // extern "C"
