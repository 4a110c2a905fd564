// SPDX-License-Identifier: MIT
#pragma once

#include <ddi/se_ntifs.h>

#include <cstring>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace ring3::se {

// A SID by value.
class Sid {
 public:
  Sid() = default;
  Sid(uint8_t authority, std::initializer_list<ULONG> sub_authorities);
  static Sid Copy(const void* sid) {
    Sid copy;
    std::memcpy(copy.bytes_, sid, 8 + 4 * static_cast<const SID*>(sid)->SubAuthorityCount);
    return copy;
  }
  PSID get() const { return const_cast<UCHAR*>(bytes_); }
  ULONG byte_count() const { return 8 + 4u * bytes_[1]; }
  bool operator==(const Sid& other) const {
    return byte_count() == other.byte_count() && std::memcmp(bytes_, other.bytes_, byte_count()) == 0;
  }

 private:
  alignas(8) UCHAR bytes_[SECURITY_MAX_SID_SIZE] = {SID_REVISION};
};

// "S-1-5-32-544", and back. Nothing when it is not one.
std::string ToString(const void* sid);
std::optional<Sid> ParseSid(std::u16string_view text);

inline Sid World() {
  return Sid(1, {SECURITY_WORLD_RID});
}
inline Sid LocalSystem() {
  return Sid(5, {SECURITY_LOCAL_SYSTEM_RID});
}
inline Sid Administrators() {
  return Sid(5, {SECURITY_BUILTIN_DOMAIN_RID, DOMAIN_ALIAS_RID_ADMINS});
}
inline Sid Users() {
  return Sid(5, {SECURITY_BUILTIN_DOMAIN_RID, DOMAIN_ALIAS_RID_USERS});
}
inline Sid AuthenticatedUsers() {
  return Sid(5, {SECURITY_AUTHENTICATED_USER_RID});
}

}  // namespace ring3::se
