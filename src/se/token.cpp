// SPDX-License-Identifier: MIT
#include "se/token.h"

#include <ddi/ke.h>
#include <ddi/zw.h>
#include <ntstatus.h>

#include <atomic>
#include <new>

#include "os/clock.h"
#include "os/identity.h"
#include "se/exports.h"
#include "se/init.h"

namespace ring3::se {

ob::ObjectType* g_token_type = nullptr;

namespace {

std::atomic<const TokenSource*> g_source{nullptr};

constexpr ULONG kGroup = SE_GROUP_MANDATORY | SE_GROUP_ENABLED_BY_DEFAULT | SE_GROUP_ENABLED;
// Above the Linux ids, a domain of our own: S-1-22-1-<uid> and S-1-22-2-<gid>, as Samba has them.
constexpr uint8_t kUnixAuthority = 22;

Result<Token*> NewToken() {
  RING3_TRY_ASSIGN(void* object, ob::CreateObject(g_token_type, sizeof(Token)));
  auto* token = new (object) Token;
  ZwAllocateLocallyUniqueId(&token->id);
  token->create_time = os::SystemTime100ns();
  return token;
}

void HoldAllPrivileges(Token* token) {
  for (LONG privilege = SE_MIN_WELL_KNOWN_PRIVILEGE; privilege <= SE_MAX_WELL_KNOWN_PRIVILEGE; ++privilege) {
    token->privileges.push_back(
        {RtlConvertLongToLuid(privilege), SE_PRIVILEGE_ENABLED | SE_PRIVILEGE_ENABLED_BY_DEFAULT});
  }
}

void DeleteToken(void* object) {
  static_cast<Token*>(object)->~Token();
}

}  // namespace

bool Token::Has(const Sid& sid, For purpose) const {
  if (sid == user) return true;
  for (const Group& group : groups) {
    if (!(group.sid == sid)) continue;
    if ((group.attributes & SE_GROUP_USE_FOR_DENY_ONLY) != 0) return purpose == For::kDeny;
    return (group.attributes & SE_GROUP_ENABLED) != 0;
  }
  return false;
}

bool Token::HasPrivilege(ULONG privilege) const {
  for (const LUID_AND_ATTRIBUTES& held : privileges) {
    if (held.Luid.LowPart == privilege && held.Luid.HighPart == 0)
      return (held.Attributes & SE_PRIVILEGE_ENABLED) != 0;
  }
  return false;
}

bool Token::IsAdmin() const {
  return Has(Administrators(), For::kAllow);
}

Result<void*> CreateSystemToken() {
  RING3_TRY_ASSIGN(Token * token, NewToken());
  token->user = LocalSystem();
  token->groups = {
      {Administrators(), kGroup | SE_GROUP_OWNER}, {World(), kGroup}, {AuthenticatedUsers(), kGroup}};
  HoldAllPrivileges(token);
  return static_cast<void*>(token);
}

Result<void*> CreateToken(const os::Identity& identity) {
  RING3_TRY_ASSIGN(Token * token, NewToken());
  token->session_id = 1;
  ZwAllocateLocallyUniqueId(&token->authentication_id);
  token->groups = {{World(), kGroup},
                   {AuthenticatedUsers(), kGroup},
                   {Users(), kGroup},
                   {Sid(5, {SECURITY_INTERACTIVE_RID}), kGroup}};
  for (uint32_t group : identity.groups) token->groups.push_back({Sid(kUnixAuthority, {2, group}), kGroup});
  if (identity.user_id == 0) {
    token->user = LocalSystem();
    token->groups.push_back({Administrators(), kGroup | SE_GROUP_OWNER});
    token->integrity_rid = SECURITY_MANDATORY_HIGH_RID;
    HoldAllPrivileges(token);
  } else {
    token->user = Sid(kUnixAuthority, {1, identity.user_id});
    token->integrity_rid = SECURITY_MANDATORY_MEDIUM_RID;
    token->privileges = {{RtlConvertLongToLuid(SE_CHANGE_NOTIFY_PRIVILEGE), SE_PRIVILEGE_ENABLED},
                         {RtlConvertLongToLuid(SE_SHUTDOWN_PRIVILEGE), 0}};
  }
  return static_cast<void*>(token);
}

void SetTokenSource(const TokenSource* source) {
  g_source.store(source);
}
const TokenSource* CurrentTokenSource() {
  return g_source.load(std::memory_order_acquire);
}

Status Initialize(const BootOptions&) {
  ob::TypeOptions options;
  options.generic_mapping = {TOKEN_READ, TOKEN_WRITE, TOKEN_EXECUTE, TOKEN_ALL_ACCESS};
  options.valid_access = TOKEN_ALL_ACCESS;
  options.procedures.delete_object = &DeleteToken;
  RING3_TRY_ASSIGN(g_token_type, ob::CreateType(u"Token", options));
  FillExports();
  return STATUS_SUCCESS;
}

void Shutdown(LeakReport&) {
  g_token_type = nullptr;
}

}  // namespace ring3::se

extern "C" {
NTKERNELAPI POBJECT_TYPE* SeTokenObjectType = &ring3::se::g_token_type;
}
