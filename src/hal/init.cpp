// SPDX-License-Identifier: MIT
#include "hal/init.h"

#include <ntstatus.h>

#include <string>

#include "hal/dma_adapter.h"
#include "hal/port_space.h"

namespace ring3::hal {
namespace {

void Report(LeakReport& report, std::atomic<int64_t>& count, const char* what) {
  if (int64_t left = count.exchange(0); left != 0) report.Add(std::to_string(left) + " " + what);
}

}  // namespace

Status Initialize(const BootOptions&) {
  ResetPorts();
  return STATUS_SUCCESS;
}

void Shutdown(LeakReport& report) {
  Report(report, g_statistics.adapters, "DMA adapters not put back");
  Report(report, g_statistics.common_buffers, "common buffers not freed");
  Report(report, g_statistics.map_registers, "map registers not freed");
  Report(report, g_statistics.scatter_gather_lists, "scatter/gather lists not put back");
}

}  // namespace ring3::hal
