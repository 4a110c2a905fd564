// SPDX-License-Identifier: MIT
#include "host/inventory.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "io/device.h"
#include "io/driver_list.h"
#include "mm/address_space.h"
#include "ob/handle_table.h"
#include "ob/object.h"
#include "ps/process.h"
#include "rtl/unicode_text.h"

namespace ring3::host {
namespace {

using nlohmann::json;

constexpr uint64_t kPageBytes = 4096;

using rtl::Utf8FromUtf16;

json DescribeDevice(PDEVICE_OBJECT device) {
  json described = {{"name", Utf8FromUtf16(ob::NameOf(device))},
                    {"references", ob::ObjectHeader::Of(device)->pointer_count.load() - 1}};
  ob::Ref<DEVICE_OBJECT> below;
  {
    SpinLockGuard guard(io::g_device_lock);
    described["open_files"] = device->ReferenceCount;
    PDEVICE_OBJECT lower = io::Device::Of(device)->extension.AttachedTo;
    if (lower != nullptr && ob::ReferenceUnlessDeleted(lower)) below = ob::Ref<DEVICE_OBJECT>::Adopt(lower);
  }
  if (!below) return described;
  const std::string name = Utf8FromUtf16(ob::NameOf(below.get()));
  described["attached_to"] = name.empty() ? "(unnamed)" : name;
  return described;
}

json DescribeDriver(PDRIVER_OBJECT object) {
  const io::Driver* const driver = io::Driver::Of(object);
  json devices = json::array();
  for (const ob::Ref<DEVICE_OBJECT>& device : io::DevicesOf(object))
    devices.push_back(DescribeDevice(device.get()));
  const auto text = [](const std::u16string* string) {
    return string == nullptr ? std::string() : Utf8FromUtf16(*string);
  };
  return {{"service", text(driver->service_name)},
          {"image", text(driver->image_path)},
          {"devices", std::move(devices)}};
}

json DescribeHandles(ob::HandleTable& table) {
  std::vector<HANDLE> handles;
  table.ForEach([&](HANDLE handle, const ob::HandleTable::Entry&) { handles.push_back(handle); });
  json described = json::array();
  for (HANDLE handle : handles) {
    ob::HandleTable::Entry entry;
    if (!table.Reference(handle, &entry)) continue;
    const auto object = ob::Ref<void>::Adopt(entry.object);
    described.push_back({{"handle", reinterpret_cast<uint64_t>(handle)},
                         {"type", Utf8FromUtf16(ob::TypeName(ob::ObjectHeader::Of(object.get())->type))},
                         {"access", entry.granted_access},
                         {"name", Utf8FromUtf16(ob::NameOf(object.get()))}});
  }
  return described;
}

json DescribeShared(PEPROCESS process) {
  json described = json::array();
  for (const mm::SharedRegion& region : mm::SharedRegionsOf(process)) {
    json one = {
        {"address", region.user_address},
        {"bytes", region.page_count * kPageBytes},
        {"rights", region.writable ? "read-write" : "read-only"},
        {"kind", region.kind == mm::SharedRegion::Kind::kDriverMemory ? "driver memory" : "locked pages"},
        {"by", region.locked_by}};
    if (region.system_address != 0) one["system_address"] = region.system_address;
    described.push_back(std::move(one));
  }
  return described;
}

}  // namespace

json CollectInventory(const std::map<uint64_t, int>& linux_processes) {
  json drivers = json::array();
  for (const ob::Ref<DRIVER_OBJECT>& driver : io::g_drivers.All())
    drivers.push_back(DescribeDriver(driver.get()));
  json processes = json::array();
  for (const ob::Ref<_EPROCESS>& process : ps::AllProcesses()) {
    // One that has ended and is still referenced has nothing any more.
    if (process->exiting.load()) continue;
    const auto id = reinterpret_cast<uint64_t>(process->unique_process_id);
    json described = {{"id", id},
                      {"image", process->is_system               ? std::string("System")
                                : process->image_path == nullptr ? std::string()
                                                                 : Utf8FromUtf16(*process->image_path)},
                      {"threads", process->thread_count.load()},
                      {"handles", DescribeHandles(*process->head.handles)},
                      {"shared", DescribeShared(process.get())}};
    if (auto found = linux_processes.find(id); found != linux_processes.end()) {
      described["linux_process"] = found->second;
    }
    processes.push_back(std::move(described));
  }
  return {{"drivers", std::move(drivers)}, {"processes", std::move(processes)}};
}

}  // namespace ring3::host
