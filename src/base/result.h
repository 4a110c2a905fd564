// SPDX-License-Identifier: MIT
#pragma once

#include <ntdef.h>

#include <optional>
#include <utility>

namespace ring3 {

// The outcome of what can fail: a value, or the NTSTATUS that a DDI will return.
// An expected failure is control flow; propagate it with RING3_TRY.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}  // NOLINT(google-explicit-constructor)
  // `status` must be a failure (NT_SUCCESS is false).
  Result(NTSTATUS status) : status_(status) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return value_.has_value(); }
  NTSTATUS status() const { return status_; }
  T& value() & { return *value_; }
  const T& value() const& { return *value_; }
  T&& value() && { return std::move(*value_); }
  T* operator->() { return &*value_; }
  T& operator*() & { return *value_; }

 private:
  std::optional<T> value_;
  NTSTATUS status_ = 0;
};

// An NTSTATUS that must be looked at.
class [[nodiscard]] Status {
 public:
  constexpr Status(NTSTATUS status) : status_(status) {}  // NOLINT(google-explicit-constructor)
  constexpr bool ok() const { return NT_SUCCESS(status_); }
  constexpr NTSTATUS status() const { return status_; }
  constexpr operator NTSTATUS() const { return status_; }  // NOLINT(google-explicit-constructor)

 private:
  NTSTATUS status_;
};

}  // namespace ring3

#define RING3_CONCAT_INNER(a, b) a##b
#define RING3_CONCAT(a, b) RING3_CONCAT_INNER(a, b)

// RING3_TRY(expr): returns expr's NTSTATUS from the enclosing function when it is a failure.
#define RING3_TRY(expr)                                                                          \
  do {                                                                                           \
    if (::ring3::Status ring3_status = (expr); !ring3_status.ok()) return ring3_status.status(); \
  } while (false)

// RING3_TRY_ASSIGN(auto x, expr): x is the value of the Result, or its status is returned.
#define RING3_TRY_ASSIGN(lhs, expr) RING3_TRY_ASSIGN_INNER(RING3_CONCAT(ring3_result_, __LINE__), lhs, expr)
#define RING3_TRY_ASSIGN_INNER(tmp, lhs, expr) \
  auto tmp = (expr);                           \
  if (!tmp.ok()) return tmp.status();          \
  lhs = std::move(tmp).value()
