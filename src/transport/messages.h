// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "base/process_order.h"

// What goes over the socket between an application's process and its host: beginnings, descriptors, and the
// orders that no thread of the application waits for. One message is one structure, some with text behind it.
namespace ring3::transport {

inline constexpr uint32_t kProtocolVersion = 1;

// The variable that names an application's host: the name that `ring3 host --name` was given, or the path of
// its socket.
inline constexpr char kHostVariable[] = "RING3_HOST";
// The socket of a host that `ring3 run` started for this application alone: it ends with its host. Programs
// that it starts for other hosts have the variable, too.
inline constexpr char kPrivateHostVariable[] = "RING3_PRIVATE_HOST";

enum class MessageKind : uint32_t {
  kHello,  // application → host, first: Hello, then the program's path and its command line, zero-terminated
  kControl,    // both ways, first or with a starter: JSON text in parts (host/control_text.h)
  kWelcome,    // host → application: the process exists
  kRefused,    // host → application: status, with text that says why behind it; then the host closes
  kNewThread,  // application → host: sequence, ticket, stack
  kThread,     // host → application: sequence, status, with the descriptor of the thread's channel
  kObject,     // host → application: object, with its descriptor; answered
  kOrder,      // host → application: sequence, order
  kAnswer,     // application → host: sequence, answer
  kExit,       // application → host: status, as the program is about to end
  kNoChannel,  // application → host: sequence of a kThread whose descriptor it could not take
};

struct Message {
  MessageKind kind = MessageKind::kHello;
  uint32_t version = kProtocolVersion;
  uint64_t sequence = 0;
  int32_t status = 0;
  uint32_t object = 0;
  uint64_t ticket = 0;  // kNewThread: of the kStartThread order that made it; zero: a thread by itself
  uint64_t stack_low = 0, stack_high = 0;
  ProcessOrder order{};
  OrderAnswer answer{};
};

}  // namespace ring3::transport
