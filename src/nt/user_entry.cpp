// SPDX-License-Identifier: MIT
#include "nt/user_entry.h"

#include "os/thread.h"
#include "ps/thread.h"
#include "ps/user_thread.h"

namespace ring3::nt {
namespace {

std::atomic<PEPROCESS> g_embedded_process{nullptr};

}  // namespace

void SetEmbeddedProcess(PEPROCESS process) {
  g_embedded_process.store(process, std::memory_order_release);
  g_process_ends.store(false, std::memory_order_relaxed);
}

void AttachEmbeddedThread() {
  if (g_process_ends.load(std::memory_order_relaxed)) os::ParkForEver();
  PEPROCESS process = g_embedded_process.load(std::memory_order_acquire);
  if (process != nullptr && !ps::AttachThread(process).ok()) StopThread();
}

void EndEmbeddedProcess() {
  g_process_ends.store(true, std::memory_order_relaxed);
  ps::StopUserThreads(g_embedded_process.load(std::memory_order_acquire));
}

// The Linux thread cannot be ended where it stands: it belongs to the application. It waits for the end of
// the Linux process, and touches nothing of the executive, which may be going down: whoever ends the process
// takes the thread's block away.
void StopThread() {
  os::ParkForEver();
}

}  // namespace ring3::nt
