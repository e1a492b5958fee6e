#include "server/json/value.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "server/json/utf8.hpp"

namespace leadex::json {
namespace {

/// Keys of the objects that are open now, one after another in one buffer.
class OpenKeys {
 public:
  void open_object() { frames_.push_back(keys_.size()); }

  void add(std::string_view key, std::size_t offset) {
    keys_.push_back({buffer_.size(), key.size(), offset});
    buffer_.append(key);
  }

  /// Closes the innermost object. @return offset of a key named twice, or nothing.
  [[nodiscard]] std::optional<std::size_t> close_object() {
    auto const first = keys_.begin() + static_cast<std::ptrdiff_t>(frames_.back());
    std::size_t const buffer_size = first == keys_.end() ? buffer_.size() : first->start;
    // Sorting, not hashing: no choice of keys can make it slow.
    std::sort(first, keys_.end(), [this](Key const& a, Key const& b) {
      auto const order = text(a).compare(text(b));
      return order != 0 ? order < 0 : a.offset < b.offset;
    });
    std::optional<std::size_t> twice;
    for (auto it = first; it != keys_.end() && it + 1 != keys_.end(); ++it) {
      if (text(*it) == text(*(it + 1)) && (!twice || (it + 1)->offset < *twice)) {
        twice = (it + 1)->offset;
      }
    }
    keys_.erase(first, keys_.end());
    buffer_.resize(buffer_size);
    frames_.pop_back();
    return twice;
  }

 private:
  struct Key {
    std::size_t start, length, offset;
  };
  [[nodiscard]] std::string_view text(Key const& key) const {
    return std::string_view{buffer_}.substr(key.start, key.length);
  }

  std::string buffer_;
  std::vector<Key> keys_;
  std::vector<std::size_t> frames_;
};

[[nodiscard]] bool holds_surrogate(std::string_view text) {
  // The raw text was valid UTF-8, so ED A0..BF can only come from a \uD800..\uDFFF escape.
  for (auto at = text.find('\xED'); at != std::string_view::npos; at = text.find('\xED', at + 1)) {
    if (at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) >= 0xA0) return true;
  }
  return false;
}

/// Stands between the reader and the document; returning false ends the parse with `fault`.
class GuardedHandler {
 public:
  using Ch = char;
  GuardedHandler(Document& document, rapidjson::MemoryStream& stream, std::size_t depth_max)
      : document_{document}, stream_{stream}, depth_max_{depth_max} {}

  bool Null() { return document_.Null(); }
  bool Bool(bool value) { return document_.Bool(value); }
  bool Int(int value) { return document_.Int(value); }
  bool Uint(unsigned value) { return document_.Uint(value); }
  bool Int64(std::int64_t value) { return document_.Int64(value); }
  bool Uint64(std::uint64_t value) { return document_.Uint64(value); }
  bool Double(double value) {
    // Digits alone that fit no 64-bit integer would lose their low digits in a double.
    return is_integer_token() ? fail(JsonErrorCode::number_out_of_range) : document_.Double(value);
  }
  bool RawNumber(Ch const* text, rapidjson::SizeType length, bool copy) {
    return document_.RawNumber(text, length, copy);
  }
  bool String(Ch const* text, rapidjson::SizeType length, bool copy) {
    if (holds_surrogate({text, length})) return fail(JsonErrorCode::lone_surrogate);
    return document_.String(text, length, copy);
  }
  bool Key(Ch const* text, rapidjson::SizeType length, bool copy) {
    if (holds_surrogate({text, length})) return fail(JsonErrorCode::lone_surrogate);
    keys_.add({text, length}, stream_.Tell());
    return document_.Key(text, length, copy);
  }
  bool StartObject() {
    keys_.open_object();
    return enter() && document_.StartObject();
  }
  bool EndObject(rapidjson::SizeType count) {
    --depth_;
    if (auto const twice = keys_.close_object()) {
      offset_ = *twice;
      fault_ = JsonErrorCode::duplicate_key;
      return false;
    }
    return document_.EndObject(count);
  }
  bool StartArray() { return enter() && document_.StartArray(); }
  bool EndArray(rapidjson::SizeType count) {
    --depth_;
    return document_.EndArray(count);
  }

  [[nodiscard]] std::optional<JsonErrorCode> fault() const { return fault_; }
  [[nodiscard]] std::size_t offset() const { return offset_; }

 private:
  /// Whether the number that ends at the stream's place has neither fraction nor exponent.
  [[nodiscard]] bool is_integer_token() const {
    std::string_view const read{stream_.begin_, stream_.Tell()};
    std::size_t before = read.find_last_not_of("0123456789");
    if (before != std::string_view::npos && before > 0 && read[before] == '-') --before;
    return before == std::string_view::npos ||
           std::string_view{".eE+"}.find(read[before]) == std::string_view::npos;
  }

  bool enter() { return ++depth_ <= depth_max_ || fail(JsonErrorCode::too_deep); }
  bool fail(JsonErrorCode code) {
    fault_ = code;
    offset_ = stream_.Tell();
    return false;
  }

  Document& document_;
  rapidjson::MemoryStream& stream_;
  std::size_t depth_max_;
  std::size_t depth_ = 0;
  OpenKeys keys_;
  std::optional<JsonErrorCode> fault_;
  std::size_t offset_ = 0;
};

[[nodiscard]] std::string_view sentence_of(JsonErrorCode code) {
  switch (code) {
    case JsonErrorCode::too_large:
      return "The JSON text is longer than the limit.";
    case JsonErrorCode::empty:
      return "The JSON text is empty.";
    case JsonErrorCode::invalid_encoding:
      return "The JSON text must be UTF-8 without a byte-order mark and without NUL.";
    case JsonErrorCode::too_deep:
      return "The JSON text is nested too deeply.";
    case JsonErrorCode::duplicate_key:
      return "An object names the same key twice.";
    case JsonErrorCode::lone_surrogate:
      return "An escape is half of a surrogate pair.";
    case JsonErrorCode::number_out_of_range:
      return "A number is out of range.";
    case JsonErrorCode::syntax:
      break;
  }
  return "The text is not valid JSON.";
}

[[nodiscard]] tl::unexpected<JsonError> refuse_at(JsonErrorCode code, std::size_t offset) {
  return refuse(JsonError{code, offset, sentence_of(code)});
}

[[nodiscard]] JsonErrorCode code_of(rapidjson::ParseErrorCode code) {
  switch (code) {
    case rapidjson::kParseErrorDocumentEmpty:
      return JsonErrorCode::empty;
    case rapidjson::kParseErrorStringInvalidEncoding:
      return JsonErrorCode::invalid_encoding;
    case rapidjson::kParseErrorStringUnicodeSurrogateInvalid:
      return JsonErrorCode::lone_surrogate;
    case rapidjson::kParseErrorNumberTooBig:
      return JsonErrorCode::number_out_of_range;
    default:
      return JsonErrorCode::syntax;
  }
}

}  // namespace

std::string_view to_string(JsonErrorCode code) {
  switch (code) {
    case JsonErrorCode::too_large:
      return "too_large";
    case JsonErrorCode::empty:
      return "empty";
    case JsonErrorCode::invalid_encoding:
      return "invalid_encoding";
    case JsonErrorCode::too_deep:
      return "too_deep";
    case JsonErrorCode::duplicate_key:
      return "duplicate_key";
    case JsonErrorCode::lone_surrogate:
      return "lone_surrogate";
    case JsonErrorCode::number_out_of_range:
      return "number_out_of_range";
    case JsonErrorCode::syntax:
      break;
  }
  return "syntax";
}

Result<Document, JsonError> parse(std::string_view text, ParseLimits limits) {
  if (text.size() > limits.bytes) return refuse_at(JsonErrorCode::too_large, limits.bytes);
  if (auto const bad = first_invalid_utf8(text)) {
    return refuse_at(JsonErrorCode::invalid_encoding, *bad);
  }
  // The library would take NUL for the end of the text and skip a byte-order mark.
  if (auto const nul = text.find('\0'); nul != std::string_view::npos) {
    return refuse_at(JsonErrorCode::invalid_encoding, nul);
  }
  if (text.starts_with("\xEF\xBB\xBF")) return refuse_at(JsonErrorCode::invalid_encoding, 0);

  constexpr unsigned kFlags = rapidjson::kParseIterativeFlag |
                              rapidjson::kParseValidateEncodingFlag |
                              rapidjson::kParseFullPrecisionFlag;
  Document document;
  rapidjson::Reader reader;
  rapidjson::MemoryStream stream{text.data(), text.size()};
  GuardedHandler handler{document, stream, limits.depth};
  auto generate = [&](Document&) { return !reader.Parse<kFlags>(stream, handler).IsError(); };
  document.Populate(generate);
  if (handler.fault()) return refuse_at(*handler.fault(), handler.offset());
  if (reader.HasParseError()) {
    return refuse_at(code_of(reader.GetParseErrorCode()), reader.GetErrorOffset());
  }
  return document;
}

Value const* find_member(Value const& object, std::string_view name) {
  LEADEX_CHECK(object.IsObject());
  for (auto const& member : object.GetObject()) {
    if (text_of(member.name) == name) return &member.value;
  }
  return nullptr;
}

}  // namespace leadex::json
