#include "server/privacy/root_key.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace leadex::privacy {
namespace {

class RootKey : public testing::Test {
 public:
  RootKey() {
    std::string pattern = (std::filesystem::temp_directory_path() / "leadex_root_XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    path_ = folder_ + "/root.key";
  }
  ~RootKey() override { std::filesystem::remove_all(folder_); }

 protected:
  void write(std::string const& text, mode_t mode = 0600) const {
    std::ofstream(path_, std::ios::binary) << text;
    ASSERT_EQ(chmod(path_.c_str(), mode), 0);
  }
  [[nodiscard]] std::string text() const {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  [[nodiscard]] RootKeyError load_error() const {
    auto const loaded = load_root_key_file(path_);
    EXPECT_FALSE(loaded.has_value());
    return loaded ? RootKeyError::exists : loaded.error();
  }

  std::string folder_;
  std::string path_;
  std::string const hex_ = std::string(31, '0') + "1" + std::string(32, 'f');
};

TEST_F(RootKey, ACreatedFileIsPrivateAndLoadsTheSameKey) {
  auto const old_mask = umask(0);
  auto const created = create_root_key_file(path_);
  umask(old_mask);
  ASSERT_TRUE(created.has_value());
  struct stat info {};
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600U);
  EXPECT_EQ(info.st_size, 65);
  EXPECT_EQ(load_root_key_file(path_).value().view(), created->view());
  EXPECT_EQ(text(), crypto::hex_encode(created->view()) + "\n");
}

TEST_F(RootKey, AFileThatIsThereIsNeverOverwritten) {
  write("precious");
  EXPECT_EQ(create_root_key_file(path_).error(), RootKeyError::exists);
  EXPECT_EQ(text(), "precious");
}

TEST_F(RootKey, TwoFilesHoldTwoKeys) {
  auto const first = create_root_key_file(path_);
  auto const second = create_root_key_file(path_ + "2");
  EXPECT_NE(first.value().view(), second.value().view());
}

TEST_F(RootKey, AnyRightForGroupOrOthersIsRefused) {
  for (mode_t const bit : {0040U, 0020U, 0010U, 0004U, 0002U, 0001U}) {
    write(hex_, 0600 | bit);
    EXPECT_EQ(load_error(), RootKeyError::not_private) << std::oct << bit;
  }
  write(hex_, 0400);
  EXPECT_TRUE(load_root_key_file(path_).has_value());
}

TEST_F(RootKey, AnythingButAPlainFileIsRefusedWithoutWaiting) {
  write(hex_);
  auto const link = path_ + ".link";
  std::filesystem::create_symlink(path_, link);
  EXPECT_EQ(load_root_key_file(link).error(), RootKeyError::not_private);
  EXPECT_EQ(load_root_key_file(folder_).error(), RootKeyError::not_private);
  auto const pipe = path_ + ".pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(load_root_key_file(pipe).error(), RootKeyError::not_private);
}

TEST_F(RootKey, OnlyTheExactFormIsTaken) {
  write(hex_);
  EXPECT_TRUE(load_root_key_file(path_).has_value());
  write(hex_ + "\n");
  EXPECT_TRUE(load_root_key_file(path_).has_value());
  for (auto const& wrong :
       {std::string(), std::string("\n"), hex_ + "\n\n", hex_ + "0", hex_ + "00", hex_.substr(1),
        " " + hex_.substr(1), std::string(64, 'F'), hex_ + "\r\n", std::string(100'000, '0')}) {
    write(wrong);
    EXPECT_EQ(load_error(), RootKeyError::malformed) << wrong.size();
  }
}

TEST_F(RootKey, AMissingFileOrFolderIsNamedSo) {
  EXPECT_EQ(load_error(), RootKeyError::missing);
  EXPECT_EQ(create_root_key_file(folder_ + "/none/root.key").error(), RootKeyError::missing);
}

TEST_F(RootKey, SentencesTellTheErrorsApartAndShowNoPath) {
  std::string const unavailable = describe(RootKeyError::unavailable);
  for (auto const error : {RootKeyError::missing, RootKeyError::not_private,
                           RootKeyError::malformed, RootKeyError::exists}) {
    EXPECT_NE(describe(error), unavailable);
    EXPECT_EQ(std::string(describe(error)).find('/'), std::string::npos);
  }
}

}  // namespace
}  // namespace leadex::privacy
