// SPDX-License-Identifier: MIT
#pragma once

#include "ke/door.h"
#include "ke/service_scope.h"
#include "ps/process.h"

namespace ring3::nt {

// The process that runs embedded in this one: Linux threads that the executive has not seen become its
// threads when they call their first service. Null: none.
void SetEmbeddedProcess(PEPROCESS process);
void AttachEmbeddedThread();

// The embedded process ends: from now on its threads stop at the door, except the one that calls this;
// returns when no other is in the executive.
void EndEmbeddedProcess();

// Held for the length of a system service: the thread is one of an application, and the previous mode is
// UserMode. A thread of a process that ends does not come back from it.
class UserEntry {
 public:
  UserEntry() : scope_(Prepare()) {}

 private:
  static KPROCESSOR_MODE Prepare() {
    if (__builtin_expect(ke::CurrentThreadOrNull() == nullptr, false)) AttachEmbeddedThread();
    return UserMode;
  }

  const ke::DoorPass door_;
  const ke::ServiceScope scope_;
};

}  // namespace ring3::nt
