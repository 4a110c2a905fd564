// SPDX-License-Identifier: MIT
#include <ddi/ke_bugcheck.h>

#include <algorithm>
#include <vector>

#include "base/spin_lock.h"
#include "ke/bugcheck.h"
#include "ke/bugcheck_text.h"
#include "ke/driver_gate.h"

namespace ring3::ke {
namespace {

SpinLock g_lock{LockRank::kReport};
std::vector<PKBUGCHECK_CALLBACK_RECORD> g_records RING3_GUARDED_BY(g_lock);
std::vector<PKBUGCHECK_REASON_CALLBACK_RECORD> g_reason_records RING3_GUARDED_BY(g_lock);

template <typename Record>
bool Register(std::vector<Record*>& records, Record* record) {
  if (std::find(records.begin(), records.end(), record) != records.end()) return false;
  records.push_back(record);
  record->State = BufferInserted;
  return true;
}

template <typename Record>
bool Deregister(std::vector<Record*>& records, Record* record) {
  auto found = std::find(records.begin(), records.end(), record);
  if (found == records.end()) return false;
  records.erase(found);
  record->State = BufferEmpty;
  return true;
}

void RunReasonCallback(PKBUGCHECK_REASON_CALLBACK_RECORD record, const BugCheck& bug_check) {
  if (record->Reason == KbCallbackSecondaryDumpData) {
    // Nobody writes a dump: the callback sees a buffer that takes nothing.
    KBUGCHECK_SECONDARY_DUMP_DATA data = {};
    record->CallbackRoutine(record->Reason, record, &data, sizeof(data));
  } else if (record->Reason == KbCallbackAddPages) {
    KBUGCHECK_ADD_PAGES pages = {};
    pages.BugCheckCode = bug_check.code;
    record->CallbackRoutine(record->Reason, record, &pages, sizeof(pages));
  } else if (record->Reason == KbCallbackDumpIo) {
    KBUGCHECK_DUMP_IO io = {};
    io.Type = KbDumpIoComplete;
    record->CallbackRoutine(record->Reason, record, &io, sizeof(io));
  }
}

}  // namespace

// Called once, on the thread that bug checks, at HIGH_LEVEL. The lists are not locked: another thread may
// hold the lock for good.
void RunBugCheckCallbacks(const BugCheck& bug_check) RING3_NO_THREAD_SAFETY_ANALYSIS {
  if (PKTHREAD thread = CurrentThreadOrNull()) thread->state.irql = HIGH_LEVEL;
  for (PKBUGCHECK_CALLBACK_RECORD record : g_records) {
    record->State = BufferStarted;
    record->CallbackRoutine(record->Buffer, record->Length);
    record->State = BufferFinished;
  }
  for (PKBUGCHECK_REASON_CALLBACK_RECORD record : g_reason_records) RunReasonCallback(record, bug_check);
}

}  // namespace ring3::ke

using ring3::SpinLockGuard;

extern "C" {

// KeRegisterBugCheckCallback: has CallbackRoutine(Buffer, Length) called at a bug check, at HIGH_LEVEL.
// CallbackRecord, initialised by KeInitializeCallbackRecord, stays the caller's and must live until it is
// deregistered. FALSE when it is registered already. nf-wdm-keregisterbugcheckcallback
BOOLEAN NTAPI KeRegisterBugCheckCallback(PKBUGCHECK_CALLBACK_RECORD CallbackRecord,
                                         PKBUGCHECK_CALLBACK_ROUTINE CallbackRoutine, PVOID Buffer,
                                         ULONG Length, PUCHAR Component) {
  SpinLockGuard guard(ring3::ke::g_lock);
  if (CallbackRecord->State != BufferEmpty || !ring3::ke::Register(ring3::ke::g_records, CallbackRecord))
    return FALSE;
  CallbackRecord->CallbackRoutine = CallbackRoutine;
  CallbackRecord->Buffer = Buffer;
  CallbackRecord->Length = Length;
  CallbackRecord->Component = Component;
  return TRUE;
}

// KeDeregisterBugCheckCallback: FALSE when the record is not registered. nf-wdm-kederegisterbugcheckcallback
BOOLEAN NTAPI KeDeregisterBugCheckCallback(PKBUGCHECK_CALLBACK_RECORD CallbackRecord) {
  SpinLockGuard guard(ring3::ke::g_lock);
  return ring3::ke::Deregister(ring3::ke::g_records, CallbackRecord);
}

// KeRegisterBugCheckReasonCallback: the same for callbacks that contribute to a dump. FALSE when registered
// already or when Reason is none that a driver may register. nf-wdm-keregisterbugcheckreasoncallback
BOOLEAN NTAPI KeRegisterBugCheckReasonCallback(PKBUGCHECK_REASON_CALLBACK_RECORD CallbackRecord,
                                               PKBUGCHECK_REASON_CALLBACK_ROUTINE CallbackRoutine,
                                               KBUGCHECK_CALLBACK_REASON Reason, PUCHAR Component) {
  if (Reason <= KbCallbackReserved1 || Reason >= KbCallbackReserved2) return FALSE;
  SpinLockGuard guard(ring3::ke::g_lock);
  if (CallbackRecord->State != BufferEmpty ||
      !ring3::ke::Register(ring3::ke::g_reason_records, CallbackRecord))
    return FALSE;
  CallbackRecord->CallbackRoutine = CallbackRoutine;
  CallbackRecord->Reason = Reason;
  CallbackRecord->Component = Component;
  return TRUE;
}

// KeDeregisterBugCheckReasonCallback: FALSE when the record is not registered.
// nf-wdm-kederegisterbugcheckreasoncallback
BOOLEAN NTAPI KeDeregisterBugCheckReasonCallback(PKBUGCHECK_REASON_CALLBACK_RECORD CallbackRecord) {
  SpinLockGuard guard(ring3::ke::g_lock);
  return ring3::ke::Deregister(ring3::ke::g_reason_records, CallbackRecord);
}

}  // extern "C"
