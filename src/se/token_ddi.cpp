// SPDX-License-Identifier: MIT
// What a token says: SeQueryInformationToken, ZwQueryInformationToken, SeTokenIsAdmin.
#include <ddi/ex_pool.h>
#include <ddi/ke.h>
#include <ntstatus.h>

#include <cstring>
#include <vector>

#include "ob/service.h"
#include "se/token.h"

using namespace ring3;

namespace {

constexpr ULONG kTokenTag = 'kTeS';

template <typename T>
std::vector<char> Bytes(const T& value) {
  std::vector<char> bytes(sizeof(T));
  std::memcpy(bytes.data(), &value, sizeof(T));
  return bytes;
}

// The information with its SIDs behind it. Pointers are offsets until Relocate.
struct Information {
  std::vector<char> bytes;
  std::vector<size_t> pointers;  // where in `bytes` there is an offset to turn into a pointer

  void AppendSid(size_t pointer_at, const se::Sid& sid) {
    while (bytes.size() % 8 != 0) bytes.push_back(0);
    size_t at = bytes.size();
    auto* data = static_cast<const char*>(sid.get());
    bytes.insert(bytes.end(), data, data + sid.byte_count());
    std::memcpy(bytes.data() + pointer_at, &at, sizeof(at));
    pointers.push_back(pointer_at);
  }
  void StoreAt(void* buffer) const {
    std::memcpy(buffer, bytes.data(), bytes.size());
    for (size_t at : pointers) {
      size_t offset;
      std::memcpy(&offset, bytes.data() + at, sizeof(offset));
      void* pointer = static_cast<char*>(buffer) + offset;
      std::memcpy(static_cast<char*>(buffer) + at, &pointer, sizeof(pointer));
    }
  }
};

Result<Information> Describe(const se::Token& token, TOKEN_INFORMATION_CLASS information_class) {
  Information information;
  switch (information_class) {
    case TokenUser:
    case TokenOwner:
    case TokenPrimaryGroup:
      information.bytes.resize(information_class == TokenUser ? sizeof(TOKEN_USER) : sizeof(TOKEN_OWNER));
      information.AppendSid(0, token.user);
      return information;
    case TokenIntegrityLevel: {
      TOKEN_MANDATORY_LABEL label = {{nullptr, SE_GROUP_INTEGRITY | SE_GROUP_INTEGRITY_ENABLED}};
      information.bytes = Bytes(label);
      information.AppendSid(0, se::Sid(16, {token.integrity_rid}));
      return information;
    }
    case TokenGroups: {
      size_t first = FIELD_OFFSET(TOKEN_GROUPS, Groups);
      information.bytes.resize(first + token.groups.size() * sizeof(SID_AND_ATTRIBUTES));
      ULONG count = static_cast<ULONG>(token.groups.size());
      std::memcpy(information.bytes.data(), &count, sizeof(count));
      for (size_t i = 0; i < token.groups.size(); ++i) {
        size_t at = first + i * sizeof(SID_AND_ATTRIBUTES);
        std::memcpy(information.bytes.data() + at + FIELD_OFFSET(SID_AND_ATTRIBUTES, Attributes),
                    &token.groups[i].attributes, sizeof(ULONG));
        information.AppendSid(at, token.groups[i].sid);
      }
      return information;
    }
    case TokenPrivileges: {
      ULONG count = static_cast<ULONG>(token.privileges.size());
      information.bytes = Bytes(count);
      auto* data = reinterpret_cast<const char*>(token.privileges.data());
      information.bytes.insert(information.bytes.end(), data, data + count * sizeof(LUID_AND_ATTRIBUTES));
      return information;
    }
    case TokenType:
      information.bytes = Bytes(token.type);
      return information;
    case TokenImpersonationLevel:
      if (token.type == TokenPrimary) return STATUS_INVALID_INFO_CLASS;
      information.bytes = Bytes(token.impersonation_level);
      return information;
    case TokenSessionId:
      information.bytes = Bytes(token.session_id);
      return information;
    case TokenElevation:
      information.bytes = Bytes(TOKEN_ELEVATION{token.IsAdmin() ? 1u : 0u});
      return information;
    case TokenElevationType:
      information.bytes = Bytes(TokenElevationTypeDefault);
      return information;
    case TokenHasRestrictions:
    case TokenIsAppContainer:
    case TokenVirtualizationAllowed:
    case TokenVirtualizationEnabled:
    case TokenUIAccess:
    case TokenSandBoxInert:
      information.bytes = Bytes(ULONG{0});
      return information;
    case TokenStatistics: {
      TOKEN_STATISTICS statistics = {};
      statistics.TokenId = statistics.ModifiedId = token.id;
      statistics.AuthenticationId = token.authentication_id;
      statistics.TokenType = token.type;
      statistics.ImpersonationLevel = token.impersonation_level;
      statistics.GroupCount = static_cast<ULONG>(token.groups.size());
      statistics.PrivilegeCount = static_cast<ULONG>(token.privileges.size());
      information.bytes = Bytes(statistics);
      return information;
    }
    default:
      return STATUS_INVALID_INFO_CLASS;
  }
}

const se::Token* AsToken(PACCESS_TOKEN token) {
  return static_cast<const se::Token*>(token);
}

}  // namespace

extern "C" {

// In a pool block that the caller frees with ExFreePool; the classes TokenSessionId and TokenIntegrityLevel
// give the value itself. STATUS_INVALID_INFO_CLASS, STATUS_INSUFFICIENT_RESOURCES.
// nf-ntifs-sequeryinformationtoken
NTSTATUS SeQueryInformationToken(PACCESS_TOKEN token, TOKEN_INFORMATION_CLASS information_class,
                                 PVOID* result) {
  if (information_class == TokenSessionId) {
    *reinterpret_cast<ULONG*>(result) = AsToken(token)->session_id;
    return STATUS_SUCCESS;
  }
  if (information_class == TokenIntegrityLevel) {
    *reinterpret_cast<ULONG*>(result) = AsToken(token)->integrity_rid;
    return STATUS_SUCCESS;
  }
  *result = nullptr;
  RING3_TRY_ASSIGN(Information information, Describe(*AsToken(token), information_class));
  *result = ExAllocatePool2(POOL_FLAG_PAGED, information.bytes.size(), kTokenTag);
  if (*result == nullptr) return STATUS_INSUFFICIENT_RESOURCES;
  information.StoreAt(*result);
  return STATUS_SUCCESS;
}

// STATUS_BUFFER_TOO_SMALL with the bytes needed, STATUS_INVALID_INFO_CLASS. nf-ntifs-zwqueryinformationtoken
NTSTATUS ZwQueryInformationToken(HANDLE handle, TOKEN_INFORMATION_CLASS information_class, PVOID buffer,
                                 ULONG length, PULONG return_length) {
  ke::ServiceScope scope(KernelMode);
  RING3_TRY_ASSIGN(auto token,
                   ob::ReferenceHandleAs<se::Token>(handle, TOKEN_QUERY, se::g_token_type, KernelMode));
  RING3_TRY_ASSIGN(Information information, Describe(*token.get(), information_class));
  *return_length = static_cast<ULONG>(information.bytes.size());
  if (length < *return_length) return STATUS_BUFFER_TOO_SMALL;
  information.StoreAt(buffer);
  return STATUS_SUCCESS;
}

// nf-ntifs-setokenisadmin
BOOLEAN SeTokenIsAdmin(PACCESS_TOKEN token) {
  return AsToken(token)->IsAdmin();
}
// nf-ntifs-setokenisrestricted
BOOLEAN SeTokenIsRestricted(PACCESS_TOKEN) {
  return FALSE;
}
// nf-ntifs-setokentype
TOKEN_TYPE SeTokenType(PACCESS_TOKEN token) {
  return AsToken(token)->type;
}
// nf-ntifs-sequeryauthenticationidtoken
NTSTATUS SeQueryAuthenticationIdToken(PACCESS_TOKEN token, PLUID id) {
  *id = AsToken(token)->authentication_id;
  return STATUS_SUCCESS;
}
// nf-ntifs-sequerysessionidtoken
NTSTATUS SeQuerySessionIdToken(PACCESS_TOKEN token, PULONG session_id) {
  *session_id = AsToken(token)->session_id;
  return STATUS_SUCCESS;
}

}  // extern "C"

RING3_NT_SERVICE(QueryInformationToken);
