#include "server/intake/csv/reader.hpp"

#include <algorithm>

#include "server/json/utf8.hpp"

namespace leadex::intake {
namespace {

constexpr std::array<char, 3> kDelimiters{',', ';', '\t'};

[[nodiscard]] bool looks_like_utf16_or_32(std::string_view start) {
  if (start.starts_with("\xFF\xFE") || start.starts_with("\xFE\xFF")) return true;
  return start.substr(0, 2).find('\0') != std::string_view::npos;  // ASCII letters without a mark
}

}  // namespace

std::string_view to_string(CsvFileError error) {
  switch (error) {
    case CsvFileError::unsupported_encoding:
      return "unsupported_encoding";
    case CsvFileError::empty:
      return "empty_file";
    case CsvFileError::header_malformed:
      return "header_malformed";
    case CsvFileError::too_many_columns:
      break;
  }
  return "too_many_columns";
}

std::string_view to_string(CsvRowFault fault) {
  switch (fault) {
    case CsvRowFault::row_too_long:
      return "row_too_long";
    case CsvRowFault::missing_quote:
      return "missing_quote";
    case CsvRowFault::stray_quote:
      return "stray_quote";
    case CsvRowFault::column_count:
      return "column_count";
    case CsvRowFault::nul_byte:
      return "nul_byte";
    case CsvRowFault::invalid_utf8:
      break;
  }
  return "invalid_utf8";
}

CsvReader::CsvReader(OnRow on_row, CsvLimits limits)
    : on_row_{std::move(on_row)}, limits_{limits} {}

Result<void, CsvFileError> CsvReader::feed(std::string_view bytes) {
  while (state_ == State::opening && !bytes.empty() && !error_) {
    // Byte by byte, up to the end of the first line that is not empty.
    char const c = bytes.front();
    bytes.remove_prefix(1);
    opening_ += c;
    if (c == '"') opening_in_quotes_ = !opening_in_quotes_;
    bool const line_ends = c == '\n' && !opening_in_quotes_;
    if (line_ends || opening_.size() > limits_.row_bytes + 8) open_file(false);
  }
  if (!error_ && state_ != State::opening) read(bytes);
  if (error_) return refuse(*error_);
  return {};
}

Result<void, CsvFileError> CsvReader::finish() {
  if (state_ == State::opening && !error_) open_file(true);
  if (!error_ && state_ != State::opening) {
    if (state_ == State::quoted) note(CsvRowFault::missing_quote);
    cr_pending_ = false;  // a CR at the very end is the half of a line end
    if (raw_bytes_ > 0) end_record();
  }
  if (!error_ && !header_read()) fail(CsvFileError::empty);
  if (error_) return refuse(*error_);
  return {};
}

void CsvReader::open_file(bool at_end) {
  if (looks_like_utf16_or_32(opening_)) return fail(CsvFileError::unsupported_encoding);
  if (opening_.starts_with("\xEF\xBB\xBF")) {
    opening_.erase(0, 3);
    position_ += 3;
  }
  bool const blank = opening_.find_first_not_of("\r\n") == std::string::npos;
  if (blank) {
    position_ += std::ssize(opening_);
    opening_.clear();
    if (!at_end) return;  // an empty line above the header
  }
  choose_delimiter();
  state_ = State::field_start;
  std::string const first = std::move(opening_);
  opening_ = {};
  read(first);
}

void CsvReader::choose_delimiter() {
  std::array<std::size_t, kDelimiters.size()> counts{};
  bool in_quotes = false;
  for (char const c : opening_) {
    if (c == '"') in_quotes = !in_quotes;
    if (in_quotes) continue;
    for (std::size_t i = 0; i < kDelimiters.size(); ++i) counts[i] += c == kDelimiters[i] ? 1 : 0;
  }
  auto const most = std::max_element(counts.begin(), counts.end());  // the first of equals
  delimiter_ = kDelimiters[static_cast<std::size_t>(most - counts.begin())];
  for (char const c : {delimiter_, '"', '\n', '\r'}) special_[static_cast<unsigned char>(c)] = true;
}

void CsvReader::read(std::string_view bytes) {
  while (!bytes.empty() && !error_) {
    if (state_ == State::skipping) {
      std::size_t const end = std::min(bytes.find('\n'), bytes.size() - 1);
      bool const line_ends = bytes[end] == '\n';
      position_ += static_cast<std::int64_t>(end) + 1;
      bytes.remove_prefix(end + 1);
      if (!line_ends) return;
      end_record();
      continue;
    }
    if (std::size_t const run = take_run(bytes); run > 0) {
      position_ += static_cast<std::int64_t>(run);
      bytes.remove_prefix(run);
      continue;
    }
    char const c = bytes.front();
    bytes.remove_prefix(1);
    ++position_;
    take_special(c);
  }
}

/// Takes the plain bytes at the front of `bytes` as data. @return how many.
std::size_t CsvReader::take_run(std::string_view bytes) {
  if (cr_pending_ || state_ == State::behind_quote) return 0;
  std::size_t run = 0;
  if (state_ == State::quoted) {
    run = std::min(bytes.find('"'), bytes.size());
  } else {
    while (run < bytes.size() && !special_[static_cast<unsigned char>(bytes[run])]) ++run;
  }
  if (run == 0) return 0;
  // One byte past the limit at most, so that the place where skipping starts does not hang on how
  // the bytes were cut.
  run = std::min(run, limits_.row_bytes + 1 - raw_bytes_);
  if (!count_raw(run)) return run;
  if (state_ == State::field_start) state_ = State::unquoted;
  buffer_.append(bytes.substr(0, run));
  return run;
}

/// Counts raw bytes of the record; false when it became too long.
bool CsvReader::count_raw(std::size_t bytes) {
  raw_bytes_ += bytes;
  if (raw_bytes_ <= limits_.row_bytes) return true;
  note(CsvRowFault::row_too_long);
  buffer_.clear();
  ends_.clear();
  cr_pending_ = false;
  state_ = State::skipping;
  return false;
}

void CsvReader::take_special(char c) {
  if (state_ == State::quoted) {
    // Only the quote stops a run here.
    if (count_raw(1)) state_ = State::behind_quote;
    return;
  }
  if (cr_pending_) {
    cr_pending_ = false;
    if (c == '\n') return end_record();
    if (state_ == State::behind_quote) note(CsvRowFault::stray_quote);
    if (!count_raw(1)) return;  // c is no newline: skipped with the rest
    buffer_ += '\r';
    state_ = State::unquoted;
  }
  if (c == '\n') return end_record();
  if (c == '\r') {
    cr_pending_ = true;
    return;
  }
  if (!count_raw(1)) return;
  if (state_ == State::behind_quote) {
    if (c == '"') {
      buffer_ += '"';
      state_ = State::quoted;
    } else if (c == delimiter_) {
      end_field();
    } else {
      note(CsvRowFault::stray_quote);
      state_ = State::unquoted;
    }
    return;
  }
  take_unquoted(c);
}

void CsvReader::take_unquoted(char c) {
  if (c == delimiter_) return end_field();
  if (c == '"' && state_ == State::field_start) {
    state_ = State::quoted;
    return;
  }
  if (c == '"') note(CsvRowFault::stray_quote);
  buffer_ += c;
  state_ = State::unquoted;
}

void CsvReader::end_field() {
  ++columns_;
  if (ends_.size() < limits_.columns) ends_.push_back(buffer_.size());
  state_ = State::field_start;
}

void CsvReader::end_record() {
  bool const blank = raw_bytes_ == 0 && !fault_;
  if (!blank) {
    end_field();
    fields_.clear();
    std::size_t begin = 0;
    for (std::size_t const end : ends_) {
      std::string_view const field = std::string_view{buffer_}.substr(begin, end - begin);
      if (!fault_ && field.find('\0') != std::string_view::npos) note(CsvRowFault::nul_byte);
      if (!fault_ && !json::is_utf8(field)) note(CsvRowFault::invalid_utf8);
      fields_.push_back(field);
      begin = end;
    }
    if (!header_read()) {
      end_header();
    } else {
      if (!fault_ && columns_ != header_.size()) note(CsvRowFault::column_count);
      if (fault_) fields_.clear();
      on_row_(CsvRow{.no = ++rows_, .fields = fields_, .fault = fault_});
    }
  }
  buffer_.clear();
  ends_.clear();
  columns_ = 0;
  raw_bytes_ = 0;
  fault_.reset();
  state_ = State::field_start;
}

void CsvReader::end_header() {
  if (columns_ > limits_.columns) return fail(CsvFileError::too_many_columns);
  if (fault_) return fail(CsvFileError::header_malformed);
  header_.assign(fields_.begin(), fields_.end());
  header_end_ = position_;
}

void CsvReader::fail(CsvFileError error) {
  error_ = error;
  buffer_.clear();
  opening_.clear();
}

/// The first fault of a record stands, but a record given up half-way is always too long.
void CsvReader::note(CsvRowFault fault) {
  if (!fault_ || fault == CsvRowFault::row_too_long) fault_ = fault;
}

}  // namespace leadex::intake
