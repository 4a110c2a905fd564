// SPDX-License-Identifier: MIT
#pragma once

#include <ntdef.h>

#include <string>
#include <vector>

struct _CONTEXT;
struct _EXCEPTION_POINTERS;

// Bug checks: the report on standard error and the end of the process. Thread-safe (the first one wins) and safe against
// a bug check inside a bug check.
namespace ring3::ke {

inline constexpr int kBugCheckExitStatus = 86;

struct BugCheck {
  ULONG code;
  ULONG_PTR parameters[4];
  // The registers of what went wrong; null when they are the caller's.
  const _CONTEXT* context;
};

// Adds lines about the objects that a bug check is about: who allocated a pool block, what an IRP or MDL is. May take no lock
// that the failing thread can hold; may read memory that is gone only through os::GuardedCopy.
using BugCheckDescriber = void (*)(const BugCheck& bug_check, std::vector<std::string>& lines);
void AddBugCheckDescriber(BugCheckDescriber describer);
void RemoveBugCheckDescriber(BugCheckDescriber describer);

// For fuzzers and tests: called with the whole report before the process ends. May end the process itself.
using BugCheckObserver = void (*)(const BugCheck& bug_check, const char* report);
void SetBugCheckObserver(BugCheckObserver observer);

// Bug checks with the registers of another place than the caller (an exception's).
[[noreturn]] void BugCheckWithContext(ULONG code, ULONG_PTR p1, ULONG_PTR p2, ULONG_PTR p3, ULONG_PTR p4,
                                      const _CONTEXT* context);

// One more line for the report of the calling thread's next bug check: what the executive was doing.
void NoteForBugCheck(std::string line);

// What ke knows about the thread; registered by ke's thread code.
struct BugCheckThreadState {
  const void* thread = nullptr;   // PKTHREAD
  const void* process = nullptr;  // PKPROCESS
  std::string thread_name;
  std::string process_name;
  int irql = 0;
  bool known = false;
  bool kernel_mode = false;
  bool system_thread = false;
};
using BugCheckThreadQuery = BugCheckThreadState (*)();
void SetBugCheckThreadQuery(BugCheckThreadQuery query);

// Turns exceptions that no frame takes in kernel mode into bug checks; with Remove, the default again.
void InstallExceptionBugChecks();
void RemoveExceptionBugChecks();

}  // namespace ring3::ke
