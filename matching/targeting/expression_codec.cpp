// Format: version, then the tree in prefix order. Node: kind, then for all/any a count and the
// children; for `not` its child; for predicates name, type and either a list or a range. Numbers
// are LEB128, signed ones zigzag; strings carry their length; lists ascend, so bytes are canonical.
#include <algorithm>
#include <string_view>

#include "billing/values/check.hpp"
#include "matching/targeting/expression.hpp"

namespace leadex::targeting {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kHasLow = 1;
constexpr std::uint8_t kHasHigh = 2;

std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
}

class Writer {
 public:
  Writer(Schema const& schema, TextInterner const& texts) : schema_(schema), texts_(texts) {}

  std::vector<std::byte> run(Expression const& root) {
    byte(kVersion);
    node(root);
    return std::move(bytes_);
  }

 private:
  void byte(std::uint8_t value) { bytes_.push_back(std::byte{value}); }
  void number(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) byte(static_cast<std::uint8_t>(value | 0x80));
    byte(static_cast<std::uint8_t>(value));
  }
  void text(std::string_view value) {
    number(value.size());
    for (char const c : value) byte(static_cast<std::uint8_t>(c));
  }

  void node(Expression const& expression) {
    byte(static_cast<std::uint8_t>(expression.kind));
    switch (expression.kind) {
      case ExpressionKind::all:
      case ExpressionKind::any:
        number(expression.children.size());
        for (auto const& child : expression.children) node(child);
        return;
      case ExpressionKind::negation:
        node(expression.children[0]);
        return;
      case ExpressionKind::in:
      case ExpressionKind::range:
        predicate(expression);
        return;
    }
  }

  void predicate(Expression const& expression) {
    auto const& def = schema_.at(expression.attribute);
    text(def.name);
    byte(static_cast<std::uint8_t>(def.type));
    if (expression.kind == ExpressionKind::range) return range(expression);
    number(expression.values.size());
    if (def.type == AttributeType::choice || def.type == AttributeType::text) {
      std::vector<std::string_view> names;
      for (auto const value : expression.values) {
        names.push_back(def.type == AttributeType::text
                            ? texts_.text(value)
                            : def.choices.at(static_cast<std::size_t>(value)));
      }
      std::ranges::sort(names);
      for (auto const name : names) text(name);
      return;
    }
    for (auto const value : expression.values) number(zigzag(value));
  }

  void range(Expression const& expression) {
    bool const low = expression.low != kIntegerMin;
    bool const high = expression.high != kIntegerMax;
    byte(static_cast<std::uint8_t>((low ? kHasLow : 0) | (high ? kHasHigh : 0)));
    if (low) number(zigzag(expression.low));
    if (high) number(zigzag(expression.high));
  }

  Schema const& schema_;
  TextInterner const& texts_;
  std::vector<std::byte> bytes_;
};

// Throws a fault inside this file only: decode() turns it into the Result.
class Reader {
 public:
  Reader(std::span<std::byte const> bytes, Schema const& schema) : rest_(bytes), schema_(schema) {}

  Expression run() {
    if (byte() != kVersion) fail(ExpressionError::malformed, "");
    auto root = node(1, "");
    if (!rest_.empty()) fail(ExpressionError::malformed, "");
    return root;
  }
  TextInterner const& texts() const { return texts_; }

 private:
  [[noreturn]] static void fail(ExpressionError code, std::string path) {
    throw ExpressionFault{code, std::move(path)};
  }
  std::uint8_t byte() {
    if (rest_.empty()) fail(ExpressionError::malformed, "");
    auto const value = std::to_integer<std::uint8_t>(rest_.front());
    rest_ = rest_.subspan(1);
    return value;
  }
  std::uint64_t number() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      auto const part = byte();
      bool const overflows = shift == 63 && part > 1;
      bool const padded = shift > 0 && part == 0;
      if (overflows || padded) break;
      value |= std::uint64_t{static_cast<std::uint8_t>(part & 0x7F)} << shift;
      if (part < 0x80) return value;
    }
    fail(ExpressionError::malformed, "");
  }
  std::string text(std::size_t length_max) {
    auto const length = number();
    if (length > length_max || length > rest_.size()) fail(ExpressionError::malformed, "");
    std::string value;
    for (auto const b : rest_.first(length)) value.push_back(std::to_integer<char>(b));
    rest_ = rest_.subspan(length);
    return value;
  }

  Expression node(std::size_t depth, std::string const& path) {
    if (depth > kDepthMax || ++nodes_ > kNodesMax) fail(ExpressionError::too_complex, "");
    Expression result;
    auto const kind = byte();
    if (kind > static_cast<std::uint8_t>(ExpressionKind::range)) {
      fail(ExpressionError::malformed, path);
    }
    result.kind = static_cast<ExpressionKind>(kind);
    if (result.kind == ExpressionKind::in || result.kind == ExpressionKind::range) {
      predicate(result, path);
      return result;
    }
    if (result.kind == ExpressionKind::negation) {
      result.children.push_back(node(depth + 1, path + "/not"));
      return result;
    }
    auto const count = number();
    if (count > kNodesMax) fail(ExpressionError::too_complex, "");
    std::string const step = result.kind == ExpressionKind::all ? "/all/" : "/any/";
    for (std::uint64_t i = 0; i < count; ++i) {
      result.children.push_back(node(depth + 1, path + step + std::to_string(i)));
    }
    return result;
  }

  void predicate(Expression& result, std::string const& path) {
    auto const attribute = schema_.find(text(kNameBytesMax));
    if (!attribute) fail(ExpressionError::unknown_attribute, path + "/attribute");
    result.attribute = *attribute;
    auto const& def = schema_.at(*attribute);
    if (byte() != static_cast<std::uint8_t>(def.type)) fail(ExpressionError::value_invalid, path);
    if (result.kind == ExpressionKind::range) return range(result, path);
    auto const count = number();
    values_ += count;
    if (count > kValuesMax || values_ > kValuesMax) fail(ExpressionError::too_complex, "");
    bool const named = def.type == AttributeType::choice || def.type == AttributeType::text;
    named ? names(result, count, path) : numbers(result, count);
  }

  void range(Expression& result, std::string const& path) {
    auto const flags = byte();
    if (flags > (kHasLow | kHasHigh)) fail(ExpressionError::malformed, path);
    if ((flags & kHasLow) != 0) result.low = unzigzag(number());
    if ((flags & kHasHigh) != 0) result.high = unzigzag(number());
    // An open end has one way of being written.
    if ((flags & kHasLow) != 0 && result.low <= kIntegerMin) fail(ExpressionError::malformed, path);
    if ((flags & kHasHigh) != 0 && result.high >= kIntegerMax) {
      fail(ExpressionError::malformed, path);
    }
  }

  void numbers(Expression& result, std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      result.values.push_back(unzigzag(number()));  // validate() looks at order and domain
    }
  }

  void names(Expression& result, std::uint64_t count, std::string const& path) {
    bool const is_text = schema_.at(result.attribute).type == AttributeType::text;
    std::string before;
    for (std::uint64_t i = 0; i < count; ++i) {
      auto name = text(kTextBytesMax);
      if (i > 0 && name <= before) fail(ExpressionError::malformed, path);
      auto const value =
          is_text ? std::optional(texts_.intern(name)) : schema_.choice(result.attribute, name);
      if (!value) fail(ExpressionError::value_invalid, path + "/in/" + std::to_string(i));
      result.values.push_back(*value);
      before = std::move(name);
    }
    std::ranges::sort(result.values);
  }

  std::span<std::byte const> rest_;
  Schema const& schema_;
  TextInterner texts_;  // of this tree alone, until the whole is accepted
  std::size_t nodes_{0};
  std::uint64_t values_{0};
};

/// Turns the reader's own text ids into `number_of(text)`; texts without a number are left out.
template <class NumberOf>
void adopt_texts(Expression& node, Schema const& schema, TextInterner const& from,
                 NumberOf const& number_of) {
  for (auto& child : node.children) adopt_texts(child, schema, from, number_of);
  if (node.kind != ExpressionKind::in) return;
  if (schema.at(node.attribute).type != AttributeType::text) return;
  std::vector<std::int64_t> values;
  for (auto const value : node.values) {
    if (std::optional<std::int64_t> const number = number_of(from.text(value))) {
      values.push_back(*number);
    }
  }
  std::ranges::sort(values);
  node.values = std::move(values);
}

template <class NumberOf>
Result<Expression, ExpressionFault> decode_with(std::span<std::byte const> bytes,
                                                Schema const& schema, NumberOf const& number_of) {
  if (bytes.size() > kEncodedBytesMax) {
    return refuse(ExpressionFault{ExpressionError::too_complex, ""});
  }
  try {
    Reader reader(bytes, schema);
    auto expression = reader.run();
    if (auto checked = validate(expression, schema); !checked) return refuse(checked.error());
    adopt_texts(expression, schema, reader.texts(), number_of);
    return expression;
  } catch (ExpressionFault const& fault) {
    return refuse(fault);
  }
}

}  // namespace

std::vector<std::byte> encode(Expression const& expression, Schema const& schema,
                              TextInterner const& texts) {
  return Writer(schema, texts).run(expression);
}

Result<Expression, ExpressionFault> decode(std::span<std::byte const> bytes, Schema const& schema,
                                           TextInterner& texts) {
  return decode_with(bytes, schema, [&](std::string_view text) { return texts.intern(text); });
}

Result<Expression, ExpressionFault> decode_known(std::span<std::byte const> bytes,
                                                 Schema const& schema, TextInterner const& texts) {
  return decode_with(bytes, schema, [&](std::string_view text) { return texts.find(text); });
}

}  // namespace leadex::targeting
