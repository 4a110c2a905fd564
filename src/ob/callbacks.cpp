// SPDX-License-Identifier: MIT
#include "ob/callbacks.h"

#include <atomic>
#include <list>
#include <memory>
#include <vector>

#include <fmt/format.h>

#include "base/spin_lock.h"
#include "ke/driver_gate.h"
#include "ob/object_type.h"
#include "os/thread.h"

namespace ring3::ob {

// One ObRegisterCallbacks.
struct CallbackSet {
  std::u16string altitude;
  void* context;
  std::vector<OB_OPERATION_REGISTRATION> operations;
  // Calls under way; unregistering waits for them.
  std::atomic<uint32_t> users{0};
};

namespace {

SpinLock g_lock{LockRank::kObjectCallbacks};
std::list<CallbackSet*> g_sets RING3_GUARDED_BY(g_lock);  // highest altitude first
std::atomic<int> g_set_count{0};

// Altitudes are decimal fractions of any length.
bool Higher(std::u16string_view a, std::u16string_view b) {
  auto whole = [](std::u16string_view s) { return s.substr(0, s.find(u'.')); };
  std::u16string_view wa = whole(a), wb = whole(b);
  if (wa.size() != wb.size()) return wa.size() > wb.size();
  return a > b;
}

}  // namespace

HandleCallbacks::HandleCallbacks(const HandleOperation& operation)
    : operation_(operation), granted_(operation.desired) {
  ObjectType* type = ObjectHeader::Of(operation.object)->type;
  if (!type->options.supports_callbacks || g_set_count.load(std::memory_order_acquire) == 0) return;
  {
    SpinLockGuard guard(g_lock);
    for (CallbackSet* set : g_sets) {
      for (const OB_OPERATION_REGISTRATION& registration : set->operations) {
        if (*registration.ObjectType != type || (registration.Operations & operation.operation) == 0)
          continue;
        set->users.fetch_add(1);
        called_[count_++] = {set, &registration, nullptr};
      }
    }
  }
  for (int i = 0; i < count_; ++i) {
    Called& called = called_[i];
    if (called.registration->PreOperation == nullptr) continue;
    OB_PRE_OPERATION_PARAMETERS parameters = {};
    parameters.DuplicateHandleInformation = {granted_, operation.desired, operation.source_process,
                                             operation.target_process};
    OB_PRE_OPERATION_INFORMATION information = {};
    information.Operation = operation.operation;
    information.KernelHandle = operation.kernel_handle;
    information.Object = operation.object;
    information.ObjectType = type;
    information.Parameters = &parameters;
    ke::CallDriver(nullptr, ke::Callback::kNotify, called.registration->PreOperation, called.set->context,
                   &information);
    called.call_context = information.CallContext;
    // Rights can be taken away, not added; a kernel handle's not at all.
    if (!operation.kernel_handle) granted_ &= parameters.CreateHandleInformation.DesiredAccess;
  }
}

HandleCallbacks::~HandleCallbacks() {
  for (int i = count_; i-- > 0;) {
    Called& called = called_[i];
    if (called.registration->PostOperation != nullptr) {
      OB_POST_OPERATION_PARAMETERS parameters = {};
      parameters.CreateHandleInformation.GrantedAccess = NT_SUCCESS(outcome_) ? granted_ : 0;
      OB_POST_OPERATION_INFORMATION information = {};
      information.Operation = operation_.operation;
      information.KernelHandle = operation_.kernel_handle;
      information.Object = operation_.object;
      information.ObjectType = ObjectHeader::Of(operation_.object)->type;
      information.CallContext = called.call_context;
      information.ReturnStatus = outcome_;
      information.Parameters = &parameters;
      ke::CallDriver(nullptr, ke::Callback::kNotify, called.registration->PostOperation, called.set->context,
                     &information);
    }
    called.set->users.fetch_sub(1, std::memory_order_release);
  }
}

// STATUS_INSUFFICIENT_RESOURCES: so many routines cannot be called for one handle.
Result<void*> RegisterCallbacks(const OB_CALLBACK_REGISTRATION& registration) {
  if (registration.Version != OB_FLT_REGISTRATION_VERSION || registration.OperationRegistrationCount == 0) {
    return STATUS_INVALID_PARAMETER;
  }
  auto set = std::make_unique<CallbackSet>();
  set->altitude = View(registration.Altitude);
  set->context = registration.RegistrationContext;
  for (USHORT i = 0; i < registration.OperationRegistrationCount; ++i) {
    const OB_OPERATION_REGISTRATION& operation = registration.OperationRegistration[i];
    constexpr OB_OPERATION kAll = OB_OPERATION_HANDLE_CREATE | OB_OPERATION_HANDLE_DUPLICATE;
    if (operation.ObjectType == nullptr || !(*operation.ObjectType)->options.supports_callbacks ||
        operation.Operations == 0 || (operation.Operations & ~kAll) != 0 ||
        (operation.PreOperation == nullptr && operation.PostOperation == nullptr)) {
      return STATUS_INVALID_PARAMETER;
    }
    set->operations.push_back(operation);
  }
  SpinLockGuard guard(g_lock);
  size_t operation_count = set->operations.size();
  for (const CallbackSet* other : g_sets) operation_count += other->operations.size();
  if (operation_count > HandleCallbacks::kMost) return STATUS_INSUFFICIENT_RESOURCES;
  auto place = g_sets.begin();
  for (; place != g_sets.end(); ++place) {
    if ((*place)->altitude == set->altitude) return STATUS_FLT_INSTANCE_ALTITUDE_COLLISION;
    if (Higher(set->altitude, (*place)->altitude)) break;
  }
  for (auto rest = place; rest != g_sets.end(); ++rest) {
    if ((*rest)->altitude == set->altitude) return STATUS_FLT_INSTANCE_ALTITUDE_COLLISION;
  }
  CallbackSet* registered = set.release();
  g_sets.insert(place, registered);
  g_set_count.fetch_add(1, std::memory_order_release);
  return static_cast<void*>(registered);
}

void UnregisterCallbacks(void* registration) {
  auto* set = static_cast<CallbackSet*>(registration);
  {
    SpinLockGuard guard(g_lock);
    g_sets.remove(set);
  }
  g_set_count.fetch_sub(1);
  while (set->users.load(std::memory_order_acquire) != 0) os::YieldThread();
  delete set;
}

void ReportLeftCallbacks(LeakReport& report) {
  std::list<CallbackSet*> left;
  {
    SpinLockGuard guard(g_lock);
    left.swap(g_sets);
  }
  g_set_count.store(0);
  for (CallbackSet* set : left) {
    report.Add(fmt::format("object callbacks at altitude {} were not unregistered", Narrow(set->altitude)));
    delete set;
  }
}

}  // namespace ring3::ob
