// SPDX-License-Identifier: MIT
// What the objects of a bug check are. Everything is read guardedly: it may be gone or overwritten, which may
// be what the bug check is about.
#include "io/bugcheck_objects.h"

#include <ddi/io_ntifs.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "io/irp.h"
#include "ke/driver_gate.h"
#include "mm/layout.h"
#include "os/guarded_copy.h"

namespace ring3::io {
namespace {

constexpr std::array kMajorFunctions = {"IRP_MJ_CREATE",
                                        "IRP_MJ_CREATE_NAMED_PIPE",
                                        "IRP_MJ_CLOSE",
                                        "IRP_MJ_READ",
                                        "IRP_MJ_WRITE",
                                        "IRP_MJ_QUERY_INFORMATION",
                                        "IRP_MJ_SET_INFORMATION",
                                        "IRP_MJ_QUERY_EA",
                                        "IRP_MJ_SET_EA",
                                        "IRP_MJ_FLUSH_BUFFERS",
                                        "IRP_MJ_QUERY_VOLUME_INFORMATION",
                                        "IRP_MJ_SET_VOLUME_INFORMATION",
                                        "IRP_MJ_DIRECTORY_CONTROL",
                                        "IRP_MJ_FILE_SYSTEM_CONTROL",
                                        "IRP_MJ_DEVICE_CONTROL",
                                        "IRP_MJ_INTERNAL_DEVICE_CONTROL",
                                        "IRP_MJ_SHUTDOWN",
                                        "IRP_MJ_LOCK_CONTROL",
                                        "IRP_MJ_CLEANUP",
                                        "IRP_MJ_CREATE_MAILSLOT",
                                        "IRP_MJ_QUERY_SECURITY",
                                        "IRP_MJ_SET_SECURITY",
                                        "IRP_MJ_POWER",
                                        "IRP_MJ_SYSTEM_CONTROL",
                                        "IRP_MJ_DEVICE_CHANGE",
                                        "IRP_MJ_QUERY_QUOTA",
                                        "IRP_MJ_SET_QUOTA",
                                        "IRP_MJ_PNP"};

template <typename T>
std::optional<T> Read(const void* address) {
  if (!mm::IsSystemAddress(reinterpret_cast<uintptr_t>(address))) return std::nullopt;
  alignas(T) std::array<char, sizeof(T)> bytes;
  if (!os::GuardedCopy(bytes.data(), address, sizeof(T))) return std::nullopt;
  return *reinterpret_cast<T*>(bytes.data());
}

// ASCII only: driver names are.
std::string Read(const UNICODE_STRING& string) {
  std::array<WCHAR, 128> text;
  const size_t length = std::min<size_t>(string.Length / sizeof(WCHAR), text.size());
  if (string.Buffer == nullptr || !os::GuardedCopy(text.data(), string.Buffer, length * sizeof(WCHAR)))
    return "?";
  std::string narrow;
  for (size_t i = 0; i < length; ++i) narrow += text[i] < 0x80 ? static_cast<char>(text[i]) : '?';
  return narrow;
}

std::string DriverName(const void* driver) {
  const auto object = Read<DRIVER_OBJECT>(driver);
  return object && object->Type == IO_TYPE_DRIVER ? Read(object->DriverName) : "?";
}

std::string RequestText(const IO_STACK_LOCATION& stack) {
  if (stack.MajorFunction >= kMajorFunctions.size())
    return fmt::format("major function {:#x}", stack.MajorFunction);
  std::string text = kMajorFunctions[stack.MajorFunction];
  if (stack.MajorFunction == IRP_MJ_DEVICE_CONTROL || stack.MajorFunction == IRP_MJ_INTERNAL_DEVICE_CONTROL) {
    text += fmt::format(" {:#x}", stack.Parameters.DeviceIoControl.IoControlCode);
  }
  return text;
}

std::string IrpText(const void* address, const IRP& irp) {
  std::string text = fmt::format("{}: IRP with {} stack locations, ", address, int{irp.StackCount});
  if (irp.CurrentLocation > irp.StackCount + 1) return text + "completed";
  if (irp.CurrentLocation == irp.StackCount + 1) return text + "not sent, or back at its sender";
  text += fmt::format("{} left", irp.CurrentLocation - 1);
  if (const auto stack = Read<IO_STACK_LOCATION>(irp.Tail.Overlay.CurrentStackLocation);
      stack && irp.CurrentLocation > 0) {
    text += fmt::format("; {} for device {}", RequestText(*stack), static_cast<void*>(stack->DeviceObject));
  }
  text += fmt::format("; status {:#010x}, information {}", static_cast<uint32_t>(irp.IoStatus.Status),
                      irp.IoStatus.Information);
  if (IsCancelled(irp)) text += ", cancelled";
  return text;
}

bool DescribeIrp(const void* address, std::vector<std::string>& lines) {
  const auto irp = Read<IRP>(address);
  if (!irp || (irp->AllocationFlags & kHasHeader) == 0 || irp->Size < sizeof(IRP)) return false;
  if (irp->Type == IO_TYPE_IRP) {
    lines.push_back(IrpText(address, *irp));
    return true;
  }
  if (irp->Type != 0 || irp->StackCount <= 0) return false;
  lines.push_back(fmt::format("{}: an IRP that was completed and freed (status {:#010x})", address,
                              static_cast<uint32_t>(irp->IoStatus.Status)));
  return true;
}

bool DescribeDevice(const void* address, std::vector<std::string>& lines) {
  const auto device = Read<DEVICE_OBJECT>(address);
  if (!device || device->Type != IO_TYPE_DEVICE || device->Size < sizeof(DEVICE_OBJECT)) return false;
  lines.push_back(fmt::format("{}: device object of driver {}, extension {}, {} files open", address,
                              DriverName(device->DriverObject), device->DeviceExtension,
                              device->ReferenceCount));
  return true;
}

bool DescribeDriver(const void* address, std::vector<std::string>& lines) {
  const auto driver = Read<DRIVER_OBJECT>(address);
  if (!driver || driver->Type != IO_TYPE_DRIVER || driver->Size != sizeof(DRIVER_OBJECT)) return false;
  lines.push_back(fmt::format("{}: driver object {}", address, Read(driver->DriverName)));
  return true;
}

}  // namespace

void DescribeObjects(const ke::BugCheck& bug_check, std::vector<std::string>& lines) {
  std::vector<const void*> addresses;
  for (ULONG_PTR parameter : bug_check.parameters)
    addresses.push_back(reinterpret_cast<const void*>(parameter));
  if (PKTHREAD thread = ke::CurrentThreadOrNull(); thread != nullptr && thread->driver_call != nullptr) {
    ke::DriverCall call;
    if (os::GuardedCopy(&call, thread->driver_call, sizeof(call))) addresses.push_back(call.subject);
  }
  for (auto address = addresses.begin(); address != addresses.end(); ++address) {
    if (reinterpret_cast<uintptr_t>(*address) % alignof(void*) != 0) continue;
    if (std::find(addresses.begin(), address, *address) != address) continue;
    if (!DescribeIrp(*address, lines) && !DescribeDevice(*address, lines)) DescribeDriver(*address, lines);
  }
}

}  // namespace ring3::io
