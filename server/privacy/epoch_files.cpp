#include "server/privacy/epoch_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <map>
#include <optional>

#include "server/crypto/random.hpp"
#include "server/privacy/root_key.hpp"

namespace leadex::privacy {
namespace {

using crypto::Secret;

constexpr std::string_view kTombstone = ".destroyed";
constexpr std::string_view kUnfinished = ".new-";
constexpr std::size_t kNameChars = 7;        // 2026-11
constexpr std::size_t kFileBytesMax = 4096;  // of what is overwritten; ours has 65

class Handle {
 public:
  explicit Handle(int fd) : fd_(fd) {}
  Handle(Handle const&) = delete;
  Handle& operator=(Handle const&) = delete;
  ~Handle() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] bool opened() const { return fd_ >= 0; }

 private:
  int fd_;
};

enum class Presence : std::uint8_t { there, absent, unknown };

Presence look_for(std::string const& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) == 0) return Presence::there;
  return errno == ENOENT || errno == ENOTDIR ? Presence::absent : Presence::unknown;
}

// A new or removed name is durable only once its folder is.
bool sync_folder(std::string const& folder) {
  Handle const handle(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return handle.opened() && ::fsync(handle.fd()) == 0;
}

EpochError error_of(RootKeyError error) {
  switch (error) {
    case RootKeyError::missing:
      return EpochError::missing;
    case RootKeyError::not_private:
      return EpochError::not_private;
    case RootKeyError::malformed:
      return EpochError::malformed;
    case RootKeyError::exists:
    case RootKeyError::unavailable:
      break;
  }
  return EpochError::unavailable;
}

std::optional<EpochMonth> month_of(std::string_view name) {
  if (name.size() != kNameChars || name[4] != '-') return std::nullopt;
  EpochMonth year{};
  EpochMonth month{};
  auto const* const text = name.data();
  auto const first = std::from_chars(text, text + 4, year);
  auto const second = std::from_chars(text + 5, text + kNameChars, month);
  if (first.ptr != text + 4 || second.ptr != text + kNameChars || month < 1 || month > 12) {
    return std::nullopt;
  }
  return year * 100 + month;
}

bool overwrite(std::string const& path) {
  Handle const file(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat info {};
  if (!file.opened() || ::fstat(file.fd(), &info) != 0 || !S_ISREG(info.st_mode)) return false;
  std::array<char, kFileBytesMax> const zeros{};
  auto const size = std::min(static_cast<std::size_t>(info.st_size), zeros.size());
  auto const done = ::pwrite(file.fd(), zeros.data(), size, 0);
  return done >= 0 && static_cast<std::size_t>(done) == size && ::fsync(file.fd()) == 0;
}

// What a creator that was killed left behind: another name of a month's file, or of none.
void sweep_unfinished(std::string const& folder) {
  constexpr std::chrono::minutes kAge{1};  // nobody takes so long to make one
  std::error_code fault;
  auto const now = std::filesystem::file_time_type::clock::now();
  for (std::filesystem::directory_iterator at{folder, fault}, end; !fault && at != end;
       at.increment(fault)) {
    std::error_code gone;
    auto const made = at->last_write_time(gone);
    if (gone || !at->path().filename().string().starts_with(kUnfinished)) continue;
    if (now - made > kAge) ::unlink(at->path().c_str());
  }
}

}  // namespace

char const* describe(EpochError error) {
  switch (error) {
    case EpochError::missing:
      return "the month has no epoch file";
    case EpochError::destroyed:
      return "the month's epoch was destroyed";
    case EpochError::not_private:
      return "an epoch file must be a plain file of this user with mode 0600";
    case EpochError::malformed:
      return "an epoch file must hold 64 lower-case hex digits: it is damaged or cut short";
    case EpochError::other_file:
      return "the month's epoch file is another one than the database knows";
    case EpochError::unavailable:
      break;
  }
  return "the folder of the epoch files cannot be read or written";
}

std::string epoch_name(EpochMonth month) {
  auto const of_year = std::to_string(month % 100);
  return std::to_string(month / 100) + (of_year.size() == 1 ? "-0" : "-") + of_year;
}

std::string EpochFiles::file_of(EpochMonth month) const {
  return folder_ + '/' + epoch_name(month);
}

std::string EpochFiles::tombstone_of(EpochMonth month) const {
  return file_of(month) + std::string{kTombstone};
}

bool EpochFiles::is_usable(EpochMonth month) const {
  return look_for(file_of(month)) == Presence::there &&
         look_for(tombstone_of(month)) == Presence::absent;
}

Result<Secret, EpochError> EpochFiles::load(EpochMonth month) const {
  auto const tombstone = look_for(tombstone_of(month));
  if (tombstone == Presence::there) return refuse(EpochError::destroyed);
  if (tombstone == Presence::unknown) return refuse(EpochError::unavailable);
  auto bytes = load_root_key_file(file_of(month));  // the same form and the same care
  if (!bytes) return refuse(error_of(bytes.error()));
  return std::move(*bytes);
}

// Written apart and linked in whole, so that nobody ever reads half a file; of two that do so at
// once the second finds the name taken.
Result<void, EpochError> EpochFiles::create(EpochMonth month) const {
  if (::mkdir(folder_.c_str(), 0700) == 0) {
    auto const parent = std::filesystem::path{folder_}.parent_path();
    if (!sync_folder(parent.empty() ? "." : parent.string())) {
      return refuse(EpochError::unavailable);
    }
  } else if (errno != EEXIST) {
    return refuse(errno == ENOENT ? EpochError::missing : EpochError::unavailable);
  }
  auto const fresh =
      folder_ + '/' + std::string{kUnfinished} + crypto::hex_encode(crypto::random_bytes(8));
  auto const made = create_root_key_file(fresh);
  if (!made) return refuse(error_of(made.error()));
  bool const linked = ::link(fresh.c_str(), file_of(month).c_str()) == 0;
  bool const taken = !linked && errno == EEXIST;
  if (!linked) (void)overwrite(fresh);
  ::unlink(fresh.c_str());
  if (!sync_folder(folder_) || (!linked && !taken)) return refuse(EpochError::unavailable);
  return {};
}

Result<Secret, EpochError> EpochFiles::load_or_create(EpochMonth month) const {
  auto found = load(month);
  if (found || found.error() != EpochError::missing) return found;
  if (auto const made = create(month); !made) return refuse(made.error());
  return load(month);
}

Result<void, EpochError> EpochFiles::mark(EpochMonth month) const {
  auto const tombstone = tombstone_of(month);
  Handle const mark(::open(tombstone.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!mark.opened()) {
    return refuse(errno == ENOENT ? EpochError::missing : EpochError::unavailable);
  }
  if (::fsync(mark.fd()) != 0 || !sync_folder(folder_)) return refuse(EpochError::unavailable);
  return {};
}

Result<void, EpochError> EpochFiles::unmark(EpochMonth month) const {
  if (look_for(file_of(month)) != Presence::there) return refuse(EpochError::missing);
  bool const gone = ::unlink(tombstone_of(month).c_str()) == 0 || errno == ENOENT;
  if (!gone || !sync_folder(folder_)) return refuse(EpochError::unavailable);
  return {};
}

Result<void, EpochError> EpochFiles::destroy(EpochMonth month) const {
  auto const file = file_of(month);
  auto const there = look_for(file);
  if (there == Presence::unknown) return refuse(EpochError::unavailable);
  if (there == Presence::absent && look_for(tombstone_of(month)) == Presence::absent) {
    return refuse(EpochError::missing);
  }
  if (auto const marked = mark(month); !marked) return marked;
  if (there == Presence::absent) return {};
  if (!overwrite(file)) return refuse(EpochError::unavailable);
  sweep_unfinished(folder_);
  if (::unlink(file.c_str()) != 0 || !sync_folder(folder_)) return refuse(EpochError::unavailable);
  return {};
}

Result<std::vector<EpochState>, EpochError> EpochFiles::list() const {
  std::map<EpochMonth, EpochState> found;
  std::error_code fault;
  if (look_for(folder_) == Presence::absent) return std::vector<EpochState>{};
  for (std::filesystem::directory_iterator at{folder_, fault}, end; !fault && at != end;
       at.increment(fault)) {
    std::string name = at->path().filename().string();
    bool const dead = name.ends_with(kTombstone);
    if (dead) name.resize(name.size() - kTombstone.size());
    auto const month = month_of(name);
    if (!month) continue;
    auto& state = found[*month];
    state.month = *month;
    (dead ? state.destroyed : state.present) = true;
  }
  if (fault) return refuse(EpochError::unavailable);
  std::vector<EpochState> states;
  states.reserve(found.size());
  for (auto const& [month, state] : found) states.push_back(state);
  return states;
}

}  // namespace leadex::privacy
