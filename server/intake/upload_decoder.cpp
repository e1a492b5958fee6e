#include "server/intake/upload_decoder.hpp"

#include <algorithm>

#include "server/intake/contact/text.hpp"
#include "server/intake/lead_document.hpp"
#include "server/intake/lead_rows.hpp"

namespace leadex::intake {
namespace {

// Small bites: what one bite unpacks to is all in memory before anybody looks at the row count.
constexpr std::size_t kPackedBite = 4096;

DecodeFault fault_of(CsvFileError error) {
  switch (error) {
    case CsvFileError::unsupported_encoding:
      return DecodeFault::unsupported_encoding;
    case CsvFileError::too_many_columns:
      return DecodeFault::too_many_columns;
    case CsvFileError::empty:
      return DecodeFault::file_empty;
    case CsvFileError::header_malformed:
      break;
  }
  return DecodeFault::header_invalid;
}

DecodeFault fault_of(GzipError error) {
  bool const large = error == GzipError::too_large || error == GzipError::ratio_too_high;
  return large ? DecodeFault::too_large : DecodeFault::unpack_failed;
}

DecodeFault fault_of(ZstdError error) {
  bool const large = error == ZstdError::too_large || error == ZstdError::ratio_too_high;
  return large ? DecodeFault::too_large : DecodeFault::unpack_failed;
}

std::string_view detail_of(CsvRowFault fault) {
  switch (fault) {
    case CsvRowFault::row_too_long:
      return "The row is longer than the limit.";
    case CsvRowFault::missing_quote:
      return "The file ends inside quotes.";
    case CsvRowFault::stray_quote:
      return "A quote stands inside a field or text behind a closing quote.";
    case CsvRowFault::column_count:
      return "The row has more or fewer fields than the header.";
    case CsvRowFault::nul_byte:
      return "The row holds a NUL.";
    case CsvRowFault::invalid_utf8:
      break;
  }
  return "The row is not UTF-8.";
}

std::string_view detail_of(NdjsonRowFault fault) {
  switch (fault) {
    case NdjsonRowFault::row_too_long:
      return "The line is longer than the limit.";
    case NdjsonRowFault::malformed_json:
      return "The line is not one JSON value in UTF-8.";
    case NdjsonRowFault::not_an_object:
      break;
  }
  return "The line is no JSON object.";
}

}  // namespace

UploadDecoder::UploadDecoder(DecoderOptions options, privacy::KeyRing const& keys,
                             DisposableDomains const& disposable)
    : options_(std::move(options)), keys_(keys), disposable_(disposable) {
  auto const& limits = options_.limits;
  auto const sink = [this](std::string_view bytes) { return take(bytes); };
  if (options_.packing == Packing::gzip) {
    gzip_.emplace(sink, GzipLimits{.unpacked_bytes = limits.unpacked_bytes});
  } else if (options_.packing == Packing::zstd) {
    zstd_.emplace(sink, ZstdLimits{.unpacked_bytes = limits.unpacked_bytes});
  }
  if (options_.format == storage::BatchFormat::csv) {
    csv_ = std::make_unique<CsvReader>(
        [this](CsvRow const& row) { on_csv(row); },
        CsvLimits{.row_bytes = limits.row_bytes, .columns = limits.columns});
  } else {
    ndjson_ = std::make_unique<NdjsonReader>([this](NdjsonRow const& row) { on_ndjson(row); },
                                             NdjsonLimits{.row_bytes = limits.row_bytes});
  }
}

Result<void, DecodeFault> UploadDecoder::feed(std::string_view bytes) {
  if (options_.packing == Packing::none) {
    static_cast<void>(take(bytes));
    return outcome();
  }
  while (!bytes.empty() && !fault_) {
    unpack(bytes.substr(0, kPackedBite));
    bytes.remove_prefix(std::min(kPackedBite, bytes.size()));
  }
  return outcome();
}

void UploadDecoder::unpack(std::string_view bite) {
  if (gzip_) {
    auto const fed = gzip_->feed(bite);
    if (!fed) fail(fault_of(fed.error()));
  } else if (zstd_) {
    auto const fed = zstd_->feed(bite);
    if (!fed) fail(fault_of(fed.error()));
  }
}

Result<void, DecodeFault> UploadDecoder::finish() {
  if (gzip_ && !fault_) {
    auto const ended = gzip_->finish();
    if (!ended) fail(fault_of(ended.error()));
  }
  if (zstd_ && !fault_) {
    auto const ended = zstd_->finish();
    if (!ended) fail(fault_of(ended.error()));
  }
  if (fault_) return outcome();
  if (csv_) {
    auto const ended = csv_->finish();
    if (!ended) {
      fail(fault_of(ended.error()));
    } else if (!columns_) {
      static_cast<void>(read_header());  // a header and no row
    }
  } else if (!ndjson_->finish()) {
    fail(DecodeFault::unsupported_encoding);
  }
  return outcome();
}

std::string UploadDecoder::file_sha256() {
  auto const digest = hash_.finish();
  return std::string{crypto::view_of(digest)};
}

bool UploadDecoder::take(std::string_view decoded) {
  bytes_ += static_cast<std::int64_t>(decoded.size());
  if (static_cast<std::uint64_t>(bytes_) > options_.limits.unpacked_bytes) {
    fail(DecodeFault::too_large);
    return false;
  }
  hash_.update(decoded);
  if (csv_) {
    auto const fed = csv_->feed(decoded);
    if (!fed) fail(fault_of(fed.error()));
    if (!fault_ && !columns_ && !csv_->header().empty()) static_cast<void>(read_header());
  } else if (!ndjson_->feed(decoded)) {
    fail(DecodeFault::unsupported_encoding);
  }
  return !fault_;
}

bool UploadDecoder::read_header() {
  if (columns_) return true;
  auto columns = CsvColumns::make(csv_->header(), options_.rules);
  if (columns) {
    columns_ = std::move(*columns);
    return true;
  }
  header_faults_ = std::move(columns.error());
  fail(DecodeFault::header_invalid);
  return false;
}

void UploadDecoder::on_csv(CsvRow const& row) {
  if (fault_ || !read_header() || !count_row(row.no)) return;
  if (row.fault) return malformed(row.no, detail_of(*row.fault));
  judge(row.no, columns_->read(row.fields));
}

void UploadDecoder::on_ndjson(NdjsonRow const& row) {
  if (fault_ || !count_row(row.no)) return;
  if (row.fault) return malformed(row.no, detail_of(*row.fault));
  auto raw = read_lead_document(*row.document, options_.rules);
  if (raw) return judge(row.no, *raw);
  auto& decoded = rows_.emplace_back();
  decoded.row_no = row.no;
  decoded.faults = std::move(raw.error());
}

bool UploadDecoder::count_row(std::int64_t row_no) {
  if (row_no <= options_.limits.rows) return true;
  fail(DecodeFault::too_many_rows);
  return false;
}

void UploadDecoder::malformed(std::int64_t row_no, std::string_view detail) {
  auto& decoded = rows_.emplace_back();
  decoded.row_no = row_no;
  decoded.faults.push_back({RowCode::malformed_row, "", detail});
}

void UploadDecoder::judge(std::int64_t row_no, RawLead const& raw) {
  auto checked = check_lead(raw, {options_.rules, disposable_, options_.now});
  auto& decoded = rows_.emplace_back();
  decoded.row_no = row_no;
  if (!checked) {
    decoded.faults = std::move(checked.error());
    auto const& id = raw.at(Column::external_id);
    bool const shown = decoded.faults.front().code != RowCode::malformed_row && id &&
                       !id->empty() && id->size() <= octets_max(Column::external_id);
    if (shown) decoded.external_id = std::string{*id};
    return;
  }
  decoded.lead = std::move(*checked);
  decoded.digests = person_digests(keys_, *decoded.lead, DigestUse::claim);
}

Result<void, DecodeFault> UploadDecoder::outcome() const {
  if (fault_) return refuse(*fault_);
  return {};
}

}  // namespace leadex::intake
