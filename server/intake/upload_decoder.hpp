#pragma once
// UploadDecoder: from the bytes of an upload to checked rows: unpacked, hashed, cut into records,
// each record judged. No clock, no I/O. One thread at a time. Persons met before in the same file
// are the market's to find, or SeenPersons' in a dry run.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/intake/contact/lead_check.hpp"
#include "server/intake/csv/reader.hpp"
#include "server/intake/csv_columns.hpp"
#include "server/intake/gzip/inflate.hpp"
#include "server/intake/ndjson/reader.hpp"
#include "server/intake/zstd/unzstd.hpp"
#include "server/privacy/file_hash.hpp"
#include "server/privacy/fingerprint.hpp"
#include "server/privacy/key_ring.hpp"
#include "server/storage/batches.hpp"

namespace leadex::intake {

struct UploadLimits {
  std::uint64_t unpacked_bytes = 4ULL << 30U;
  std::int64_t rows = 10'000'000;
  std::size_t row_bytes = 64ULL * 1024U;
  std::size_t columns = 256;
};

enum class DecodeFault : std::uint8_t {
  header_invalid,        // see header_faults()
  file_empty,            // a CSV without a header
  unsupported_encoding,  // UTF-16 or UTF-32
  too_many_columns,
  unpack_failed,  // gzip or zstd: corrupt, or something behind it
  unpack_cut,     // gzip or zstd: ends in the middle
  too_large,      // unpacked bytes, or a bomb
  too_many_rows,
};

/// Behind a row: where its file could go on.
struct RowMark {
  std::int64_t bytes{};    // of the decoded body, up to the end of the row
  std::string hash_state;  // of privacy::FileHash, of those bytes
};

/// Where a file goes on that came in part before.
struct ResumePoint {
  std::int64_t rows{};
  std::int64_t bytes{};
  std::string header;  // of a CSV, byte for byte
  std::string hash_state;
};

struct DecodedRow {
  std::int64_t row_no{};
  std::optional<CheckedLead> lead;   // the row is sound
  std::vector<std::string> digests;  // of its person; of one not sound as far as it can be read
  bool duplicate_in_batch{};         // of a dry run: an earlier sound row has its person
  std::vector<RowFault> faults;      // of a row that is not sound
  std::optional<std::string> external_id;  // of a row that is not sound, when it can be shown
  std::vector<std::optional<std::string>> own_columns;  // by fault: what the uploader calls it
  std::string own;  // the row as it came: pack_fields of a CSV's, the line of an NDJSON; if wanted
  std::optional<std::int64_t> corrected_row;  // the row it brings again, when the file says it
  std::optional<RowMark> mark;                // if wanted
};

/// Fields as one text, and back; nothing when it is no such text.
[[nodiscard]] std::string pack_fields(std::span<std::string_view const> fields);
[[nodiscard]] std::optional<std::vector<std::string>> unpack_fields(std::string_view packed);

/// How the body is packed.
enum class Packing : std::uint8_t { none, gzip, zstd };

struct DecoderOptions {
  storage::BatchFormat format{};
  Packing packing{};
  UploadLimits limits;
  MarketRules rules;
  Timestamp now;
  std::shared_ptr<ColumnMapping const> mapping{};  // null: all columns have our names
  bool corrects{};                                 // the file brings refused rows again
  bool keep_own{};                                 // DecodedRow::own is wanted
  bool marks{};                                    // DecodedRow::mark is wanted
  std::optional<ResumePoint> resume{};             // none: from the file's start
};

class UploadDecoder {
 public:
  /// `keys` and `disposable` outlive it.
  UploadDecoder(DecoderOptions options, privacy::KeyRing const& keys,
                DisposableDomains const& disposable);
  UploadDecoder(UploadDecoder const&) = delete;
  UploadDecoder& operator=(UploadDecoder const&) = delete;

  /// Reads more bytes. After an error it takes no more and repeats the error.
  [[nodiscard]] Result<void, DecodeFault> feed(std::string_view bytes);
  /// The body ends here.
  [[nodiscard]] Result<void, DecodeFault> finish();

  /// The body ends here, but not the file: what is packed must be whole, a row need not be.
  [[nodiscard]] Result<void, DecodeFault> end_piece();

  /// Rows decoded and not yet taken, in order.
  [[nodiscard]] std::vector<DecodedRow>& rows() { return rows_; }
  /// The header has been read and is right; always true for NDJSON.
  [[nodiscard]] bool header_ready() const { return !csv_ || columns_.has_value(); }
  [[nodiscard]] std::vector<HeaderFault> const& header_faults() const { return header_faults_; }
  /// The names of a CSV's columns as they came, as pack_fields; empty for NDJSON.
  [[nodiscard]] std::string own_header() const;
  /// A CSV's first bytes up to the end of its header; empty for NDJSON.
  [[nodiscard]] std::string const& header_text() const { return header_text_; }
  /// Of the decoded body so far, with what came before.
  [[nodiscard]] std::int64_t bytes() const { return bytes_; }
  /// SHA-256 of the decoded body, 32 bytes; once, after finish().
  [[nodiscard]] std::string file_sha256();

 private:
  void go_on(ResumePoint const& point);
  void unpack(std::string_view bite);
  void end_packing();
  void hash_up_to(std::size_t end);
  [[nodiscard]] bool take(std::string_view decoded);
  void on_csv(CsvRow const& row);
  void on_ndjson(NdjsonRow const& row);
  DecodedRow& add_row(std::int64_t row_no);
  void judge(DecodedRow& decoded, RawLead const& raw);
  void note_own_columns(DecodedRow& decoded) const;
  void malformed(DecodedRow& decoded, std::string_view detail);
  [[nodiscard]] bool count_row(std::int64_t row_no);
  [[nodiscard]] bool read_header();
  void fail(DecodeFault fault) {
    if (!fault_) fault_ = fault;
  }
  [[nodiscard]] Result<void, DecodeFault> outcome() const;

  DecoderOptions options_;
  privacy::KeyRing const& keys_;
  DisposableDomains const& disposable_;
  std::optional<GzipInflater> gzip_;
  std::optional<ZstdReader> zstd_;
  std::unique_ptr<CsvReader> csv_;
  std::unique_ptr<NdjsonReader> ndjson_;
  std::optional<CsvColumns> columns_;
  std::vector<HeaderFault> header_faults_;
  privacy::FileHash hash_;
  std::vector<DecodedRow> rows_;
  std::int64_t bytes_{};
  std::int64_t start_{};  // where the readers began
  std::string header_text_;
  std::string_view bite_;  // decoded bytes being read, valid in take()
  std::size_t hashed_{};   // of bite_
  std::optional<DecodeFault> fault_;
};

}  // namespace leadex::intake
