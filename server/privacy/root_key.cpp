#include "server/privacy/root_key.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <utility>

#include "server/crypto/random.hpp"

namespace leadex::privacy {
namespace {

using crypto::Secret;

constexpr std::size_t kHexChars = 2 * kRootKeyBytes;

class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  File(File const&) = delete;
  File& operator=(File const&) = delete;
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] bool opened() const { return fd_ >= 0; }

 private:
  int fd_;
};

RootKeyError open_error(int error) {
  if (error == ENOENT || error == ENOTDIR) return RootKeyError::missing;
  if (error == EEXIST) return RootKeyError::exists;
  if (error == ELOOP) return RootKeyError::not_private;  // a link where the file should be
  return RootKeyError::unavailable;
}

// Judged on the open file, so that it cannot be exchanged between the look and the read.
bool is_private(int fd) {
  struct stat info {};
  return ::fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && (info.st_mode & 077) == 0 &&
         (info.st_uid == ::geteuid() || info.st_uid == 0);
}

// Reads until the end or until `size` bytes are there. @return how many, or -1.
ssize_t read_all(int fd, std::uint8_t* out, std::size_t size) {
  std::size_t done = 0;
  while (done < size) {
    auto const n = ::read(fd, out + done, size - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return -1;
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  return static_cast<ssize_t>(done);
}

bool write_all(int fd, crypto::ByteView bytes) {
  while (!bytes.empty()) {
    auto const n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

// A new name is durable only once its folder is.
bool sync_folder_of(std::string const& path) {
  auto folder = std::filesystem::path(path).parent_path();
  if (folder.empty()) folder = ".";
  File const file(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return file.opened() && ::fsync(file.fd()) == 0;
}

}  // namespace

char const* describe(RootKeyError error) {
  switch (error) {
    case RootKeyError::missing:
      return "the root key file or its folder does not exist";
    case RootKeyError::not_private:
      return "the root key file must be a plain file of this user with mode 0600";
    case RootKeyError::malformed:
      return "the root key file must hold 64 lower-case hex digits";
    case RootKeyError::exists:
      return "a root key file exists already; it is never overwritten";
    case RootKeyError::unavailable:
      break;
  }
  return "the root key file cannot be read or written";
}

Result<Secret, RootKeyError> load_root_key_file(std::string const& path) {
  // O_NONBLOCK: a pipe put in the file's place must be refused, not waited for.
  File const file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file.opened()) return refuse(open_error(errno));
  if (!is_private(file.fd())) return refuse(RootKeyError::not_private);
  Secret text(kHexChars + 2);
  auto const size = read_all(file.fd(), text.data(), text.size());
  if (size < 0) return refuse(RootKeyError::unavailable);
  auto digits = text.view().substr(0, static_cast<std::size_t>(size));
  if (digits.size() == kHexChars + 1 && digits.back() == '\n') digits.remove_suffix(1);
  if (digits.size() != kHexChars) return refuse(RootKeyError::malformed);
  auto key = crypto::hex_decode(digits);
  if (!key) return refuse(RootKeyError::malformed);
  return Secret::take(*std::move(key));
}

Result<Secret, RootKeyError> create_root_key_file(std::string const& path) {
  File const file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.opened()) return refuse(open_error(errno));
  auto key = crypto::random_secret(kRootKeyBytes);
  auto const text = Secret::take(crypto::hex_encode(key.view()) + '\n');
  bool const kept = ::fchmod(file.fd(), 0600) == 0 && write_all(file.fd(), text.view()) &&
                    ::fsync(file.fd()) == 0 && sync_folder_of(path);
  if (!kept) {
    ::unlink(path.c_str());  // ours: O_EXCL made it; half a key must not look like one
    return refuse(RootKeyError::unavailable);
  }
  return key;
}

}  // namespace leadex::privacy
