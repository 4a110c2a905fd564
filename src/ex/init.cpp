// SPDX-License-Identifier: MIT
#include "ex/init.h"

#include <ntstatus.h>

#include "ex/lookaside.h"
#include "ex/pool.h"
#include "ex/resource.h"
#include "ex/time_resolution.h"
#include "ex/work_queue.h"
#include "ke/bugcheck.h"
#include "os/fault_handler.h"

namespace ring3::ex {
namespace {

// A fault in the special pool is the driver's end, guarded by __try or not.
bool OnMemoryFault(const os::MemoryFault& fault) {
  if (g_pool == nullptr) return false;
  const std::optional<ke::BugCheck> bug_check = g_pool->special().Explain(fault.address, fault.write, fault.pc);
  if (!bug_check) return false;
  KeBugCheckEx(bug_check->code, bug_check->parameters[0], bug_check->parameters[1], bug_check->parameters[2],
               bug_check->parameters[3]);
}

// What the pool knows of the addresses that a bug check is about.
void DescribePool(const ke::BugCheck& bug_check, std::vector<std::string>& lines) {
  if (g_pool == nullptr) return;
  ULONG_PTR last = 0;
  for (const ULONG_PTR parameter : bug_check.parameters) {
    if (parameter == last) continue;
    last = parameter;
    if (std::string text = g_pool->Describe(reinterpret_cast<const void*>(parameter)); !text.empty())
      lines.push_back(std::move(text));
  }
}

}  // namespace

Status Initialize(const BootOptions& options) {
  RING3_TRY_ASSIGN(g_pool, Pool::Create(options));
  os::AddMemoryFaultHook(&OnMemoryFault);
  ke::AddBugCheckDescriber(&DescribePool);
  g_timer_resolution.Reset();
  g_work_queues = new WorkQueues;
  return STATUS_SUCCESS;
}

void Shutdown(LeakReport& leaks) {
  StopWorkers();
  ShutdownLookasides(leaks);
  ShutdownResources(leaks);
  ke::RemoveBugCheckDescriber(&DescribePool);
  os::RemoveMemoryFaultHook(&OnMemoryFault);
  if (Pool* pool = g_pool; pool != nullptr) {
    g_pool = nullptr;
    pool->Destroy(leaks);
  }
}

}  // namespace ring3::ex
