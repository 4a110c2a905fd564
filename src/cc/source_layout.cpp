// SPDX-License-Identifier: MIT
#include "cc/source_layout.h"

#include <algorithm>
#include <vector>

#include "cc/token.h"

namespace ring3::cc {

namespace fs = std::filesystem;

namespace {

class Builder {
 public:
  Builder(const fs::path& main_file, const std::function<bool(std::string_view)>& is_user)
      : is_user_(is_user) {
    open_.push_back({&layout_[Absolute(main_file)], 1, 0});
  }

  SourceLayout Run(std::string_view text) {
    for (size_t at = 0; at < text.size();) {
      const size_t end = std::min(text.find('\n', at), text.size());
      Line(text.substr(at, end - at));
      at = end + 1;
    }
    return std::move(layout_);
  }

 private:
  struct File {
    std::string* text;
    size_t line;  // of what comes next
    size_t
        depth;  // not 0: files that are open within this one, whose text goes into it with its line markers
  };

  static fs::path Absolute(const fs::path& path) { return fs::absolute(path).lexically_normal(); }

  void Append(std::string_view line) {
    File& file = open_.back();
    file.text->append(line).append("\n");
    ++file.line;
  }

  void Line(std::string_view line) {
    LineMarker marker;
    if (!ParseLineMarker(line, marker)) {
      Append(line);
    } else if (marker.enters) {
      Enter(marker, line);
    } else if (open_.back().depth != 0) {
      if (!marker.returns || --open_.back().depth != 0) {
        Append(line);
      } else {
        open_.pop_back();
        Seek(marker.line);
      }
    } else {
      if (marker.returns && open_.size() > 1) open_.pop_back();
      Seek(marker.line);
    }
  }

  void Enter(const LineMarker& marker, std::string_view line) {
    if (open_.back().depth != 0) {
      ++open_.back().depth;
      Append(line);
      return;
    }
    fs::path path = Absolute(marker.file);
    const bool gathers = !is_user_(marker.file) || layout_.count(path) != 0;
    if (marker.file == "<built-in>") {
      path = kPreludeFile;
    } else {
      if (gathers) path = "/ring3-cc-gathered/" + std::to_string(layout_.size());
      Append("#include \"" + path.string() + "\"");
    }
    open_.push_back({&layout_[path], 1, gathers ? size_t{1} : size_t{0}});
    if (gathers) {
      Append("#pragma clang system_header");
      Append(line);
    }
  }

  void Seek(size_t line) {
    File& file = open_.back();
    for (; file.line < line; ++file.line) *file.text += '\n';
  }

  const std::function<bool(std::string_view)>& is_user_;
  SourceLayout layout_;
  std::vector<File> open_;
};

}  // namespace

SourceLayout LayOutSources(std::string_view preprocessed, const fs::path& main_file,
                           const std::function<bool(std::string_view)>& is_user) {
  return Builder(main_file, is_user).Run(preprocessed);
}

}  // namespace ring3::cc
