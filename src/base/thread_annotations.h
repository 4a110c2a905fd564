// SPDX-License-Identifier: MIT
#pragma once

// What clang proves about locks (-Wthread-safety).
//
//   SpinLock lock_{LockRank::kDispatcher};
//   int count_ RING3_GUARDED_BY(lock_);
//   void GrowLocked() RING3_REQUIRES(lock_);
#define RING3_CAPABILITY(x) __attribute__((capability(x)))
#define RING3_SCOPED_CAPABILITY __attribute__((scoped_lockable))
#define RING3_GUARDED_BY(x) __attribute__((guarded_by(x)))
#define RING3_PT_GUARDED_BY(x) __attribute__((pt_guarded_by(x)))
#define RING3_REQUIRES(...) __attribute__((requires_capability(__VA_ARGS__)))
#define RING3_EXCLUDES(...) __attribute__((locks_excluded(__VA_ARGS__)))
#define RING3_ACQUIRE(...) __attribute__((acquire_capability(__VA_ARGS__)))
#define RING3_RELEASE(...) __attribute__((release_capability(__VA_ARGS__)))
#define RING3_TRY_ACQUIRE(...) __attribute__((try_acquire_capability(__VA_ARGS__)))
#define RING3_RETURN_CAPABILITY(x) __attribute__((lock_returned(x)))
#define RING3_NO_THREAD_SAFETY_ANALYSIS __attribute__((no_thread_safety_analysis))
