#include "server/app/audit_heads.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <fstream>

#include "server/privacy/audit_chain.hpp"

namespace leadex::app {

namespace {

constexpr ::mode_t kOwnerOnly = 0600;
constexpr std::size_t kLinesMax = 10'000'000;

/// Appends and syncs. O_APPEND: what was written before is never touched.
bool append(std::string const& path, std::string_view text) {
  int const file =
      ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kOwnerOnly);
  if (file < 0) return false;
  bool good = true;
  while (good && !text.empty()) {
    auto const written = ::write(file, text.data(), text.size());
    good = written > 0;
    if (good) text.remove_prefix(static_cast<std::size_t>(written));
  }
  good = good && ::fdatasync(file) == 0;
  return ::close(file) == 0 && good;
}

}  // namespace

AppResult<int> AuditHeads::write(std::string const& path) {
  struct Read {
    Timestamp at;
    std::vector<storage::AuditStreamHead> heads;
  };
  auto const read = database_.transact_now([](PlatformTx& tx) {
    return Read{tx.now(), tx.audit().heads()};
  });
  if (!read) return refuse(app_error(read.error()));
  std::string lines;
  int count = 0;
  for (auto const& head : read->heads) {
    auto const last = written_.find(head.stream);
    if (last != written_.end() && last->second == head.seq) continue;
    lines += privacy::sign_audit_head(ring_.audit_signing(),
                                      {head.stream, head.seq, head.hash, read->at});
    lines += '\n';
    ++count;
  }
  if (count == 0) return 0;
  if (!append(path, lines)) {
    return fail(AppCode::unavailable, "The file of audit heads cannot be written.");
  }
  for (auto const& head : read->heads) written_[head.stream] = head.seq;
  return count;
}

AppResult<std::vector<std::string>> read_audit_heads(std::string const& path) {
  std::vector<std::string> lines;
  if (::access(path.c_str(), F_OK) != 0) return lines;
  std::ifstream file(path);
  std::string line;
  while (lines.size() < kLinesMax && std::getline(file, line)) lines.push_back(line);
  if (!file.eof()) {
    return fail(AppCode::unavailable, "The file of audit heads cannot be read.");
  }
  return lines;
}

}  // namespace leadex::app
