// SPDX-License-Identifier: MIT
#include <bugcodes.h>
#include <ddi/dbg.h>
#include <ddi/ex.h>
#include <ddi/ke.h>
#include <ddi/list.h>
#include <ntstatus.h>

#include <atomic>
#include <cstring>

#include "rtl/debug_output.h"
#include "rtl/debug_output_internal.h"
#include "rtl/format_engine.h"

namespace rtl = ring3::rtl;

namespace {

// What one call transmits at most. nf-wdm-dbgprint, Remarks
constexpr size_t kMaximumMessage = 512;

// Bit n of a component's mask lets level n through.
std::atomic<ULONG> g_masks[DPFLTR_ENDOFTABLE_ID];

ULONG LevelMask(ULONG level) {
  return level < 32 ? 1u << level : level;
}

bool Passes(ULONG component, ULONG level) {
  if (component >= DPFLTR_ENDOFTABLE_ID) component = DPFLTR_DEFAULT_ID;
  return (g_masks[component].load(std::memory_order_relaxed) & LevelMask(level)) != 0;
}

// Break where a debugger looks on; without one, the exception finds its handler or becomes a bug check.
void Break(NTSTATUS status) {
  if (rtl::DebuggerIsAttached())
    __debugbreak();
  else
    ExRaiseStatus(status);
}

}  // namespace

namespace ring3::rtl {
void ResetDebugFilters() {
  for (auto& mask : g_masks) mask.store(~0u, std::memory_order_relaxed);
}
}  // namespace ring3::rtl

extern "C" {

static BOOLEAN g_debugger_enabled = FALSE;
static BOOLEAN g_debugger_not_present = TRUE;
PBOOLEAN KdDebuggerEnabled = &g_debugger_enabled;
PBOOLEAN KdDebuggerNotPresent = &g_debugger_not_present;

// Formats and sends to the debugger what the component's mask lets through; with --verbose everything passes
// until DbgSetDebugFilterState says otherwise. Any IRQL. nf-wdm-vdbgprintexwithprefix
ULONG NTAPI vDbgPrintExWithPrefix(PCCH Prefix, ULONG ComponentId, ULONG Level, PCCH Format, va_list arglist) {
  if (!rtl::DebugOutputIsOn() || !Passes(ComponentId, Level)) return STATUS_SUCCESS;
  char message[kMaximumMessage];
  size_t used = strnlen(Prefix, kMaximumMessage);
  memcpy(message, Prefix, used);
  used += ring3::format::FormatToBuffer(message + used, kMaximumMessage - used, Format, arglist);
  rtl::WriteDebugOutput(message, used < kMaximumMessage ? used : kMaximumMessage);
  return STATUS_SUCCESS;
}

// nf-wdm-vdbgprintex
ULONG NTAPI vDbgPrintEx(ULONG ComponentId, ULONG Level, PCCH Format, va_list arglist) {
  return vDbgPrintExWithPrefix("", ComponentId, Level, Format, arglist);
}

// At most 512 bytes a call. nf-wdm-dbgprint
ULONG DbgPrint(PCSTR Format, ...) {
  va_list args;
  va_start(args, Format);
  ULONG status = vDbgPrintEx(DPFLTR_DEFAULT_ID, DPFLTR_INFO_LEVEL, Format, args);
  va_end(args);
  return status;
}

ULONG DbgPrintReturnControlC(PCSTR Format, ...) {
  va_list args;
  va_start(args, Format);
  ULONG status = vDbgPrintEx(DPFLTR_DEFAULT_ID, DPFLTR_INFO_LEVEL, Format, args);
  va_end(args);
  return status;
}

// nf-wdm-dbgprintex
ULONG DbgPrintEx(ULONG ComponentId, ULONG Level, PCSTR Format, ...) {
  va_list args;
  va_start(args, Format);
  ULONG status = vDbgPrintEx(ComponentId, Level, Format, args);
  va_end(args);
  return status;
}

// TRUE as a status when the message would be shown; STATUS_INVALID_PARAMETER_1 for an unknown component.
NTSTATUS NTAPI DbgQueryDebugFilterState(ULONG ComponentId, ULONG Level) {
  if (ComponentId >= DPFLTR_ENDOFTABLE_ID) return STATUS_INVALID_PARAMETER_1;
  return Passes(ComponentId, Level) ? TRUE : FALSE;
}

NTSTATUS NTAPI DbgSetDebugFilterState(ULONG ComponentId, ULONG Level, BOOLEAN State) {
  if (ComponentId >= DPFLTR_ENDOFTABLE_ID) return STATUS_INVALID_PARAMETER_1;
  if (State)
    g_masks[ComponentId].fetch_or(LevelMask(Level));
  else
    g_masks[ComponentId].fetch_and(~LevelMask(Level));
  return STATUS_SUCCESS;
}

// Raises STATUS_BREAKPOINT when no debugger is attached. nf-wdm-dbgbreakpoint
VOID NTAPI DbgBreakPoint(VOID) {
  Break(STATUS_BREAKPOINT);
}
// nf-wdm-dbgbreakpointwithstatus
VOID NTAPI DbgBreakPointWithStatus(ULONG) {
  Break(STATUS_BREAKPOINT);
}

// There is nobody to answer: 0 characters. nf-ntddk-dbgprompt
ULONG NTAPI DbgPrompt(PCCH Prompt, PCH Response, ULONG Length) {
  rtl::WriteDebugOutput(Prompt, strlen(Prompt));
  if (Length) Response[0] = 0;
  return 0;
}

// A failed ASSERT: always reported, then raises STATUS_ASSERTION_FAILURE when no debugger is attached.
// nf-wdm-assertmsg
VOID NTAPI RtlAssert(PVOID VoidFailedAssertion, PVOID VoidFileName, ULONG LineNumber, PSTR MutableMessage) {
  auto write = [](const char* format, ...) {
    char text[1024];
    va_list args;
    va_start(args, format);
    size_t n = ring3::format::FormatToBuffer(text, sizeof(text), format, args);
    va_end(args);
    rtl::WriteAlways(text, n < sizeof(text) ? n : sizeof(text));
  };
  write("\n*** Assertion failed: %s%s%s\n***   Source File: %s, line %lu\n\n",
        MutableMessage ? MutableMessage : "", MutableMessage ? ": " : "", VoidFailedAssertion, VoidFileName,
        LineNumber);
  Break(STATUS_ASSERTION_FAILURE);
}

// STATUS_DEBUGGER_INACTIVE: there is no kernel debugger to switch. nf-wdm-kddisabledebugger
NTSTATUS NTAPI KdDisableDebugger(VOID) {
  return STATUS_DEBUGGER_INACTIVE;
}
// nf-wdm-kdenabledebugger
NTSTATUS NTAPI KdEnableDebugger(VOID) {
  return STATUS_DEBUGGER_INACTIVE;
}
// TRUE while no debugger is attached to the process. nf-wdm-kdrefreshdebuggernotpresent
BOOLEAN NTAPI KdRefreshDebuggerNotPresent(VOID) {
  g_debugger_not_present = !rtl::DebuggerIsAttached();
  g_debugger_enabled = !g_debugger_not_present;
  return g_debugger_not_present;
}

// Code: a FAST_FAIL_ value, the first parameter of the bug check.
VOID NTAPI RtlFailFast(ULONG Code) {
  KeBugCheckEx(KERNEL_SECURITY_CHECK_FAILURE, Code, 0, 0, 0);
}

}  // extern "C"
