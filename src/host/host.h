// SPDX-License-Identifier: MIT
#pragma once

// The host: an executive with its drivers in a process of its own, and the applications that it serves.
// Compiled into libntoskrnl.so; `ring3-host` is a program that calls Ring3RunHost and nothing else.
//
// Plain C types: the program and the library may be built with different C++ options.
extern "C" {

struct Ring3HostOptions {
  const char* name;         // as `ring3 list` shows it
  const char* socket_path;  // where applications and `ring3` connect; made and removed by the host
  // A connected SOCK_SEQPACKET socket on which control requests come too, -1 for none: of the `ring3 run` or
  // `ring3 host` that started this host. The host says {"ready": true} there when applications may connect,
  // and {"ready": false} before it ends them, having been told to stop. `stop_with_starter`: the host ends as
  // if told to when the other end closes.
  int starter_descriptor;
  int stop_with_starter;
  const char* const* drivers;  // paths, null-terminated; loaded in this order before the host is ready
  const char* registry_file;   // "" for none, as the next
  const char* system_drive_directory;
  int verbose;
  int special_pool;
  int fail_on_leaks;
};

// Returns the process exit status: 0, 87 (leaks, with fail_on_leaks), 125 with the reason printed. A bug
// check ends the process with 86.
__attribute__((visibility("default"))) int Ring3RunHost(const struct Ring3HostOptions* options);
}
