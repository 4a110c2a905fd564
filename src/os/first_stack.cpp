// SPDX-License-Identifier: MIT
#include "os/first_stack.h"

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <vector>

#include <link.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace ring3::os {
namespace {

[[noreturn]] void Fail(const char* what, int error) {
  std::fprintf(stderr, "ring3: %s: %s\n", what, std::strerror(error));
  std::_Exit(125);
}

struct Range {
  uintptr_t low = 0;
  uintptr_t high = 0;
  bool Has(uintptr_t address) const { return address >= low && address < high; }
};

Range FirstStack() {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    if (line.find("[stack]") == line.npos) continue;
    Range range;
    char* end = nullptr;
    range.low = std::strtoull(line.c_str(), &end, 16);
    range.high = std::strtoull(end + 1, nullptr, 16);
    return range;
  }
  return {};
}

// The words of [begin, end) that are addresses in `from` become those of its copy at `to`. Words of
// instrumented programs include what their sanitizer guards.
__attribute__((no_sanitize("address", "thread"))) void Rebase(uintptr_t begin, uintptr_t end,
                                                              const Range& from, uintptr_t to) {
  for (uintptr_t word = begin; word + sizeof(uintptr_t) <= end; word += sizeof(uintptr_t)) {
    auto* const value = reinterpret_cast<volatile uintptr_t*>(word);
    if (from.Has(*value)) *value = *value - from.low + to;
  }
}

struct Move {
  Range from;
  uintptr_t to;
};

// What libc and the loader remember of the first stack is in their data, in part made read-only after
// loading.
int RebaseModule(dl_phdr_info* module, size_t, void* opaque) {
  const Move& move = *static_cast<const Move*>(opaque);
  const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  Range read_only;
  for (const ElfW(Phdr) & part : std::span(module->dlpi_phdr, module->dlpi_phnum)) {
    if (part.p_type != PT_GNU_RELRO) continue;
    read_only.low = (module->dlpi_addr + part.p_vaddr) & ~(page - 1);
    read_only.high = (module->dlpi_addr + part.p_vaddr + part.p_memsz) & ~(page - 1);
  }
  const size_t read_only_bytes = read_only.high - read_only.low;
  auto* const read_only_start = reinterpret_cast<void*>(read_only.low);
  if (read_only_bytes != 0 && mprotect(read_only_start, read_only_bytes, PROT_READ | PROT_WRITE) != 0)
    return 0;
  for (const ElfW(Phdr) & part : std::span(module->dlpi_phdr, module->dlpi_phnum)) {
    if (part.p_type != PT_LOAD || (part.p_flags & PF_W) == 0) continue;
    const uintptr_t start = module->dlpi_addr + part.p_vaddr;
    Rebase((start + 7) & ~uintptr_t{7}, start + part.p_memsz, move.from, move.to);
  }
  if (read_only_bytes != 0) mprotect(read_only_start, read_only_bytes, PROT_READ);
  return 0;
}

// What Linux put above the first frame, from argc on. Never freed: it lives as long as the process.
void MoveTop(const Range& top) {
  const size_t byte_count = top.high - top.low;
  void* const copy = mmap(nullptr, byte_count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (copy == MAP_FAILED) Fail("no memory", errno);
  std::memcpy(copy, reinterpret_cast<const void*>(top.low), byte_count);
  Move move = {top, reinterpret_cast<uintptr_t>(copy)};
  Rebase(move.to, move.to + byte_count, move.from, move.to);
  dl_iterate_phdr(RebaseModule, &move);
}

// /proc/<pid>/cmdline and with it `ps` read the arguments where they were. Tells Linux of a copy; where it
// refuses, a process without arguments is shown.
void MoveCommandLine() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::string line((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  std::ifstream statistics("/proc/self/stat");
  std::string text;
  std::getline(statistics, text);
  const size_t name_end = text.rfind(')');
  if (line.empty() || name_end == text.npos) return;
  // Fields from the third on (man 5 proc).
  std::vector<uint64_t> fields = {0, 0, 0};
  const char* next = text.c_str() + name_end + 3;  // past the state's letter
  for (char* end = nullptr; *next != '\0'; next = end) {
    fields.push_back(std::strtoull(next, &end, 10));
    if (end == next) break;
  }
  if (fields.size() < 52) return;
  // The state is field 3, the number after it field 4.
  const auto field = [&](size_t number) { return fields[number - 1]; };
  auto* const copy = new char[line.size()];
  std::memcpy(copy, line.data(), line.size());
  prctl_mm_map map = {};
  map.start_code = field(26);
  map.end_code = field(27);
  map.start_stack = field(28);
  map.start_data = field(45);
  map.end_data = field(46);
  map.start_brk = field(47);
  map.brk = reinterpret_cast<uintptr_t>(sbrk(0));
  map.arg_start = reinterpret_cast<uintptr_t>(copy);
  map.arg_end = map.arg_start + line.size();
  map.env_start = map.env_end = map.arg_end;
  map.exe_fd = static_cast<uint32_t>(-1);
  prctl(PR_SET_MM, PR_SET_MM_MAP, reinterpret_cast<unsigned long>(&map), sizeof(map), 0);
}

struct Start {
  int (*body)(void*);
  void* argument;
};

void* Run(void* opaque) {
  const Start start = *static_cast<Start*>(opaque);
  delete static_cast<Start*>(opaque);
  std::exit(start.body(start.argument));
}

}  // namespace

void LeaveFirstStack(char** argv, int (*body)(void*), void* argument, size_t stack_bytes) {
  const Range stack = FirstStack();
  // argc lies before the arguments.
  const Range top = {reinterpret_cast<uintptr_t>(argv - 1), stack.high};
  if (!stack.Has(top.low)) Fail("no first stack", EINVAL);
  MoveTop(top);
  MoveCommandLine();
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, stack_bytes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_t thread;
  const int error = pthread_create(&thread, &attributes, Run, new Start{body, argument});
  if (error != 0) Fail("no thread", error);
  // Past libc, which would leave its own signals out.
  const uint64_t all_signals = ~uint64_t{0};
  syscall(SYS_rt_sigprocmask, 0 /* SIG_BLOCK */, &all_signals, nullptr, sizeof(all_signals));
  asm volatile(
      "syscall\n"
      "1: movl %[pause], %%eax\n"
      "syscall\n"
      "jmp 1b\n"
      :
      : "a"(SYS_munmap), "D"(stack.low), "S"(stack.high - stack.low), [pause] "i"(SYS_pause)
      : "rcx", "r11", "memory");
  __builtin_unreachable();
}

}  // namespace ring3::os
