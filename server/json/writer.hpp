#pragma once
// JsonWriter: builds one JSON text, keys in the order of the calls. No doubles: figures are
// integers or decimal strings. One thread per writer.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "billing/values/money.hpp"
#include "billing/values/time.hpp"
#include "server/json/value.hpp"

namespace leadex::json {

/// An amount with the ISO 4217 code of its account.
struct AmountOf {
  Money amount;
  std::string_view currency;
};

class JsonWriter {
 public:
  /// Closes its object or array at the end of the C++ scope.
  class [[nodiscard]] Scope {
   public:
    Scope(Scope const&) = delete;
    Scope& operator=(Scope const&) = delete;
    ~Scope();

   private:
    friend class JsonWriter;
    Scope(JsonWriter& writer, bool is_object) : writer_{writer}, is_object_{is_object} {}
    JsonWriter& writer_;
    bool is_object_;
  };

  JsonWriter() = default;
  JsonWriter(JsonWriter const&) = delete;
  JsonWriter& operator=(JsonWriter const&) = delete;

  Scope object();
  Scope array();
  Scope object(std::string_view name);
  Scope array(std::string_view name);

  void key(std::string_view name);

  /// Bytes that are no UTF-8 become U+FFFD: a reply is always valid JSON.
  void value(std::string_view text);
  void value(char const* text) { value(std::string_view{text}); }
  void value(std::string const& text) { value(std::string_view{text}); }
  void value(std::nullptr_t);
  void value(Timestamp at);
  void value(AmountOf const& money);
  void value(Value const& tree);  // a parsed piece, copied
  template <std::same_as<bool> Bool>
  void value(Bool flag) {
    writer_.Bool(flag);
  }
  template <std::integral Int>
    requires(!std::same_as<Int, bool> && !std::same_as<Int, char>)
  void value(Int number) {
    if constexpr (std::signed_integral<Int>) {
      writer_.Int64(number);
    } else {
      writer_.Uint64(number);
    }
  }
  /// null when empty.
  template <class T>
  void value(std::optional<T> const& maybe) {
    if (maybe) {
      value(*maybe);
    } else {
      value(nullptr);
    }
  }

  template <class T>
  void field(std::string_view name, T const& what) {
    key(name);
    value(what);
  }
  void field(std::string_view name, char const* what) {
    key(name);
    value(what);
  }
  void field(std::string_view name, Money amount, std::string_view currency) {
    key(name);
    value(AmountOf{amount, currency});
  }
  void field(std::string_view name, std::optional<Money> amount, std::string_view currency);
  /// Writes the field only when there is a value.
  template <class T>
  void field_if(std::string_view name, std::optional<T> const& maybe) {
    if (maybe) field(name, *maybe);
  }

  /// The text; all scopes must be closed.
  [[nodiscard]] std::string_view view() const;
  [[nodiscard]] std::string str() const { return std::string{view()}; }

 private:
  rapidjson::StringBuffer buffer_;
  rapidjson::Writer<rapidjson::StringBuffer> writer_{buffer_};
};

/// The value as compact JSON text.
[[nodiscard]] std::string to_text(Value const& value);

}  // namespace leadex::json
