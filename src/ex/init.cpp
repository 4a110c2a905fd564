// SPDX-License-Identifier: MIT
#include "ex/init.h"

#include <ntstatus.h>

#include "ex/event_tracing.h"
#include "ex/lookaside.h"
#include "ex/pool.h"
#include "ex/resource.h"
#include "ex/timer_resolution.h"
#include "ex/work_queue.h"
#include "ke/bugcheck.h"

namespace ring3::ex {
namespace {

// A fault in the special pool that no __try took.
std::optional<ke::BugCheck> ExplainPageFault(ULONG_PTR address, bool is_write, ULONG_PTR pc) {
  return g_pool != nullptr ? g_pool->special().Explain(address, is_write, pc) : std::nullopt;
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
  ke::SetPageFaultExplainer(&ExplainPageFault);
  ke::AddBugCheckDescriber(&DescribePool);
  g_work_queues = new WorkQueues;
  return STATUS_SUCCESS;
}

void Shutdown(LeakReport& leaks) {
  StopWorkers();
  ShutdownEventTracing(leaks);
  ResetTimerResolution();
  ShutdownLookasides(leaks);
  ShutdownResources(leaks);
  ke::RemoveBugCheckDescriber(&DescribePool);
  ke::SetPageFaultExplainer(nullptr);
  if (Pool* pool = g_pool; pool != nullptr) {
    g_pool = nullptr;
    pool->Destroy(leaks);
  }
}

}  // namespace ring3::ex
