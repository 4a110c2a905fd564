// SPDX-License-Identifier: MIT
#include "boot/components.h"

#include "cm/init.h"
#include "ex/init.h"
#include "hal/init.h"
#include "io/init.h"
#include "ke/init.h"
#include "mm/init.h"
#include "ob/init.h"
#include "os/init.h"
#include "ps/init.h"
#include "rtl/init.h"
#include "se/init.h"

namespace ring3::boot {

std::span<const Component> Components() {
  static constexpr Component kComponents[] = {
      {"os", os::Initialize, os::Shutdown},    {"rtl", rtl::Initialize, rtl::Shutdown},
      {"ke", ke::Initialize, ke::Shutdown},    {"mm", mm::Initialize, mm::Shutdown},
      {"ex", ex::Initialize, ex::Shutdown},    {"ob", ob::Initialize, ob::Shutdown},
      {"se", se::Initialize, se::Shutdown},    {"ps", ps::Initialize, ps::Shutdown},
      {"cm", cm::Initialize, cm::Shutdown},    {"io", io::Initialize, io::Shutdown},
      {"hal", hal::Initialize, hal::Shutdown},
  };
  return kComponents;
}

}  // namespace ring3::boot
