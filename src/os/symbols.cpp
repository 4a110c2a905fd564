// SPDX-License-Identifier: MIT
// Names for addresses and unwinding from a set of registers, by elfutils' libdwfl. It is not thread-safe: one
// lock for all of it.
#include <cxxabi.h>
#include <dwarf.h>
#include <elfutils/libdwfl.h>
#include <nt_exception.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>

#include "os/fault_handler.h"
#include "os/guarded_copy.h"
#include "os/stack_trace.h"

namespace ring3::os {
namespace {

std::mutex g_mutex;
Dwfl* g_dwfl = nullptr;
bool g_attached = false;

const Dwfl_Callbacks kCallbacks = {dwfl_linux_proc_find_elf, dwfl_standard_find_debuginfo, nullptr, nullptr};

std::string Hex(uintptr_t value) {
  char text[32];
  snprintf(text, sizeof(text), "0x%zx", static_cast<size_t>(value));
  return text;
}

std::string BaseName(const char* path) {
  if (path == nullptr) return {};
  const char* slash = strrchr(path, '/');
  return slash != nullptr ? slash + 1 : path;
}

std::string Demangle(const char* name) {
  if (name == nullptr) return {};
  int status = 0;
  char* demangled = abi::__cxa_demangle(name, nullptr, nullptr, &status);
  std::string result = status == 0 ? demangled : name;
  free(demangled);
  return result;
}

// This process as it is mapped now. Called with g_mutex held.
Dwfl* Modules() {
  if (g_dwfl != nullptr) return g_dwfl;
  g_dwfl = dwfl_begin(&kCallbacks);
  if (g_dwfl == nullptr) return nullptr;
  dwfl_report_begin(g_dwfl);
  dwfl_linux_proc_report(g_dwfl, getpid());
  dwfl_report_end(g_dwfl, nullptr, nullptr);
  return g_dwfl;
}

const char* NameOfDie(Dwarf_Die* die) {
  Dwarf_Attribute attribute;
  for (unsigned name : {static_cast<unsigned>(DW_AT_linkage_name), static_cast<unsigned>(DW_AT_name)}) {
    if (dwarf_attr_integrate(die, name, &attribute) != nullptr) {
      if (const char* text = dwarf_formstring(&attribute)) return text;
    }
  }
  return nullptr;
}

// The compilation unit of `address`. clang writes no .debug_aranges, on which dwfl_module_addrdie depends.
Dwarf_Die* UnitOf(Dwfl_Module* module, uintptr_t address, Dwarf_Addr* bias) {
  if (Dwarf_Die* unit = dwfl_module_addrdie(module, address, bias)) return unit;
  Dwarf_Die* unit = nullptr;
  while ((unit = dwfl_module_nextcu(module, unit, bias)) != nullptr) {
    if (dwarf_haspc(unit, address - *bias) > 0) return unit;
  }
  return nullptr;
}

// The functions inlined at `address`, innermost first, then the one that holds them. `location` is that of
// the address.
void AddInlinedFrames(Dwarf_Die* unit, uintptr_t address, SymbolizedFrame location,
                      std::vector<SymbolizedFrame>& frames) {
  Dwarf_Die* scopes = nullptr;
  int count = dwarf_getscopes(unit, address, &scopes);
  for (int i = 0; i < count; ++i) {
    int tag = dwarf_tag(&scopes[i]);
    if (tag != DW_TAG_inlined_subroutine && tag != DW_TAG_subprogram) continue;
    location.inlined = tag == DW_TAG_inlined_subroutine;
    location.function = Demangle(NameOfDie(&scopes[i]));
    frames.push_back(location);
    if (tag == DW_TAG_subprogram) break;
    // Where it was called from is the place in the next frame.
    Dwarf_Attribute attribute;
    Dwarf_Word value = 0;
    Dwarf_Files* files = nullptr;
    if (dwarf_formudata(dwarf_attr(&scopes[i], DW_AT_call_line, &attribute), &value) == 0)
      location.line = static_cast<int>(value);
    if (dwarf_formudata(dwarf_attr(&scopes[i], DW_AT_call_file, &attribute), &value) == 0 &&
        dwarf_getsrcfiles(unit, &files, nullptr) == 0) {
      if (const char* file = dwarf_filesrc(files, value, nullptr, nullptr)) location.file = file;
    }
  }
  free(scopes);
}

struct UnwindRequest {
  const CONTEXT* context;
  size_t most;
  std::vector<uintptr_t> addresses;
};

pid_t NextThread(Dwfl*, void* argument, void** thread_argument) {
  if (*thread_argument != nullptr) return 0;
  *thread_argument = argument;
  return getpid();
}

bool ReadMemory(Dwfl*, Dwarf_Addr address, Dwarf_Word* result, void*) {
  return GuardedCopy(result, reinterpret_cast<const void*>(address), sizeof(*result));
}

const UnwindRequest* g_request = nullptr;

bool SetRegisters(Dwfl_Thread* thread, void*) {
  const CONTEXT& c = *g_request->context;
  // In DWARF's order.
  Dwarf_Word registers[] = {c.Rax, c.Rdx, c.Rcx, c.Rbx, c.Rsi, c.Rdi, c.Rbp, c.Rsp, c.R8,
                            c.R9,  c.R10, c.R11, c.R12, c.R13, c.R14, c.R15, c.Rip};
  return dwfl_thread_state_registers(thread, 0, 17, registers);
}

const Dwfl_Thread_Callbacks kThreadCallbacks = {NextThread,   nullptr, ReadMemory,
                                                SetRegisters, nullptr, nullptr};

int OnFrame(Dwfl_Frame* frame, void* argument) {
  auto* request = static_cast<UnwindRequest*>(argument);
  Dwarf_Addr pc = 0;
  if (!dwfl_frame_pc(frame, &pc, nullptr) || pc == 0) return DWARF_CB_ABORT;
  request->addresses.push_back(pc);
  return request->addresses.size() < request->most ? DWARF_CB_OK : DWARF_CB_ABORT;
}

int OnThread(Dwfl_Thread* thread, void* argument) {
  dwfl_thread_getframes(thread, OnFrame, argument);
  return DWARF_CB_ABORT;
}

// What is left where there are no unwind tables.
void FollowFramePointers(uintptr_t frame, UnwindRequest& request) {
  uintptr_t record[2];
  while (request.addresses.size() < request.most &&
         GuardedCopy(record, reinterpret_cast<void*>(frame), sizeof(record))) {
    if (record[1] == 0) return;
    request.addresses.push_back(record[1]);
    if (record[0] <= frame) return;
    frame = record[0];
  }
}

std::vector<uintptr_t> UnwindGuarded(const CONTEXT& context, size_t most) {
  std::lock_guard lock(g_mutex);
  Dwfl* dwfl = Modules();
  CONTEXT start = context;
  UnwindRequest request = {&start, most, {}};
  if (dwfl == nullptr) return {context.Rip};
  if (dwfl_addrmodule(dwfl, context.Rip) == nullptr) {
    // A call through a bad pointer: the caller's address is on top of the stack.
    request.addresses.push_back(context.Rip);
    uintptr_t caller = 0;
    if (GuardedCopy(&caller, reinterpret_cast<void*>(context.Rsp), sizeof(caller)) &&
        dwfl_addrmodule(dwfl, caller) != nullptr) {
      start.Rip = caller;
      start.Rsp += sizeof(caller);
    }
  }
  g_request = &request;
  if (!g_attached) g_attached = dwfl_attach_state(dwfl, nullptr, getpid(), &kThreadCallbacks, &request);
  if (g_attached) dwfl_getthreads(dwfl, OnThread, &request);
  g_request = nullptr;
  if (request.addresses.size() <= 1) {
    if (request.addresses.empty()) request.addresses.push_back(start.Rip);
    FollowFramePointers(start.Rbp, request);
  }
  return std::move(request.addresses);
}

}  // namespace

std::vector<uintptr_t> UnwindContext(const CONTEXT& context, size_t most) {
  // A damaged stack makes the guarded reads fault, also before the executive is up.
  InstallFaultHandlers();
  std::vector<uintptr_t> addresses = UnwindGuarded(context, most);
  RemoveFaultHandlers();
  return addresses;
}

std::vector<SymbolizedFrame> Symbolize(uintptr_t address, AddressKind kind) {
  std::lock_guard lock(g_mutex);
  SymbolizedFrame location;
  Dwfl* dwfl = Modules();
  Dwfl_Module* module = dwfl != nullptr ? dwfl_addrmodule(dwfl, address) : nullptr;
  if (module == nullptr) {
    location.module_offset = address;
    return {location};
  }
  uintptr_t looked_up = kind == AddressKind::kReturnAddress ? address - 1 : address;
  Dwarf_Addr module_start = 0;
  location.module =
      BaseName(dwfl_module_info(module, nullptr, &module_start, nullptr, nullptr, nullptr, nullptr, nullptr));
  location.module_offset = address - module_start;
  std::vector<SymbolizedFrame> frames;
  Dwarf_Addr bias = 0;
  if (Dwarf_Die* unit = UnitOf(module, looked_up, &bias)) {
    if (Dwarf_Line* line = dwarf_getsrc_die(unit, looked_up - bias)) {
      dwarf_lineno(line, &location.line);
      if (const char* file = dwarf_linesrc(line, nullptr, nullptr)) location.file = file;
    }
    AddInlinedFrames(unit, looked_up - bias, location, frames);
  }
  if (frames.empty() || frames.back().inlined || frames.back().function.empty()) {
    location.function = Demangle(dwfl_module_addrname(module, looked_up));
    frames.push_back(location);
  }
  return frames;
}

void RememberSymbols() {
  std::lock_guard lock(g_mutex);
  const bool is_new = g_dwfl == nullptr;
  Dwfl* const dwfl = Modules();
  if (dwfl == nullptr || is_new) return;
  dwfl_report_begin_add(dwfl);
  dwfl_linux_proc_report(dwfl, getpid());
  dwfl_report_end(dwfl, nullptr, nullptr);
}

void ForgetSymbols() {
  std::lock_guard lock(g_mutex);
  if (g_dwfl != nullptr) dwfl_end(g_dwfl);
  g_dwfl = nullptr;
  g_attached = false;
}

std::string FormatFrame(const SymbolizedFrame& frame) {
  std::string text = frame.function.empty() ? "?" : frame.function;
  if (!frame.file.empty()) {
    text += " at " + BaseName(frame.file.c_str());
    if (frame.line != 0) text += ":" + std::to_string(frame.line);
  }
  if (frame.inlined) return text + " (inlined)";
  return text + " (" + (frame.module.empty() ? "" : frame.module + "+") + Hex(frame.module_offset) + ")";
}

std::vector<std::string> FormatStack(std::span<const uintptr_t> addresses, AddressKind first) {
  std::vector<std::string> lines;
  size_t number = 0;
  for (uintptr_t address : addresses) {
    AddressKind kind = number == 0 ? first : AddressKind::kReturnAddress;
    for (const SymbolizedFrame& frame : Symbolize(address, kind)) {
      std::string line = "#" + std::to_string(number++) + " ";
      line += FormatFrame(frame);
      lines.push_back(std::move(line));
    }
  }
  return lines;
}

std::string DescribeCode(uintptr_t address) {
  return FormatFrame(Symbolize(address, AddressKind::kInstruction).back());
}

std::string DescribeCaller(const void* return_address) {
  return FormatFrame(
      Symbolize(reinterpret_cast<uintptr_t>(return_address), AddressKind::kReturnAddress).back());
}

}  // namespace ring3::os
