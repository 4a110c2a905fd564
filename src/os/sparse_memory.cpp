// SPDX-License-Identifier: MIT
#include "os/sparse_memory.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace ring3::os {

void* ReserveSparse(size_t byte_count) {
  void* memory =
      mmap(nullptr, byte_count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return memory == MAP_FAILED ? nullptr : memory;
}

void ReleaseSparse(void* memory, size_t byte_count) {
  syscall(SYS_munmap, memory, byte_count);
}

}  // namespace ring3::os
