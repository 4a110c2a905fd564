// SPDX-License-Identifier: MIT
#include "cc/process.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace ring3::cc {

ProcessResult RunProcess(const std::vector<std::string>& command, StandardError standard_error) {
  if (std::getenv("RING3_CC_VERBOSE")) {
    for (const std::string& word : command) fprintf(stderr, "%s ", word.c_str());
    fputc('\n', stderr);
  }
  std::vector<char*> arguments;
  for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);

  int pipe_ends[2] = {-1, -1};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  if (standard_error == StandardError::Capture) {
    if (pipe2(pipe_ends, O_CLOEXEC) != 0) throw Failure{std::string("pipe: ") + std::strerror(errno)};
    posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], STDERR_FILENO);
  }
  pid_t child = 0;
  const int error = posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (pipe_ends[1] >= 0) close(pipe_ends[1]);
  ProcessResult result;
  if (error != 0) {
    if (pipe_ends[0] >= 0) close(pipe_ends[0]);
    throw Failure{"cannot run " + command[0] + ": " + std::strerror(error)};
  }
  if (pipe_ends[0] >= 0) {
    char buffer[4096];
    ssize_t count;
    while ((count = read(pipe_ends[0], buffer, sizeof(buffer))) > 0 || (count < 0 && errno == EINTR)) {
      if (count > 0) result.errors.append(buffer, static_cast<size_t>(count));
    }
    close(pipe_ends[0]);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "ring3-cc-XXXXXX").string();
  if (!mkdtemp(pattern.data())) throw Failure{"cannot create " + pattern + ": " + std::strerror(errno)};
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;  // nothing of the result depends on it
  std::filesystem::remove_all(path_, ignored);
}

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Failure{"cannot read " + path.string()};
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void WriteFile(const std::filesystem::path& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file) throw Failure{"cannot write " + path.string()};
}

}  // namespace ring3::cc
