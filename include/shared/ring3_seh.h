// SPDX-License-Identifier: MIT
// Structured exception handling for code compiled by ring3-cc: libring3-seh.so has the routines, one instance and
// so one chain of frames per thread, whether drivers, the executive and the application share a process or not.
//
// A guarded region becomes, in a function compiled with `optnone` (its locals then always live in memory),
//
//   { RING3_SEH_FRAME f __attribute__((cleanup(Ring3SehLeave)));
//     int step = Ring3SehEnter(&f, 0);
//     if (step == 0) { BODY  leave_label: RING3_SEH_END_OF_BODY(f); }
//     else if (step == 1) { Ring3SehFilter(&f, (int)(FILTER)); }
//     else { HANDLER } }
//
//   { RING3_SEH_FRAME f __attribute__((cleanup(Ring3SehLeave)));
//     if (Ring3SehEnter(&f, 1) == 0) { BODY  leave_label: RING3_SEH_END_OF_BODY(f); }
//     else { FBODY  Ring3SehFinallyDone(&f); } }
//
// and every way out of it (return, goto, break, the end of the block) passes Ring3SehLeave.
#ifndef RING3_SEH_H
#define RING3_SEH_H

#ifdef __cplusplus
extern "C" {
#endif

struct _EXCEPTION_POINTERS;
struct _EXCEPTION_RECORD;
struct _CONTEXT;

#ifndef RING3_SEH_API
#define RING3_SEH_API __attribute__((visibility("default")))
#endif

typedef struct RING3_SEH_FRAME {
  unsigned int code;                 // GetExceptionCode(), in the filter and the handler
  int abnormal;                      // AbnormalTermination(), in the finally body
  struct _EXCEPTION_POINTERS* info;  // GetExceptionInformation(), in the filter
  unsigned long long opaque[30];     // the runtime's own (src/rtl/seh_frame.h)
} RING3_SEH_FRAME;

// Puts `frame` at the head of the thread's chain and returns 0. Returns a second time with 1 to have the filter or
// the finally body run, and with 2 to have the handler run (the frame is off the chain by then).
RING3_SEH_API int Ring3SehEnter(RING3_SEH_FRAME* frame, int is_finally) __attribute__((returns_twice));

// The body was left at its end or by __leave: AbnormalTermination() is FALSE.
#define RING3_SEH_END_OF_BODY(frame) ((void)((frame).abnormal = 0))

// Ends a filter. `disposition`: EXCEPTION_EXECUTE_HANDLER (> 0), _CONTINUE_SEARCH (0), _CONTINUE_EXECUTION (< 0).
RING3_SEH_API void Ring3SehFilter(RING3_SEH_FRAME* frame, int disposition) __attribute__((noreturn));

// Ends a finally body: on with what was under way, leaving the block or unwinding.
RING3_SEH_API void Ring3SehFinallyDone(RING3_SEH_FRAME* frame) __attribute__((noreturn));

// The frame's scope is left. Runs the finally body, in its function's frame, where there is one to run.
RING3_SEH_API void Ring3SehLeave(RING3_SEH_FRAME* frame);

// Raises a software exception at the caller. Returns when a filter says EXCEPTION_CONTINUE_EXECUTION.
RING3_SEH_API void Ring3SehRaise(struct _EXCEPTION_RECORD* record);

// The same, for an exception with a code and no more, that cannot be continued.
RING3_SEH_API void Ring3SehRaiseStatus(int status) __attribute__((noreturn));

// The caller's registers, as they will be when this returns.
RING3_SEH_API void Ring3SehCaptureContext(struct _CONTEXT* context);

#ifdef __cplusplus
}
#endif
#endif
