// SPDX-License-Identifier: MIT
#include "io/init.h"

#include <ddi/io_ntddk.h>
#include <ddi/ob_ntddk.h>
#include <ntstatus.h>

#include <string>

#include "ex/work_queue.h"
#include "io/bugcheck_objects.h"
#include "io/completion_port.h"
#include "io/device.h"
#include "io/driver_list.h"
#include "io/driver_plug_and_play.h"
#include "io/error_log.h"
#include "io/file.h"
#include "io/host_file_system.h"
#include "io/irp.h"
#include "io/plug_and_play.h"
#include "ps/process.h"
#include "ps/thread.h"

namespace ring3::io {
namespace {

void ThreadExit(PETHREAD thread) {
  CancelThreadIo(&thread->tcb);
}
void ProcessExit(PEPROCESS process) {
  CancelProcessIo(&process->head.pcb);
}

}  // namespace

Status Initialize(const BootOptions& options) {
  ke::AddBugCheckDescriber(&DescribeObjects);
  SetErrorLogVerbosity(options.verbose ? ErrorLogVerbosity::kPrint : ErrorLogVerbosity::kSilent);
  RING3_TRY(InitializeDeviceTypes());
  RING3_TRY(InitializeFileType());
  RING3_TRY(InitializeCompletionPorts());
  RING3_TRY(StartPlugAndPlay());
  ps::RundownHooks hooks = ps::CurrentRundownHooks();
  hooks.thread_exit = ThreadExit;
  hooks.process_exit = ProcessExit;
  ps::SetRundownHooks(hooks);
  return StartHostFiles(options);
}

void Shutdown(LeakReport& report) {
  StopHostFiles();
  ke::RemoveBugCheckDescriber(&DescribeObjects);
  DrainDeferredCompletions();
  // Nothing queues work from here on, and ps is about to take the workers' thread blocks back.
  ex::StopWorkers();
  if (size_t count = g_drivers.count(); count != 0)
    report.Add(std::to_string(count) + " drivers still loaded");
  ReleasePlugAndPlay(report);
  StopPlugAndPlay();
  ps::RundownHooks hooks = ps::CurrentRundownHooks();
  hooks.thread_exit = nullptr;
  hooks.process_exit = nullptr;
  ps::SetRundownHooks(hooks);
  if (int64_t left = ReleaseThreadCaches(); left != 0) report.Add(std::to_string(left) + " IRPs not freed");
  g_device_type = g_driver_type = g_file_type = g_io_completion_type = nullptr;
}

}  // namespace ring3::io

// What ObReferenceObjectByHandle takes for files, ObReferenceObjectByName for drivers and devices.
NTKERNELAPI POBJECT_TYPE* IoDriverObjectType = &ring3::io::g_driver_type;
NTKERNELAPI POBJECT_TYPE* IoDeviceObjectType = &ring3::io::g_device_type;
NTKERNELAPI POBJECT_TYPE* IoFileObjectType = &ring3::io::g_file_type;
