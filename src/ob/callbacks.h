// SPDX-License-Identifier: MIT
#pragma once

#include "base/leak_report.h"
#include "ob/object.h"

namespace ring3::ob {

// Handle operations that ObRegisterCallbacks listens to.
struct HandleOperation {
  OB_OPERATION operation;  // OB_OPERATION_HANDLE_CREATE or _DUPLICATE
  void* object;
  bool kernel_handle;
  ACCESS_MASK desired;
  void* source_process;  // of a duplication
  void* target_process;
};

// Runs the pre-operation callbacks of the object's type, highest altitude first; they may take rights away.
// The destructor runs the post-operation ones with the outcome. No lock held; PASSIVE_LEVEL.
class HandleCallbacks {
 public:
  // Operations that can be registered, by all drivers together.
  static constexpr int kMost = 64;
  explicit HandleCallbacks(const HandleOperation& operation);
  ~HandleCallbacks();
  HandleCallbacks(const HandleCallbacks&) = delete;
  HandleCallbacks& operator=(const HandleCallbacks&) = delete;
  ACCESS_MASK granted() const { return granted_; }
  void SetOutcome(NTSTATUS status) { outcome_ = status; }

 private:
  HandleOperation operation_;
  ACCESS_MASK granted_;
  NTSTATUS outcome_ = STATUS_UNSUCCESSFUL;
  int count_ = 0;
  struct Called {
    struct CallbackSet* set;
    const OB_OPERATION_REGISTRATION* registration;
    void* call_context;
  } called_[kMost] = {};
};

Result<void*> RegisterCallbacks(const OB_CALLBACK_REGISTRATION& registration);
void UnregisterCallbacks(void* registration);
void ReportLeftCallbacks(LeakReport& report);

}  // namespace ring3::ob
