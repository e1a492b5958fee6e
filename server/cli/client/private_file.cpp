#include "server/cli/client/private_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "server/cli/exit_code.hpp"

namespace leadex::cli {

namespace {

bool write_all(int file, std::string_view text) {
  while (!text.empty()) {
    auto const written = ::write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return ::fsync(file) == 0;
}

}  // namespace

void write_private_file(std::string const& path, std::string_view text) {
  auto const fresh = path + ".new";
  (void)::unlink(fresh.c_str());  // a leftover might have another mode
  int const file = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) throw Failure(kFailed, path + " cannot be written");
  bool const written = write_all(file, text);
  bool const closed = ::close(file) == 0;
  if (!written || !closed || std::rename(fresh.c_str(), path.c_str()) != 0) {
    (void)::unlink(fresh.c_str());
    throw Failure(kFailed, path + " cannot be written");
  }
}

}  // namespace leadex::cli
