// SPDX-License-Identifier: MIT
#include "ke/time.h"

#include <ddi/ke.h>
#include <ntstatus.h>

using namespace ring3;
using namespace ring3::ke;

namespace {

LONGLONG PerformanceCounter() {
  return os::MonotonicNs() / (1'000'000'000 / kPerformanceFrequency);
}

}  // namespace

// 100 ns units since 1 January 1601, UTC. Any IRQL. (nf-wdm-kequerysystemtime~r1)
VOID KeQuerySystemTime(PLARGE_INTEGER CurrentTime) {
  CurrentTime->QuadPart = os::SystemTime100ns();
}

// (nf-wdm-kequerysystemtimeprecise)
VOID KeQuerySystemTimePrecise(PLARGE_INTEGER CurrentTime) {
  CurrentTime->QuadPart = os::SystemTime100ns();
}

// Ticks of KeQueryTimeIncrement since the system started. Any IRQL. (nf-wdm-kequerytickcount)
VOID KeQueryTickCount(PLARGE_INTEGER CurrentCount) {
  CurrentCount->QuadPart = InterruptTime100ns() / static_cast<LONGLONG>(kTimeIncrement100ns);
}

// 100 ns units in a tick. Any IRQL. (nf-wdm-kequerytimeincrement)
ULONG KeQueryTimeIncrement() {
  return kTimeIncrement100ns;
}

// 100 ns units since the system started. Any IRQL. (nf-wdm-kequeryinterrupttime)
ULONGLONG KeQueryInterruptTime() {
  return static_cast<ULONGLONG>(InterruptTime100ns());
}

// The same, with the performance counter at that moment. Any IRQL. (nf-wdm-kequeryinterrupttimeprecise)
ULONG64 KeQueryInterruptTimePrecise(PULONG64 QpcTimeStamp) {
  *QpcTimeStamp = static_cast<ULONG64>(PerformanceCounter());
  return static_cast<ULONG64>(InterruptTime100ns());
}

// (nf-wdm-kequeryunbiasedinterrupttime)
ULONGLONG KeQueryUnbiasedInterruptTime() {
  return static_cast<ULONGLONG>(InterruptTime100ns());
}
ULONGLONG KeQueryUnbiasedInterruptTimePrecise(PULONG64 QpcTimeStamp) {
  return KeQueryInterruptTimePrecise(QpcTimeStamp);
}

// Counts of 100 ns; the frequency per second where asked for. Any IRQL. (nf-wdm-kequeryperformancecounter)
LARGE_INTEGER KeQueryPerformanceCounter(PLARGE_INTEGER PerformanceFrequency) {
  if (PerformanceFrequency != nullptr) PerformanceFrequency->QuadPart = kPerformanceFrequency;
  LARGE_INTEGER counter;
  counter.QuadPart = PerformanceCounter();
  return counter;
}

// There is no auxiliary counter: STATUS_NOT_SUPPORTED. Any IRQL. (nf-wdm-kequeryauxiliarycounterfrequency,
// nf-wdm-keconvertauxiliarycountertoperformancecounter, nf-wdm-keconvertperformancecountertoauxiliarycounter)
NTSTATUS KeQueryAuxiliaryCounterFrequency(PULONG64) {
  return STATUS_NOT_SUPPORTED;
}
NTSTATUS KeConvertAuxiliaryCounterToPerformanceCounter(ULONG64, PULONG64, PULONG64) {
  return STATUS_NOT_SUPPORTED;
}
NTSTATUS KeConvertPerformanceCounterToAuxiliaryCounter(ULONG64, PULONG64, PULONG64) {
  return STATUS_NOT_SUPPORTED;
}

// Busy for that long. Any IRQL. (nf-ntifs-kestallexecutionprocessor)
VOID KeStallExecutionProcessor(ULONG MicroSeconds) {
  const int64_t until = os::MonotonicNs() + int64_t{MicroSeconds} * 1000;
  while (os::MonotonicNs() < until) __builtin_ia32_pause();
}
