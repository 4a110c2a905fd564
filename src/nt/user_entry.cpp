// SPDX-License-Identifier: MIT
#include "nt/user_entry.h"

#include <atomic>

#include "ke/door.h"
#include "ps/thread.h"
#include "ps/user_thread.h"

namespace ring3::nt {
namespace {

std::atomic<PEPROCESS> g_embedded_process{nullptr};

}  // namespace

void SetEmbeddedProcess(PEPROCESS process) {
  g_embedded_process.store(process, std::memory_order_release);
  if (process != nullptr) ke::OpenDoors();
}

void AttachEmbeddedThread() {
  PEPROCESS process = g_embedded_process.load(std::memory_order_acquire);
  if (process == nullptr || ps::AttachThread(process).ok()) return;
  ke::LeaveDoor();
  ke::StopAtDoor();
}

void EndEmbeddedProcess() {
  ke::CloseDoors();
  ps::StopUserThreads(g_embedded_process.load(std::memory_order_acquire));
}

}  // namespace ring3::nt
