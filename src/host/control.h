// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace ring3::host {

class Server;

// One control request of `ring3`, JSON text, and its answer, JSON text. Requests:
//   {"command": "load", "driver": PATH, "service": NAME?}    {"ok": true} or {"ok": false, "error": TEXT}
//   {"command": "unload", "service": NAME}                   the same
//   {"command": "list"}                                      {"ok": true, "host": …, "drivers": […],
//   "processes": […]}
//   {"command": "clients"}                                   {"ok": true, "seen": how many applications have
//   connected}
//   {"command": "stop"}                                      {"ok": true}, then the host ends its clients and
//   itself
// Anything else is answered with an error. Called on a thread of its own at PASSIVE_LEVEL in the system
// process; may call drivers.
std::string AnswerControlRequest(Server& server, std::string_view request);

}  // namespace ring3::host
