// SPDX-License-Identifier: MIT
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/raw_memory.h"
#include "os/raw_output.h"

namespace ring3::os {

void* RawMap(size_t byte_count) {
  long address = syscall(SYS_mmap, nullptr, byte_count, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return address == -1 ? nullptr : reinterpret_cast<void*>(address);
}

void RawUnmap(void* address, size_t byte_count) {
  syscall(SYS_munmap, address, byte_count);
}

void RawOutput(const char* text) {
  size_t length = 0;
  while (text[length] != '\0') ++length;
  while (length > 0) {
    ssize_t written = write(STDERR_FILENO, text, length);
    if (written <= 0) return;
    text += written;
    length -= static_cast<size_t>(written);
  }
}

void RawOutputHex(uint64_t value, int digits) {
  char text[17] = {};
  for (int i = digits; i-- > 0; value >>= 4) text[i] = "0123456789ABCDEF"[value & 15];
  RawOutput(text);
}

}  // namespace ring3::os
