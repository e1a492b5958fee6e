// Files that are meant to hurt, through the decoder of uploads: each ends with a clear fault, in
// bounded memory, and the rows in front of the fault are there.

#include <gtest/gtest.h>
#include <unistd.h>
#include <zlib.h>

#include <fstream>

#include "server/intake/upload_decoder.hpp"

namespace leadex::intake {
namespace {

constexpr std::string_view kHead =
    "first_name,last_name,email,captured_at,consent_at,consent_text,vehicle,source_reason\n";
constexpr std::string_view kTail =
    ",2026-05-30T10:00:00Z,2026-05-30T09:59:00Z,I agree,web_form,quote\n";

std::string row_of(int no) {
  return "Ann,Lee,p" + std::to_string(no) + "@example.com" + std::string{kTail};
}

std::string utf16(std::string_view text, bool big_endian, bool mark) {
  std::string out = !mark ? "" : big_endian ? "\xFE\xFF" : "\xFF\xFE";
  for (char const c : text) {
    if (big_endian) out += '\0';
    out += c;
    if (!big_endian) out += '\0';
  }
  return out;
}

std::string gzip(std::string const& text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string packed(deflateBound(&stream, text.size()) + 64, '\0');
  auto input = text;
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

std::int64_t resident_bytes() {
  std::ifstream statm{"/proc/self/statm"};
  std::int64_t pages = 0;
  std::int64_t resident = 0;
  statm >> pages >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

class BadInput : public testing::Test {
 protected:
  std::unique_ptr<UploadDecoder> make(storage::BatchFormat format = storage::BatchFormat::csv,
                                      bool packed = false, UploadLimits limits = {}) {
    MarketRules rules;
    rules.country = "US";
    rules.currency = "USD";
    return std::make_unique<UploadDecoder>(
        DecoderOptions{.format = format,
                       .packing = packed ? Packing::gzip : Packing::none,
                       .limits = limits,
                       .rules = rules,
                       .now = std::chrono::sys_days{std::chrono::year{2026} / 6 / 1}},
        ring_, disposable_);
  }
  /// The fault of the whole file, cut into pieces of `step` bytes.
  static std::optional<DecodeFault> fault_of(UploadDecoder& decoder, std::string_view bytes,
                                             std::size_t step = 4096) {
    for (; !bytes.empty(); bytes.remove_prefix(std::min(step, bytes.size()))) {
      auto const fed = decoder.feed(bytes.substr(0, step));
      if (!fed) return fed.error();
    }
    auto const ended = decoder.finish();
    return ended ? std::nullopt : std::optional{ended.error()};
  }

  privacy::KeyRing ring_{crypto::Secret(std::string(32, 'k'))};
  DisposableDomains disposable_;
};

TEST_F(BadInput, Utf16IsSaidWithAndWithoutItsMark) {
  auto const text = std::string{kHead} + row_of(1);
  for (bool const big_endian : {false, true}) {
    for (bool const mark : {false, true}) {
      for (std::size_t const step : {1U, 4096U}) {
        auto const csv = make();
        EXPECT_EQ(fault_of(*csv, utf16(text, big_endian, mark), step),
                  DecodeFault::unsupported_encoding)
            << big_endian << mark << step;
        auto const lines = make(storage::BatchFormat::ndjson);
        EXPECT_EQ(fault_of(*lines, utf16("{\"contact\":{}}\n", big_endian, mark), step),
                  DecodeFault::unsupported_encoding)
            << big_endian << mark << step;
      }
    }
  }
}

TEST_F(BadInput, TheMarkOfUtf8IsNoPartOfTheFirstName) {
  auto const decoder = make();
  EXPECT_EQ(fault_of(*decoder, "\xEF\xBB\xBF" + std::string{kHead} + row_of(1), 1), std::nullopt);
  ASSERT_EQ(decoder->rows().size(), 1U);
  EXPECT_TRUE(decoder->rows().front().lead);
}

TEST_F(BadInput, AHundredThousandColumnsAreTooMany) {
  std::string header = "first_name";
  for (int i = 0; i < 100'000; ++i) header += ",c";
  auto const decoder = make();
  auto const before = resident_bytes();
  EXPECT_EQ(fault_of(*decoder, header + "\n"), DecodeFault::too_many_columns);
  EXPECT_LT(resident_bytes() - before, 32LL << 20U);
  // In a row it is that row's fault alone.
  std::string const commas(60'000, ',');
  auto const wide = make();
  EXPECT_EQ(fault_of(*wide, std::string{kHead} + row_of(1) + commas + "\n" + row_of(2)),
            std::nullopt);
  ASSERT_EQ(wide->rows().size(), 3U);
  EXPECT_TRUE(wide->rows()[0].lead);
  EXPECT_EQ(wide->rows()[1].faults.at(0).code, RowCode::malformed_row);
  EXPECT_TRUE(wide->rows()[2].lead);
}

TEST_F(BadInput, ACellOfAHundredMebibytesIsOneBadRow) {
  auto const decoder = make();
  ASSERT_TRUE(decoder->feed(std::string{kHead} + row_of(1) + "Ann,\""));
  std::string const piece(1U << 20U, 'x');
  auto const before = resident_bytes();
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(decoder->feed(piece));
  EXPECT_LT(resident_bytes() - before, 32LL << 20U);
  ASSERT_TRUE(decoder->feed("\"" + std::string{kTail} + row_of(2)));
  ASSERT_TRUE(decoder->finish());
  ASSERT_EQ(decoder->rows().size(), 3U);
  EXPECT_TRUE(decoder->rows()[0].lead);
  EXPECT_EQ(decoder->rows()[1].faults.at(0).code, RowCode::malformed_row);
  EXPECT_TRUE(decoder->rows()[2].lead);
}

TEST_F(BadInput, ALineOfAHundredMebibytesIsOneBadRow) {
  auto const decoder = make(storage::BatchFormat::ndjson);
  ASSERT_TRUE(decoder->feed("{}\n{\"a\":\""));
  std::string const piece(1U << 20U, 'x');
  auto const before = resident_bytes();
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(decoder->feed(piece));
  EXPECT_LT(resident_bytes() - before, 32LL << 20U);
  ASSERT_TRUE(decoder->feed("\"}\n{}\n"));
  ASSERT_TRUE(decoder->finish());
  ASSERT_EQ(decoder->rows().size(), 3U);
  EXPECT_EQ(decoder->rows()[1].faults.at(0).code, RowCode::malformed_row);
}

TEST_F(BadInput, AMissingEndQuoteIsTheLastRowsFault) {
  auto const decoder = make();
  EXPECT_EQ(fault_of(*decoder, std::string{kHead} + row_of(1) + row_of(2) + "\"Ann,Lee\nand more"),
            std::nullopt);
  ASSERT_EQ(decoder->rows().size(), 3U);
  EXPECT_TRUE(decoder->rows()[1].lead);
  EXPECT_EQ(decoder->rows()[2].faults.at(0).code, RowCode::malformed_row);
}

TEST_F(BadInput, AGzipBombIsTooLargeAndItsFirstRowsAreThere) {
  std::string text = std::string{kHead} + row_of(1) + row_of(2);
  text += std::string(64U << 20U, '\n');  // packs to a thousandth
  auto const packed = gzip(text);
  ASSERT_LT(packed.size() * 500, text.size());
  text = {};
  auto const decoder = make(storage::BatchFormat::csv, true);
  auto const before = resident_bytes();
  EXPECT_EQ(fault_of(*decoder, packed), DecodeFault::too_large);
  EXPECT_LT(resident_bytes() - before, 32LL << 20U);
  ASSERT_EQ(decoder->rows().size(), 2U);
  EXPECT_TRUE(decoder->rows()[1].lead);
}

TEST_F(BadInput, EveryCutOfAPackedFileIsSaidAndKeepsItsWholeRows) {
  auto const packed = gzip(std::string{kHead} + row_of(1) + row_of(2) + row_of(3));
  for (std::size_t size = 0; size < packed.size(); ++size) {
    auto const decoder = make(storage::BatchFormat::csv, true);
    EXPECT_EQ(fault_of(*decoder, std::string_view{packed}.substr(0, size)), DecodeFault::unpack_cut)
        << size;
    for (auto const& row : decoder->rows()) EXPECT_TRUE(row.lead) << size;
  }
}

TEST_F(BadInput, EveryCutOfAPlainFileKeepsItsWholeRows) {
  auto const text = std::string{kHead} + row_of(1) + row_of(2) + row_of(3);
  for (std::size_t size = kHead.size(); size < text.size(); ++size) {
    auto const decoder = make();
    EXPECT_EQ(fault_of(*decoder, std::string_view{text}.substr(0, size)), std::nullopt) << size;
    auto const whole = (size - kHead.size()) / row_of(1).size();
    ASSERT_GE(decoder->rows().size(), whole);
    for (std::size_t i = 0; i < whole; ++i) EXPECT_TRUE(decoder->rows()[i].lead) << size;
  }
}

}  // namespace
}  // namespace leadex::intake
