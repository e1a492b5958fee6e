#include "server/intake/ndjson/reader.hpp"

namespace leadex::intake {

std::string_view to_string(NdjsonRowFault fault) {
  switch (fault) {
    case NdjsonRowFault::row_too_long:
      return "row_too_long";
    case NdjsonRowFault::malformed_json:
      return "malformed_json";
    case NdjsonRowFault::not_an_object:
      break;
  }
  return "not_an_object";
}

NdjsonReader::NdjsonReader(OnRow on_row, NdjsonLimits limits)
    : on_row_{std::move(on_row)}, limits_{limits} {}

Result<void, NdjsonFileError> NdjsonReader::feed(std::string_view bytes) {
  while (!bytes.empty() && !failed_) {
    std::size_t const end = bytes.find('\n');
    auto const piece = bytes.substr(0, end);
    take(piece);
    position_ += std::ssize(piece);
    if (end == std::string_view::npos) break;
    ++position_;
    end_line();
    bytes.remove_prefix(end + 1);
  }
  if (failed_) return refuse(NdjsonFileError::unsupported_encoding);
  return {};
}

Result<void, NdjsonFileError> NdjsonReader::finish() {
  if (!failed_ && (!line_.empty() || too_long_)) end_line();
  if (failed_) return refuse(NdjsonFileError::unsupported_encoding);
  return {};
}

void NdjsonReader::take(std::string_view piece) {
  // Room for a byte-order mark and a CR, which do not count.
  if (too_long_ || line_.size() + piece.size() > limits_.row_bytes + 4) {
    if (!opened_) {
      line_.append(piece.substr(0, 3));  // the start of the file is looked at all the same
      open_file();
    }
    line_.clear();
    too_long_ = true;
    return;
  }
  line_.append(piece);
}

void NdjsonReader::open_file() {
  opened_ = true;
  failed_ = line_.starts_with("\xFF\xFE") || line_.starts_with("\xFE\xFF") ||
            std::string_view{line_}.substr(0, 2).find('\0') != std::string_view::npos;
  if (line_.starts_with("\xEF\xBB\xBF")) line_.erase(0, 3);
}

void NdjsonReader::end_line() {
  if (!opened_) open_file();
  if (failed_) return;
  if (line_.ends_with('\r')) line_.pop_back();
  bool const blank = !too_long_ && line_.find_first_not_of(" \t") == std::string::npos;
  if (!blank) {
    NdjsonRow row{.no = ++rows_, .document = nullptr, .fault = {}, .json_error = {}, .line = line_};
    Result<json::Document, json::JsonError> parsed;
    if (too_long_ || line_.size() > limits_.row_bytes) {
      row.fault = NdjsonRowFault::row_too_long;
      row.line = {};
    } else {
      parsed = json::parse(line_, {.depth = limits_.depth, .bytes = limits_.row_bytes});
      if (!parsed) {
        row.fault = NdjsonRowFault::malformed_json;
        row.json_error = parsed.error();
      } else if (!parsed->IsObject()) {
        row.fault = NdjsonRowFault::not_an_object;
      } else {
        row.document = &*parsed;
      }
    }
    on_row_(row);
  }
  line_.clear();
  too_long_ = false;
}

}  // namespace leadex::intake
