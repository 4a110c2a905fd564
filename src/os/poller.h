// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "os/local_socket.h"

namespace ring3::os {

// Waits for descriptors to become readable or to end.
class Poller {
 public:
  Poller();

  bool valid() const { return poll_.valid() && wake_.valid(); }
  // `key` comes back from Wait; not zero.
  bool Add(int descriptor, uint64_t key);
  // The key comes back once only: for what stays readable.
  bool AddOnce(int descriptor, uint64_t key);
  void Remove(int descriptor);
  // Blocks until something is readable or Wake was called; the keys of what is.
  std::vector<uint64_t> Wait();
  // Any thread, also before Wait.
  void Wake();

 private:
  bool Add(int descriptor, uint64_t key, uint32_t events);

  Descriptor poll_;
  Descriptor wake_;
};

}  // namespace ring3::os
