#include "server/intake/upload_decoder.hpp"

#include <algorithm>

#include "billing/values/check.hpp"
#include "server/intake/contact/text.hpp"
#include "server/intake/csv/writer.hpp"
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
  if (options_.resume) go_on(*options_.resume);
}

/// The state is our own and sealed: one that cannot be is a bug.
void UploadDecoder::go_on(ResumePoint const& point) {
  if (csv_) {
    header_text_ = point.header;
    static_cast<void>(csv_->feed(point.header));
    LEADEX_CHECK(!csv_->header().empty());
    if (!read_header()) return;  // the market or the mapping has changed
    csv_->go_on(point.rows);
  } else {
    ndjson_->go_on(point.rows);
  }
  auto hash = privacy::FileHash::resume(point.hash_state);
  LEADEX_CHECK(hash.has_value());
  hash_ = std::move(*hash);
  bytes_ = start_ = point.bytes;
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
  end_packing();
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

Result<void, DecodeFault> UploadDecoder::end_piece() {
  end_packing();
  return outcome();
}

/// What is wrong only now is that the rest never came.
void UploadDecoder::end_packing() {
  if (fault_) return;
  bool const whole = (!gzip_ || gzip_->finish()) && (!zstd_ || zstd_->finish());
  if (!whole) fail(DecodeFault::unpack_cut);
}

/// So that the hash stands at the end of a row while that is handed out.
void UploadDecoder::hash_up_to(std::size_t end) {
  if (end <= hashed_ || end > bite_.size()) return;
  hash_.update(bite_.substr(hashed_, end - hashed_));
  hashed_ = end;
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
  bite_ = decoded;
  hashed_ = 0;
  bool const in_header = csv_ && csv_->header().empty();
  if (in_header) header_text_ += decoded;
  if (csv_) {
    auto const fed = csv_->feed(decoded);
    if (!fed) fail(fault_of(fed.error()));
    if (!fault_ && !columns_ && !csv_->header().empty()) static_cast<void>(read_header());
  } else if (!ndjson_->feed(decoded)) {
    fail(DecodeFault::unsupported_encoding);
  }
  if (in_header && !csv_->header().empty()) {
    header_text_.resize(static_cast<std::size_t>(csv_->header_end()));
  }
  hash_up_to(bite_.size());
  bite_ = {};
  return !fault_;
}

bool UploadDecoder::read_header() {
  if (columns_) return true;
  auto columns =
      CsvColumns::make(csv_->header(), options_.rules,
                       {.mapping = options_.mapping.get(), .corrects = options_.corrects});
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
  auto& decoded = add_row(row.no);
  if (row.fault) return malformed(decoded, detail_of(*row.fault));
  std::span<std::string_view const> fields = row.fields;
  std::vector<std::string_view> unmarked;
  if (columns_->is_list_of_refused()) {
    unmarked.reserve(fields.size());
    for (auto const field : fields) unmarked.push_back(without_mark(field));
    fields = unmarked;
  }
  if (options_.keep_own) decoded.own = pack_fields(fields);
  decoded.corrected_row = columns_->corrected_row(fields);
  judge(decoded, columns_->read(fields));
}

void UploadDecoder::on_ndjson(NdjsonRow const& row) {
  if (fault_ || !count_row(row.no)) return;
  auto& decoded = add_row(row.no);
  if (options_.keep_own) decoded.own = row.line;
  if (row.fault) return malformed(decoded, detail_of(*row.fault));
  auto raw = options_.mapping
                 ? read_mapped_document(*row.document, options_.rules, *options_.mapping)
                 : read_lead_document(*row.document, options_.rules);
  if (raw) return judge(decoded, *raw);
  decoded.faults = std::move(raw.error());
  note_own_columns(decoded);
}

bool UploadDecoder::count_row(std::int64_t row_no) {
  if (row_no <= options_.limits.rows) return true;
  fail(DecodeFault::too_many_rows);
  return false;
}

DecodedRow& UploadDecoder::add_row(std::int64_t row_no) {
  auto& decoded = rows_.emplace_back();
  decoded.row_no = row_no;
  if (options_.marks) {
    auto const end = start_ + (csv_ ? csv_->position() : ndjson_->position());
    auto const bite_begins = bytes_ - std::ssize(bite_);
    if (end >= bite_begins) hash_up_to(static_cast<std::size_t>(end - bite_begins));
    decoded.mark = RowMark{end, hash_.state()};
  }
  return decoded;
}

void UploadDecoder::malformed(DecodedRow& decoded, std::string_view detail) {
  decoded.faults.push_back({RowCode::malformed_row, "", detail});
}

void UploadDecoder::note_own_columns(DecodedRow& decoded) const {
  for (auto const& fault : decoded.faults) {
    auto& name = decoded.own_columns.emplace_back();
    if (columns_) {
      name = columns_->own_name(fault.pointer);
    } else if (options_.mapping) {
      name = own_name_of(fault.pointer, options_.rules, *options_.mapping);
    }
  }
}

void UploadDecoder::judge(DecodedRow& decoded, RawLead const& raw) {
  auto checked = check_lead(raw, {options_.rules, disposable_, options_.now});
  if (!checked) {
    decoded.faults = std::move(checked.error());
    note_own_columns(decoded);
    auto const& id = raw.at(Column::external_id);
    bool const shown = decoded.faults.front().code != RowCode::malformed_row && id &&
                       !id->empty() && id->size() <= octets_max(Column::external_id);
    if (shown) decoded.external_id = std::string{*id};
    if (options_.keep_own) decoded.digests = digests_told(keys_, raw, options_.rules.country);
    return;
  }
  decoded.lead = std::move(*checked);
  decoded.digests = person_digests(keys_, *decoded.lead, DigestUse::claim);
}

std::string UploadDecoder::own_header() const {
  if (!csv_) return {};
  std::vector<std::string_view> names(csv_->header().begin(), csv_->header().end());
  return pack_fields(names);
}

std::string pack_fields(std::span<std::string_view const> fields) {
  std::string packed;
  for (auto const field : fields) {
    crypto::append_be32(packed, static_cast<std::uint32_t>(field.size()));
    packed += field;
  }
  return packed;
}

std::optional<std::vector<std::string>> unpack_fields(std::string_view packed) {
  constexpr std::size_t kSizeBytes = 4;
  std::vector<std::string> fields;
  while (!packed.empty()) {
    if (packed.size() < kSizeBytes) return std::nullopt;
    auto const size = crypto::read_be32(packed.substr(0, kSizeBytes));
    packed.remove_prefix(kSizeBytes);
    if (size > packed.size()) return std::nullopt;
    fields.emplace_back(packed.substr(0, size));
    packed.remove_prefix(size);
  }
  return fields;
}

Result<void, DecodeFault> UploadDecoder::outcome() const {
  if (fault_) return refuse(*fault_);
  return {};
}

}  // namespace leadex::intake
