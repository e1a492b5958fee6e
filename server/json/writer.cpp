#include "server/json/writer.hpp"

#include "server/json/money_text.hpp"
#include "server/json/time_text.hpp"
#include "server/json/utf8.hpp"

namespace leadex::json {

JsonWriter::Scope::~Scope() {
  if (is_object_) {
    writer_.writer_.EndObject();
  } else {
    writer_.writer_.EndArray();
  }
}

JsonWriter::Scope JsonWriter::object() {
  writer_.StartObject();
  return Scope{*this, true};
}

JsonWriter::Scope JsonWriter::array() {
  writer_.StartArray();
  return Scope{*this, false};
}

JsonWriter::Scope JsonWriter::object(std::string_view name) {
  key(name);
  return object();
}

JsonWriter::Scope JsonWriter::array(std::string_view name) {
  key(name);
  return array();
}

void JsonWriter::key(std::string_view name) {
  if (!is_utf8(name)) {
    std::string const repaired = repair_utf8(name);
    writer_.Key(repaired.data(), static_cast<rapidjson::SizeType>(repaired.size()));
    return;
  }
  writer_.Key(name.data(), static_cast<rapidjson::SizeType>(name.size()));
}

void JsonWriter::value(std::string_view text) {
  if (!is_utf8(text)) return value(std::string_view{repair_utf8(text)});
  char const* data = text.data() == nullptr ? "" : text.data();
  writer_.String(data, static_cast<rapidjson::SizeType>(text.size()));
}

void JsonWriter::value(std::nullptr_t) { writer_.Null(); }

void JsonWriter::value(Timestamp at) { value(std::string_view{format_timestamp(at)}); }

void JsonWriter::value(AmountOf const& money) {
  auto const scope = object();
  field("amount", format_amount(money.amount, money.currency));
  field("currency", money.currency);
}

void JsonWriter::value(Value const& tree) { tree.Accept(writer_); }

void JsonWriter::field(std::string_view name, std::optional<Money> amount,
                       std::string_view currency) {
  key(name);
  if (amount) {
    value(AmountOf{*amount, currency});
  } else {
    value(nullptr);
  }
}

std::string_view JsonWriter::view() const {
  LEADEX_CHECK(writer_.IsComplete());
  return {buffer_.GetString(), buffer_.GetSize()};
}

std::string to_text(Value const& value) {
  JsonWriter writer;
  writer.value(value);
  return writer.str();
}

}  // namespace leadex::json
