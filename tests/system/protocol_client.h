// SPDX-License-Identifier: MIT
#pragma once

#include <ntifs.h>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <type_traits>

#include "nt/services.h"
#include "os/local_socket.h"
#include "os/shared_region.h"
#include "transport/channel.h"
#include "transport/messages.h"
#include "transport/service_index.h"

// The protocol as an application without libring3-win32.so speaks it, as far as a test wants to keep to it.
namespace ring3::test {

inline constexpr int64_t kMillisecond = 1'000'000;

os::LocalSocket Connect(const std::string& socket_path);
// The process exists for the executive. False: refused, or the host is gone.
bool Greet(const os::LocalSocket& socket);
// The channel of a thread; not valid where the host refuses one.
os::SharedRegion NewThread(const os::LocalSocket& socket);

template <typename T>
uint64_t Word(T value) {
  if constexpr (std::is_pointer_v<T>) {
    return reinterpret_cast<uint64_t>(value);
  } else {
    return static_cast<uint64_t>(value);
  }
}

void Ask(transport::Channel& channel, uint32_t service, std::initializer_list<uint64_t> arguments);
void Answer(transport::Channel& channel, const OrderAnswer& answer);
// The turn is the application's, or time is up.
transport::Turn Await(transport::Channel& channel, int64_t most_ns);

// What requests refer to; one of each is enough.
struct Device {
  HANDLE handle;
  IO_STATUS_BLOCK io_status;
};
extern Device g_device;
extern OBJECT_ATTRIBUTES g_device_attributes;

bool OpenDevice(transport::Channel& channel, const char16_t* name);
void Control(transport::Channel& channel, uint32_t code, void* output, size_t byte_count);

}  // namespace ring3::test
