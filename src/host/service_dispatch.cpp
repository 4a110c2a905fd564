// SPDX-License-Identifier: MIT
#include "host/service_dispatch.h"

#include <ntstatus.h>

#include <type_traits>
#include <utility>

#include "nt/table.h"
#include "transport/channel.h"
#include "transport/service_index.h"

namespace ring3::host {
namespace {

template <typename T>
T ArgumentOf(uint64_t word) {
  if constexpr (std::is_pointer_v<T>) {
    return reinterpret_cast<T>(word);
  } else {
    return static_cast<T>(word);
  }
}

using Service = NTSTATUS (*)(const uint64_t* arguments);

template <auto function>
struct Unpacked;
template <typename... Parameters, NTSTATUS (*function)(Parameters...)>
struct Unpacked<function> {
  static_assert(sizeof...(Parameters) <= transport::kMostArguments);
  template <size_t... index>
  static NTSTATUS CallWith(const uint64_t* arguments, std::index_sequence<index...>) {
    return function(ArgumentOf<Parameters>(arguments[index])...);
  }
  static NTSTATUS Call(const uint64_t* arguments) {
    return CallWith(arguments, std::index_sequence_for<Parameters...>());
  }
};

constexpr Service kServices[] = {
#define RING3_UNPACK_SERVICE(name, parameters) Unpacked<nt::name>::Call,
    RING3_NT_SERVICES(RING3_UNPACK_SERVICE)
#undef RING3_UNPACK_SERVICE
};
static_assert(std::size(kServices) == transport::kServiceCount);

}  // namespace

NTSTATUS DispatchService(uint32_t service, const uint64_t* arguments) {
  if (service >= transport::kServiceCount) return STATUS_INVALID_SYSTEM_SERVICE;
  return kServices[service](arguments);
}

}  // namespace ring3::host
