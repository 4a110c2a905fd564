// SPDX-License-Identifier: MIT
// The table of services whose executive is in another process: every entry packs its arguments and calls the
// host.
#include "transport/stubs.h"

#include <type_traits>

#include "transport/connection.h"
#include "transport/service_index.h"

namespace ring3::transport {
namespace {

template <typename T>
uint64_t WordOf(T argument) {
  static_assert(sizeof(T) <= sizeof(uint64_t));
  if constexpr (std::is_pointer_v<T>) {
    return reinterpret_cast<uint64_t>(argument);
  } else if constexpr (std::is_signed_v<T>) {
    return static_cast<uint64_t>(static_cast<int64_t>(argument));
  } else {
    return static_cast<uint64_t>(argument);
  }
}

template <uint32_t service, typename Function>
struct Stub;
template <uint32_t service, typename... Parameters>
struct Stub<service, NTSTATUS (*)(Parameters...)> {
  static_assert(sizeof...(Parameters) <= kMostArguments);
  static NTSTATUS Call(Parameters... parameters) {
    const uint64_t arguments[] = {WordOf(parameters)...};
    return CallHost(service, arguments, sizeof...(Parameters));
  }
};

}  // namespace

const Ring3NtServices kHostServices = {
#define RING3_STUB(name, parameters) .name = Stub<k##name, decltype(Ring3NtServices::name)>::Call,
    RING3_NT_SERVICES(RING3_STUB)
#undef RING3_STUB
};

}  // namespace ring3::transport
