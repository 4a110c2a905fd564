// SPDX-License-Identifier: MIT
#include "os/identity.h"

#include <unistd.h>

namespace ring3::os {

Identity CurrentIdentity() {
  Identity identity{geteuid(), getegid(), {}};
  int count = getgroups(0, nullptr);
  if (count > 0) {
    std::vector<gid_t> groups(static_cast<size_t>(count));
    count = getgroups(count, groups.data());
    if (count > 0) identity.groups.assign(groups.begin(), groups.begin() + count);
  }
  return identity;
}

}  // namespace ring3::os
