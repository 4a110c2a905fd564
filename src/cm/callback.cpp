// SPDX-License-Identifier: MIT
#include "cm/callback.h"

#include <atomic>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/spin_lock.h"
#include "ke/driver_gate.h"
#include "ob/object.h"
#include "os/thread.h"

namespace ring3::cm {
namespace {

struct Callback {
  LONGLONG cookie;
  PEX_CALLBACK_FUNCTION function;
  void* context;
  std::u16string altitude;
  std::atomic<uint32_t> users{0};
};

SpinLock g_lock{LockRank::kObjectCallbacks};
std::list<std::shared_ptr<Callback>> g_callbacks RING3_GUARDED_BY(g_lock);  // highest altitude first
LONGLONG g_next_cookie RING3_GUARDED_BY(g_lock) = 1;
std::atomic<int> g_count{0};

std::vector<std::shared_ptr<Callback>> Use() {
  std::vector<std::shared_ptr<Callback>> all;
  SpinLockGuard guard(g_lock);
  for (const std::shared_ptr<Callback>& callback : g_callbacks) {
    callback->users.fetch_add(1);
    all.push_back(callback);
  }
  return all;
}

NTSTATUS Call(Callback& callback, REG_NOTIFY_CLASS notify_class, void* information) {
  NTSTATUS status =
      ke::CallDriver(nullptr, ke::Callback::kNotify, callback.function, callback.context,
                     reinterpret_cast<PVOID>(static_cast<ULONG_PTR>(notify_class)), information);
  callback.users.fetch_sub(1);
  return status;
}

}  // namespace

bool IsRegistered(LARGE_INTEGER cookie) {
  SpinLockGuard guard(g_lock);
  for (const std::shared_ptr<Callback>& callback : g_callbacks) {
    if (callback->cookie == cookie.QuadPart) return true;
  }
  return false;
}

bool AnyCallbacks() {
  return g_count.load(std::memory_order_acquire) != 0;
}

NTSTATUS NotifyBefore(REG_NOTIFY_CLASS notify_class, void* information) {
  NTSTATUS result = STATUS_SUCCESS;
  for (const std::shared_ptr<Callback>& callback : Use()) {
    if (result != STATUS_SUCCESS) {
      callback->users.fetch_sub(1);
      continue;
    }
    NTSTATUS status = Call(*callback, notify_class, information);
    if (!NT_SUCCESS(status) || status == STATUS_CALLBACK_BYPASS) result = status;
  }
  return result;
}

void NotifyAfter(REG_NOTIFY_CLASS notify_class, void* object, NTSTATUS status, void* information) {
  REG_POST_OPERATION_INFORMATION post = {};
  post.Object = object;
  post.Status = post.ReturnStatus = status;
  post.PreInformation = information;
  for (const std::shared_ptr<Callback>& callback : Use()) Call(*callback, notify_class, &post);
}

void ReportLeftCallbacks(LeakReport& report) {
  SpinLockGuard guard(g_lock);
  for (const std::shared_ptr<Callback>& callback : g_callbacks) {
    report.Add(fmt::format("registry callback {} was not unregistered",
                           reinterpret_cast<const void*>(callback->function)));
  }
  g_callbacks.clear();
  g_count.store(0);
}

}  // namespace ring3::cm

using namespace ring3;

extern "C" {

// STATUS_FLT_INSTANCE_ALTITUDE_COLLISION, STATUS_INSUFFICIENT_RESOURCES. IRQL <= APC_LEVEL.
// nf-wdm-cmregistercallbackex
NTSTATUS CmRegisterCallbackEx(PEX_CALLBACK_FUNCTION function, PCUNICODE_STRING altitude, PVOID, PVOID context,
                              PLARGE_INTEGER cookie, PVOID) {
  auto callback = std::make_shared<cm::Callback>();
  callback->function = function;
  callback->context = context;
  callback->altitude = ob::View(*altitude);
  SpinLockGuard guard(cm::g_lock);
  auto place = cm::g_callbacks.begin();
  for (; place != cm::g_callbacks.end(); ++place) {
    const std::u16string& other = (*place)->altitude;
    if (!other.empty() && other == callback->altitude) return STATUS_FLT_INSTANCE_ALTITUDE_COLLISION;
    if (callback->altitude.size() > other.size() ||
        (callback->altitude.size() == other.size() && callback->altitude > other)) {
      break;
    }
  }
  callback->cookie = cookie->QuadPart = cm::g_next_cookie++;
  cm::g_callbacks.insert(place, callback);
  cm::g_count.fetch_add(1);
  return STATUS_SUCCESS;
}

// At the lowest altitude. nf-wdm-cmregistercallback
NTSTATUS CmRegisterCallback(PEX_CALLBACK_FUNCTION function, PVOID context, PLARGE_INTEGER cookie) {
  UNICODE_STRING none = {};
  return CmRegisterCallbackEx(function, &none, nullptr, context, cookie, nullptr);
}

// Waits for calls under way. STATUS_INVALID_PARAMETER for an unknown cookie. nf-wdm-cmunregistercallback
NTSTATUS CmUnRegisterCallback(LARGE_INTEGER cookie) {
  std::shared_ptr<cm::Callback> found;
  {
    SpinLockGuard guard(cm::g_lock);
    for (auto at = cm::g_callbacks.begin(); at != cm::g_callbacks.end(); ++at) {
      if ((*at)->cookie != cookie.QuadPart) continue;
      found = *at;
      cm::g_callbacks.erase(at);
      break;
    }
  }
  if (found == nullptr) return STATUS_INVALID_PARAMETER;
  cm::g_count.fetch_sub(1);
  while (found->users.load() != 0) os::YieldThread();
  return STATUS_SUCCESS;
}

// nf-wdm-cmgetcallbackversion
VOID CmGetCallbackVersion(PULONG major, PULONG minor) {
  if (major != nullptr) *major = 1;
  if (minor != nullptr) *minor = 1;
}

}  // extern "C"
