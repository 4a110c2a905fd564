// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "host/server.h"
#include "os/local_socket.h"

// A host in the fuzzer's own process, so that what it does is counted and what is wrong is seen, and
// applications that are processes of their own but do nothing: the fuzzer has their ends of the sockets and
// channels, and plays their parts.
namespace ring3::fuzz {

class HostUnderTest {
 public:
  // Brought up by the first call, for as long as the process lives.
  static HostUnderTest& Get();

  host::Server& server() { return *server_; }

  // A connection of an application's process.
  os::LocalSocket Connect();

  // Memory of the applications: what the fuzzer writes at data() they have at kSharedAddress, as a mapping of
  // a file; and memory of their own.
  static constexpr uint64_t kSharedAddress = 0x1000'0000;
  static constexpr uint64_t kSharedBytes = 0x10000;
  static constexpr uint64_t kPrivateAddress = 0x1100'0000;
  static constexpr uint64_t kPrivateBytes = 0x40000;
  static constexpr uint64_t kReadOnlyAddress = 0x1200'0000;
  static constexpr uint64_t kReadOnlyBytes = 0x4000;
  static constexpr uint64_t kNoAccessAddress = 0x1300'0000;
  uint8_t* data() { return data_; }

  // Waits until no application is left and everything is as it was before the first; otherwise the process
  // aborts.
  void AwaitQuiet();

 private:
  HostUnderTest();
  std::multiset<std::string> OpenDescriptors() const;

  std::string folder_;
  std::string socket_path_;
  uint8_t* data_ = nullptr;
  os::LocalSocket nursery_;
  os::LocalSocket starter_;
  std::unique_ptr<host::Server> server_;
  std::multiset<std::string> descriptors_;
  uint64_t checks_ = 0;
};

// Control codes of \Device\Fuzz, the driver that is loaded.
enum FuzzControl : uint32_t {
  kEchoBuffered = 0x222000,
  kFillInDirect = 0x222005,
  kFillOutDirect = 0x222006,
  kLockNeither = 0x222003,
  kPendBuffered = 0x222008,
  kMapDriverMemory = 0x22200C,
  kUnmapDriverMemory = 0x222010,
};

}  // namespace ring3::fuzz
