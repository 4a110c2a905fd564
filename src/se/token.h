// SPDX-License-Identifier: MIT
#pragma once

#include <ddi/se_ntifs.h>

#include <vector>

#include "ob/object.h"
#include "os/identity.h"
#include "se/sid.h"

namespace ring3::se {

struct Group {
  Sid sid;
  ULONG attributes;
};

// An access token: who a process or thread is. Does not change once made.
struct Token {
  TOKEN_TYPE type = TokenPrimary;
  SECURITY_IMPERSONATION_LEVEL impersonation_level = SecurityAnonymous;
  LUID id = {};
  LUID authentication_id = SYSTEM_LUID;
  ULONG session_id = 0;
  Sid user;
  std::vector<Group> groups;
  std::vector<LUID_AND_ATTRIBUTES> privileges;
  ULONG integrity_rid = SECURITY_MANDATORY_SYSTEM_RID;
  LONGLONG create_time = 0;

  enum class For { kAllow, kDeny };
  // Deny-only groups match in denying entries only.
  bool Has(const Sid& sid, For purpose) const;
  bool HasPrivilege(ULONG privilege) const;
  bool IsAdmin() const;
};

extern ob::ObjectType* g_token_type;

// The system's, and one of a Linux user: root is a member of Administrators and holds all privileges, others
// are plain users. Referenced objects.
Result<void*> CreateSystemToken();
Result<void*> CreateToken(const os::Identity& identity);

struct Impersonation {
  void* token;  // referenced; null: none
  SECURITY_IMPERSONATION_LEVEL level;
};
// Where the tokens of the running thread are: ps'.
struct TokenSource {
  void* (*primary)(PEPROCESS process);  // referenced
  Impersonation (*impersonation)(PETHREAD thread);
  PEPROCESS (*current_process)();
  PETHREAD (*current_thread)();
};
void SetTokenSource(const TokenSource* source);
const TokenSource* CurrentTokenSource();

}  // namespace ring3::se
