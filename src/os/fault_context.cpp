// SPDX-License-Identifier: MIT
#include "os/fault_context.h"

#include <ntstatus.h>
#include <signal.h>
#include <ucontext.h>

#include "os/raw_memory.h"

namespace ring3::os {
namespace {

constexpr greg_t kPageFaultWrite = 2;
constexpr greg_t kPageFaultExecute = 16;
constexpr greg_t kTrapPageFault = 14;
constexpr greg_t kTrapFlag = 0x100, kDirectionFlag = 0x400, kAlignmentFlag = 0x40000;

ucontext_t* UcontextOf(const HardwareFault& fault) {
  return static_cast<ucontext_t*>(fault.ucontext);
}

// What Linux leaves in the unused bytes of the FXSAVE area (struct _fpx_sw_bytes; its header clashes with
// libc's).
struct ExtendedStateInfo {
  uint32_t magic;
  uint32_t extended_byte_count;
  uint64_t features;
  uint32_t xstate_byte_count;
};
constexpr uint32_t kExtendedStateMagic = 0x46505853;
constexpr size_t kExtendedStateInfoOffset = 464;

const ExtendedStateInfo* ExtendedState(const HardwareFault& fault) {
  auto* state = reinterpret_cast<const std::byte*>(UcontextOf(fault)->uc_mcontext.fpregs);
  if (state == nullptr) return nullptr;
  auto* info = reinterpret_cast<const ExtendedStateInfo*>(state + kExtendedStateInfoOffset);
  return info->magic == kExtendedStateMagic ? info : nullptr;
}

void SetParameters(EXCEPTION_RECORD* record, NTSTATUS code, ULONG count, ULONG_PTR first = 0,
                   ULONG_PTR second = 0, ULONG_PTR third = 0) {
  record->ExceptionCode = code;
  record->NumberParameters = count;
  record->ExceptionInformation[0] = first;
  record->ExceptionInformation[1] = second;
  record->ExceptionInformation[2] = third;
}

NTSTATUS ArithmeticCode(int code) {
  switch (code) {
    case FPE_INTDIV:
      return STATUS_INTEGER_DIVIDE_BY_ZERO;
    case FPE_INTOVF:
      return STATUS_INTEGER_OVERFLOW;
    case FPE_FLTDIV:
      return STATUS_FLOAT_DIVIDE_BY_ZERO;
    case FPE_FLTOVF:
      return STATUS_FLOAT_OVERFLOW;
    case FPE_FLTUND:
      return STATUS_FLOAT_UNDERFLOW;
    case FPE_FLTRES:
      return STATUS_FLOAT_INEXACT_RESULT;
    default:
      return STATUS_FLOAT_INVALID_OPERATION;
  }
}

}  // namespace

HardwareFault DescribeFault(int signal, const void* siginfo, void* ucontext) {
  auto* info = static_cast<const siginfo_t*>(siginfo);
  const greg_t* registers = static_cast<ucontext_t*>(ucontext)->uc_mcontext.gregs;
  HardwareFault fault = {signal, info->si_code, {}, ucontext};
  fault.memory.pc = static_cast<uintptr_t>(registers[REG_RIP]);
  fault.memory.address = reinterpret_cast<uintptr_t>(info->si_addr);
  fault.memory.bus_error = signal == SIGBUS;
  if (signal == SIGSEGV || signal == SIGBUS) {
    if (registers[REG_TRAPNO] == kTrapPageFault) {
      fault.memory.write = (registers[REG_ERR] & kPageFaultWrite) != 0;
      fault.memory.execute = (registers[REG_ERR] & kPageFaultExecute) != 0;
    } else if (info->si_code == SI_KERNEL) {
      // A non-canonical address: the processor does not say which, and Windows gives all ones.
      fault.memory.address = UINTPTR_MAX;
    }
  }
  return fault;
}

void FillExceptionRecord(const HardwareFault& fault, EXCEPTION_RECORD* record) {
  *record = {};
  record->ExceptionAddress = reinterpret_cast<PVOID>(fault.memory.pc);
  ULONG_PTR access = fault.memory.execute ? EXCEPTION_EXECUTE_FAULT
                     : fault.memory.write ? EXCEPTION_WRITE_FAULT
                                          : EXCEPTION_READ_FAULT;
  switch (fault.signal) {
    case SIGFPE:
      SetParameters(record, ArithmeticCode(fault.code), 0);
      return;
    case SIGILL:
      SetParameters(record, STATUS_ILLEGAL_INSTRUCTION, 0);
      return;
    case SIGTRAP:
      // Linux reports the instruction after the int3, Windows the int3 itself.
      record->ExceptionAddress = reinterpret_cast<PVOID>(fault.memory.pc - 1);
      SetParameters(record, STATUS_BREAKPOINT, 1);
      return;
    case SIGBUS:
      if (fault.code == BUS_ADRALN) {
        SetParameters(record, STATUS_DATATYPE_MISALIGNMENT, 0);
      } else {
        SetParameters(record, STATUS_IN_PAGE_ERROR, 3, access, fault.memory.address,
                      static_cast<ULONG_PTR>(static_cast<LONG_PTR>(STATUS_END_OF_FILE)));
      }
      return;
    default:
      break;
  }
  StackBounds stack = CurrentStackBounds();
  constexpr uintptr_t kGuardBytes = 64 * 1024;
  uintptr_t sp = StackPointer(fault);
  bool near_stack_pointer =
      fault.memory.address + kGuardBytes > sp && fault.memory.address < sp + kGuardBytes;
  if (stack.low != 0 && near_stack_pointer && fault.memory.address < stack.low + 4096 &&
      fault.memory.address + kGuardBytes > stack.low) {
    SetParameters(record, STATUS_STACK_OVERFLOW, 2, access, fault.memory.address);
    return;
  }
  SetParameters(record, STATUS_ACCESS_VIOLATION, 2, access, fault.memory.address);
}

void FillContext(const HardwareFault& fault, CONTEXT* context) {
  const mcontext_t& machine = UcontextOf(fault)->uc_mcontext;
  const greg_t* r = machine.gregs;
  auto value = [r](int index) { return static_cast<ULONG64>(r[index]); };
  RawFill(context, 0, sizeof(*context));
  context->ContextFlags = CONTEXT_FULL | CONTEXT_SEGMENTS | CONTEXT_EXCEPTION_REPORTING;
  context->Rax = value(REG_RAX);
  context->Rcx = value(REG_RCX);
  context->Rdx = value(REG_RDX);
  context->Rbx = value(REG_RBX);
  context->Rsp = value(REG_RSP);
  context->Rbp = value(REG_RBP);
  context->Rsi = value(REG_RSI);
  context->Rdi = value(REG_RDI);
  context->R8 = value(REG_R8);
  context->R9 = value(REG_R9);
  context->R10 = value(REG_R10);
  context->R11 = value(REG_R11);
  context->R12 = value(REG_R12);
  context->R13 = value(REG_R13);
  context->R14 = value(REG_R14);
  context->R15 = value(REG_R15);
  context->Rip = fault.signal == SIGTRAP ? value(REG_RIP) - 1 : value(REG_RIP);
  context->EFlags = static_cast<ULONG>(r[REG_EFL]);
  context->SegCs = static_cast<USHORT>(r[REG_CSGSFS]);
  context->SegSs = static_cast<USHORT>(r[REG_CSGSFS] >> 48);
  if (machine.fpregs != nullptr) {
    RawCopy(&context->FltSave, machine.fpregs, sizeof(context->FltSave));
    context->MxCsr = context->FltSave.MxCsr;
  }
}

size_t ExtendedStateBytes(const HardwareFault& fault) {
  const ExtendedStateInfo* info = ExtendedState(fault);
  return info == nullptr ? 0 : (info->xstate_byte_count + 63) & ~size_t{63};
}

void CopyExtendedState(const HardwareFault& fault, void* destination) {
  const ExtendedStateInfo* info = ExtendedState(fault);
  if (info == nullptr) return;
  RawCopy(destination, UcontextOf(fault)->uc_mcontext.fpregs, info->xstate_byte_count);
}

uintptr_t StackPointer(const HardwareFault& fault) {
  return static_cast<uintptr_t>(UcontextOf(fault)->uc_mcontext.gregs[REG_RSP]);
}

void SetInstructionPointer(const HardwareFault& fault, uintptr_t pc, uintptr_t rax) {
  greg_t* registers = UcontextOf(fault)->uc_mcontext.gregs;
  registers[REG_RIP] = static_cast<greg_t>(pc);
  registers[REG_RAX] = static_cast<greg_t>(rax);
}

void ReturnInto(const HardwareFault& fault, void (*entry)(void*), void* argument, uintptr_t stack_pointer) {
  mcontext_t& machine = UcontextOf(fault)->uc_mcontext;
  greg_t* registers = machine.gregs;
  stack_pointer = (stack_pointer & ~uintptr_t{15}) - sizeof(uintptr_t);
  *reinterpret_cast<uintptr_t*>(stack_pointer) = 0;  // the end of the stack for unwinders
  registers[REG_RSP] = static_cast<greg_t>(stack_pointer);
  registers[REG_RBP] = 0;
  registers[REG_RIP] = reinterpret_cast<greg_t>(entry);
  registers[REG_RDI] = reinterpret_cast<greg_t>(argument);
  registers[REG_EFL] &= ~(kTrapFlag | kDirectionFlag | kAlignmentFlag);
  if (machine.fpregs != nullptr) {
    machine.fpregs->cwd = 0x37f;
    machine.fpregs->swd = 0;
    machine.fpregs->mxcsr = INITIAL_MXCSR;
  }
}

}  // namespace ring3::os
