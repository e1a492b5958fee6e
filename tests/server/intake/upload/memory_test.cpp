#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "tests/server/intake/upload/lot_rig.hpp"

namespace leadex::test {
namespace {

constexpr std::uint64_t kRows = 200'000;

std::int64_t resident_bytes() {
  std::ifstream statm{"/proc/self/statm"};
  std::int64_t pages = 0;
  std::int64_t resident = 0;
  statm >> pages >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

/// Makes its rows as they are asked for, and looks at the memory when it is warm and at the end.
class RowSource final : public intake::UploadSource {
 public:
  explicit RowSource(LeadFile file) : file_(std::move(file)), text_(file_.header()) {}

  boost::asio::awaitable<Result<std::size_t, intake::SourceFault>> read_some(
      std::span<char> into) override {
    while (text_.size() < into.size() && row_ < kRows) {
      text_ += file_.row(++row_).text;
      if (row_ == kRows * 2 / 5) warm = resident_bytes();
      if (row_ == kRows) last = resident_bytes();
    }
    auto const size = text_.copy(into.data(), into.size());
    text_.erase(0, size);
    co_return size;
  }

  std::int64_t warm{};
  std::int64_t last{};

 private:
  LeadFile file_;
  std::string text_;
  std::uint64_t row_{};
};

TEST(UploadMemory, StaysBoundedHoweverLongTheFile) {
  LotRig rig;
  RowSource source{rig.file(kRows, 71, 500)};
  auto const begun = std::chrono::steady_clock::now();
  auto const result =
      rig.run(intake::upload_batch(*rig.uploads, rig.request(storage::BatchFormat::csv), source));
  ASSERT_TRUE(result);
  auto const took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - begun);
  EXPECT_EQ(result->counts.read, static_cast<std::int64_t>(kRows));
  EXPECT_GT(result->counts.accepted, static_cast<std::int64_t>(kRows * 9 / 10));
  // The digests of 120,000 more rows need 9 MB; the rest is noise of the allocators, which the
  // sanitizers make loud. Rows that stayed in memory would be 300 MB.
  auto const grown = source.last - source.warm;
  std::cout << "grown by " << grown / 1024 << " KiB over " << kRows * 3 / 5 << " rows, "
            << result->counts.read * 1000 / took.count() << " rows/s\n";
  EXPECT_LT(grown, 96LL << 20U);
}

}  // namespace
}  // namespace leadex::test
