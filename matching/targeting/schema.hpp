#pragma once
// The attributes of a market that targeting can ask about, and a lead's values in compact form.
// Pure; a Schema is immutable and may be read from any thread, a TextInterner belongs to one
// thread.

#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "billing/values/result.hpp"

namespace leadex::targeting {

using AttributeIndex = std::uint16_t;

enum class AttributeType : std::uint8_t { choice = 0, text = 1, integer = 2, boolean = 3 };

/// Integers of leads and predicates stay inside ±2^53, which every JSON reader can hold.
inline constexpr std::int64_t kIntegerMax = std::int64_t{1} << 53;
inline constexpr std::int64_t kIntegerMin = -kIntegerMax;
inline constexpr std::size_t kMarketAttributesMax = 64;
inline constexpr std::size_t kChoicesMax = 1000;
inline constexpr std::uint32_t kTextBytesMax = 1000;
inline constexpr std::size_t kNameBytesMax = 64;

struct AttributeDef {
  std::string name;
  AttributeType type{AttributeType::text};
  std::vector<std::string> choices;         // choice only: 1..kChoicesMax, all different
  std::int64_t minimum{kIntegerMin};        // integer only, inclusive
  std::int64_t maximum{kIntegerMax};        // integer only, inclusive
  std::uint32_t max_length{kTextBytesMax};  // text only, bytes
  friend bool operator==(AttributeDef const&, AttributeDef const&) = default;
};

enum class SchemaError : std::uint8_t {
  too_many_attributes,
  name_invalid,  // not [a-z][a-z0-9_]*, or too long
  name_taken,    // twice, or the name of a virtual attribute
  choices_invalid,
  range_invalid,
  length_invalid,
};
struct SchemaFault {
  SchemaError code{};
  std::size_t attribute{};  // position in the list given
};

/// A lead's values in schema order: choices as ordinals, booleans as 0 or 1, integers as they are,
/// texts as ids of the market's TextInterner. Always schema.size() long.
using AttributeValues = std::vector<std::int64_t>;
inline constexpr std::int64_t kMissing = std::numeric_limits<std::int64_t>::min();

/// The market's attributes first, in the order given, then the virtual ones of kVirtualNames.
class Schema {
 public:
  static constexpr std::size_t kVirtualCount = 5;

  /// @errors SchemaFault, the first in list order.
  [[nodiscard]] static Result<Schema, SchemaFault> make(std::vector<AttributeDef> attributes);
  Schema() : Schema(std::vector<AttributeDef>{}) {}  // the virtual attributes alone

  [[nodiscard]] std::size_t size() const { return attributes_.size(); }
  [[nodiscard]] std::size_t market_size() const { return attributes_.size() - kVirtualCount; }
  [[nodiscard]] AttributeDef const& at(AttributeIndex index) const;
  [[nodiscard]] std::optional<AttributeIndex> find(std::string_view name) const;

  [[nodiscard]] AttributeIndex score() const { return virtual_index(0); }          // integer
  [[nodiscard]] AttributeIndex temperature() const { return virtual_index(1); }    // choice
  [[nodiscard]] AttributeIndex vehicle() const { return virtual_index(2); }        // choice
  [[nodiscard]] AttributeIndex source_reason() const { return virtual_index(3); }  // text
  [[nodiscard]] AttributeIndex lead_age_s() const { return virtual_index(4); }     // integer

  /// Ordinal of a choice; nothing when the attribute is no choice or does not list it.
  [[nodiscard]] std::optional<std::int64_t> choice(AttributeIndex index,
                                                   std::string_view value) const;
  /// Whether `value` (never kMissing) may stand for that attribute.
  [[nodiscard]] bool holds(AttributeIndex index, std::int64_t value) const;
  /// All attributes missing: the values of a lead before they are filled in.
  [[nodiscard]] AttributeValues blank() const { return AttributeValues(size(), kMissing); }

  friend bool operator==(Schema const& a, Schema const& b) {
    return a.attributes_ == b.attributes_;
  }

 private:
  explicit Schema(std::vector<AttributeDef> attributes);
  [[nodiscard]] AttributeIndex virtual_index(std::size_t offset) const {
    return static_cast<AttributeIndex>(market_size() + offset);
  }
  std::vector<AttributeDef> attributes_;
};

/// Choices of the virtual attributes, in ordinal order.
inline constexpr std::string_view kTemperatures[] = {"hot", "warm", "cold"};
inline constexpr std::string_view kVehicles[] = {"web_form", "email",   "phone", "event",
                                                 "referral", "partner", "ad",    "direct_mail",
                                                 "social",   "other"};

/// Text → small id, one per market. Ids count from 0 in order of first appearance, so the same
/// commands give the same ids; no decision depends on an id's size, only on equality.
class TextInterner {
 public:
  [[nodiscard]] std::int64_t intern(std::string_view text);
  [[nodiscard]] std::optional<std::int64_t> find(std::string_view text) const;
  /// The text of an id handed out here; any other id is a bug and stops the process.
  [[nodiscard]] std::string_view text(std::int64_t id) const;
  [[nodiscard]] bool knows(std::int64_t id) const {
    return id >= 0 && static_cast<std::uint64_t>(id) < texts_.size();
  }
  [[nodiscard]] std::size_t size() const { return texts_.size(); }

  TextInterner() = default;
  TextInterner(TextInterner&&) = default;
  TextInterner& operator=(TextInterner&&) = default;
  TextInterner(TextInterner const&) = delete;  // ids_ looks into texts_
  TextInterner& operator=(TextInterner const&) = delete;

 private:
  std::deque<std::string> texts_;  // a deque never moves its strings
  std::unordered_map<std::string_view, std::int64_t> ids_;
};

}  // namespace leadex::targeting
