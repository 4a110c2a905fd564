// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

struct _CONTEXT;

namespace ring3::os {

// Return addresses, innermost first, found by frame pointers: takes tens of nanoseconds, no lock, no memory.
// `skip` 0: the first is where CaptureStack itself returns to. Returns how many there are; code without frame
// pointers ends or shortens the list.
size_t CaptureStack(std::span<void*> callers, size_t skip = 0);

// The addresses of the frames of `context`, the first being its Rip, by unwind tables. May block and
// allocate.
std::vector<uintptr_t> UnwindContext(const _CONTEXT& context, size_t most);

struct SymbolizedFrame {
  std::string function;  // demangled; empty when not known
  std::string file;
  int line = 0;
  std::string module;  // file name without its directories
  uintptr_t module_offset = 0;
  bool inlined = false;  // into the next frame
};

// Names an address: the function that holds it last, functions inlined there before it. Never empty. May
// block and allocate. `is_return_address`: the call is what is looked up, not the instruction after it.
enum class AddressKind : uint8_t { kInstruction, kReturnAddress };
std::vector<SymbolizedFrame> Symbolize(uintptr_t address, AddressKind kind);

// `#0 DispatchControl at driver.c:120 (driver.sys+0x11c0)`.
std::string FormatFrame(const SymbolizedFrame& frame);
// A stack for reports, a line per function, inlined ones too. `first` is what the first address is; the
// others are return addresses.
std::vector<std::string> FormatStack(std::span<const uintptr_t> addresses, AddressKind first);
// One line for an address of code: `DispatchControl+0x20 (driver.sys+0x11c0)`.
std::string DescribeCode(uintptr_t address);
// The same for the call that returns to an address.
std::string DescribeCaller(const void* return_address);

// Forgets modules seen so far: after a module has been loaded or unloaded.
void ForgetSymbols();

// Code that is about to be unloaded keeps its names, until ForgetSymbols. Blocks for a millisecond or so.
void RememberSymbols();

}  // namespace ring3::os
