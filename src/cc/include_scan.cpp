// SPDX-License-Identifier: MIT
#include "cc/include_scan.h"

#include <algorithm>
#include <cctype>

#include <nlohmann/json.hpp>

#include "cc/process.h"

namespace ring3::cc {

namespace fs = std::filesystem;

namespace {

std::string LowerCase(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

bool EndsWith(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

bool IsUtf16(std::string_view text) {
  return text.substr(0, 2) == "\xFF\xFE";
}

std::string DecodeUtf16(std::string_view text) {
  std::string out;
  const auto append = [&](unsigned c) { out += static_cast<char>(c); };
  const auto unit = [&](size_t i) {
    return static_cast<unsigned>(static_cast<unsigned char>(text[i])) |
           static_cast<unsigned>(static_cast<unsigned char>(text[i + 1])) << 8;
  };
  for (size_t i = 2; i + 1 < text.size(); i += 2) {
    unsigned code = unit(i);
    if (code >= 0xD800 && code < 0xDC00 && i + 3 < text.size()) {
      i += 2;
      code = 0x10000 + ((code - 0xD800) << 10) + (unit(i) - 0xDC00);
    }
    if (code < 0x80) {
      append(code);
    } else if (code < 0x800) {
      append(0xC0 | code >> 6);
      append(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
      append(0xE0 | code >> 12);
      append(0x80 | (code >> 6 & 0x3F));
      append(0x80 | (code & 0x3F));
    } else {
      append(0xF0 | code >> 18);
      append(0x80 | (code >> 12 & 0x3F));
      append(0x80 | (code >> 6 & 0x3F));
      append(0x80 | (code & 0x3F));
    }
  }
  return out;
}

// `FUNC Name{LEVEL=X}(…)` lines between `begin_wpp config` and `end_wpp`.
void CollectTraceFunctions(const std::string& text, std::set<std::string>& functions) {
  for (size_t at = text.find("begin_wpp config"); at != std::string::npos;
       at = text.find("begin_wpp config", at)) {
    const size_t end = std::min(text.find("end_wpp", at), text.size());
    while ((at = text.find("FUNC", at)) < end) {
      at += 4;
      if (at >= end || !std::isspace(static_cast<unsigned char>(text[at]))) continue;
      while (at < end && (text[at] == ' ' || text[at] == '\t')) ++at;
      const size_t start = at;
      while (at < end && (std::isalnum(static_cast<unsigned char>(text[at])) || text[at] == '_')) ++at;
      if (at > start) functions.insert(text.substr(start, at - start));
    }
    at = end;
  }
}

}  // namespace

IncludeScanner::IncludeScanner(std::vector<fs::path> user_folders, std::vector<fs::path> sdk_folders,
                               fs::path work_folder)
    : user_folders_(std::move(user_folders)),
      sdk_folders_(std::move(sdk_folders)),
      work_folder_(std::move(work_folder)) {}

void IncludeScanner::Scan(const fs::path& source) {
  const fs::path file = fs::absolute(source).lexically_normal();
  ScanFile(file, file);
}

void IncludeScanner::ScanFile(const fs::path& file, const fs::path& spelled) {
  if (!seen_.emplace(file, spelled).second) return;
  std::error_code error;
  if (!fs::is_regular_file(file, error)) return;
  std::string text = ReadFile(file);
  if (IsUtf16(text)) {
    text = DecodeUtf16(text);
    const fs::path decoded = work_folder_ / ("utf16-" + std::to_string(scan_.replaced.size()));
    WriteFile(decoded, text);
    scan_.replaced[file] = decoded;
  }
  CollectTraceFunctions(text, scan_.trace_functions);
  for (size_t line = 0; line < text.size();) {
    const size_t end = std::min(text.find('\n', line), text.size());
    size_t at = text.find_first_not_of(" \t", line);
    if (at < end && text[at] == '#') {
      at = text.find_first_not_of(" \t", at + 1);
      if (at < end && text.compare(at, 7, "include") == 0) {
        const size_t open = text.find_first_of("\"<", at);
        const size_t close = open < end ? text.find(text[open] == '<' ? '>' : '"', open + 1) : end;
        if (close < end)
          FollowInclude(file, spelled, text.substr(open + 1, close - open - 1), text[open] == '"');
      }
    }
    line = end + 1;
  }
}

void IncludeScanner::FollowInclude(const fs::path& includer, const fs::path& includer_spelled,
                                   std::string name, bool quoted) {
  std::replace(name.begin(), name.end(), '\\', '/');
  struct Folder {
    fs::path real, spelled;
  };
  std::vector<Folder> folders;
  if (quoted) folders.push_back({includer.parent_path(), includer_spelled.parent_path()});
  for (const fs::path& folder : user_folders_) folders.push_back({folder, folder});
  const size_t user_count = folders.size();
  for (const fs::path& folder : sdk_folders_) folders.push_back({folder, folder});

  // The very name first, everywhere; then the first that differs in case alone.
  std::error_code error;
  for (const bool exact : {true, false}) {
    for (size_t i = 0; i < folders.size(); ++i) {
      fs::path found = (folders[i].real / name).lexically_normal();
      if (exact && !fs::is_regular_file(found, error)) continue;
      if (!exact) found = FindInAnyCase(folders[i].real, name);
      if (found.empty()) continue;
      const fs::path spelled = (folders[i].spelled / name).lexically_normal();
      if (spelled != found) scan_.renamed[spelled] = found;
      if (i < user_count) ScanFile(found, spelled);
      return;
    }
  }
  if (EndsWith(LowerCase(name), ".tmh")) {
    scan_.missing_trace_headers.insert((includer_spelled.parent_path() / name).lexically_normal());
  }
}

fs::path IncludeScanner::FindInAnyCase(const fs::path& folder, const fs::path& name) {
  fs::path at = folder;
  for (const fs::path& part : name) {
    if (part == "." || part == "..") {
      at = (at / part).lexically_normal();
      continue;
    }
    const auto& listing = Listing(at);
    const auto entry = listing.find(LowerCase(part.string()));
    if (entry == listing.end()) return {};
    at /= entry->second;
  }
  std::error_code error;
  return fs::is_regular_file(at, error) ? at.lexically_normal() : fs::path();
}

const std::map<std::string, std::string>& IncludeScanner::Listing(const fs::path& folder) {
  const auto [entry, is_new] = listings_.try_emplace(folder);
  if (is_new) {
    std::error_code error;
    for (const fs::directory_entry& file : fs::directory_iterator(folder, error)) {
      const std::string name = file.path().filename().string();
      std::string& slot = entry->second[LowerCase(name)];
      if (slot.empty() || name < slot) slot = name;  // whatever order the folder is listed in
    }
  }
  return entry->second;
}

std::string IncludeScanner::OverlayYaml(const fs::path& trace_header) const {
  nlohmann::json roots = nlohmann::json::array();
  const auto add = [&](const fs::path& name, const fs::path& contents, bool external_name) {
    roots.push_back({{"type", "file"},
                     {"name", name.string()},
                     {"external-contents", contents.string()},
                     {"use-external-name", external_name}});
  };
  for (const auto& [name, file] : scan_.renamed) {
    // The stand-in is reached through the wrong spelling as well.
    const auto stand_in = scan_.replaced.find(file);
    add(name, stand_in == scan_.replaced.end() ? file : stand_in->second, stand_in == scan_.replaced.end());
  }
  for (const auto& [name, file] : scan_.replaced) add(name, file, false);
  for (const fs::path& name : scan_.missing_trace_headers) add(name, trace_header, true);
  if (roots.empty()) return {};
  return nlohmann::json{{"version", 0}, {"case-sensitive", "true"}, {"roots", roots}}.dump(1);
}

std::string IncludeScanner::TraceHeader() const {
  std::set<std::string> functions = scan_.trace_functions;
  functions.insert(
      {"DoTraceMessage", "DoTraceLevelMessage", "DoDebugTrace", "WPP_INIT_TRACING", "WPP_CLEANUP"});
  std::string text = "/* Trace macros that evaluate nothing. */\n";
  for (const std::string& function : functions) {
    text += "#undef " + function + "\n#define " + function + "(...) ((void)0)\n";
  }
  for (const char* query : {"WPP_LEVEL_ENABLED", "WPP_FLAG_ENABLED", "WPP_FLAGS_ENABLED"}) {
    text += "#ifndef " + std::string(query) + "\n#define " + query + "(...) 0\n#endif\n";
  }
  return text;
}

}  // namespace ring3::cc
