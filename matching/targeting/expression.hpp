#pragma once
// The targeting tree T of a campaign or a purchase filter: all, any, not, and predicates on one
// attribute. A predicate on a missing value is false, so its `not` is true. Pure; any thread.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "billing/values/result.hpp"
#include "matching/targeting/schema.hpp"

namespace leadex::targeting {

inline constexpr std::size_t kDepthMax = 16;
inline constexpr std::size_t kNodesMax = 512;
inline constexpr std::size_t kValuesMax = 4096;      // list values in one expression
inline constexpr std::size_t kConjunctionsMax = 64;  // after normalising
inline constexpr std::size_t kEncodedBytesMax = 1 << 20;

enum class ExpressionKind : std::uint8_t { all = 0, any = 1, negation = 2, in = 3, range = 4 };

struct Expression {
  ExpressionKind kind{ExpressionKind::all};
  std::vector<Expression> children;  // all (none: matches every lead), any (≥ 1), negation (1)
  AttributeIndex attribute{};        // in, range
  std::vector<std::int64_t> values;  // in: sorted, all different (the factories see to it)
  std::int64_t low{kIntegerMin};     // range, inclusive; kIntegerMin is an open end
  std::int64_t high{kIntegerMax};    // range, inclusive; kIntegerMax is an open end
  friend bool operator==(Expression const&, Expression const&) = default;
};

[[nodiscard]] Expression all_of(std::vector<Expression> children);
[[nodiscard]] Expression any_of(std::vector<Expression> children);
[[nodiscard]] Expression not_of(Expression child);
/// Sorts `values` and drops repeats. `eq` is a list of one.
[[nodiscard]] Expression in_list(AttributeIndex attribute, std::vector<std::int64_t> values);
[[nodiscard]] Expression equal_to(AttributeIndex attribute, std::int64_t value);
[[nodiscard]] Expression in_range(AttributeIndex attribute, std::optional<std::int64_t> gte,
                                  std::optional<std::int64_t> lte);

enum class ExpressionError : std::uint8_t {
  unknown_attribute,
  value_invalid,  // not of the attribute's type, list or range; or a range on a non-integer
  empty_list,     // `in` or `any` of nothing, `not` without its child
  range_empty,    // gte > lte
  too_complex,    // depth, nodes, values or conjunctions above the limits
  malformed,      // bytes that encode() did not write
};
struct ExpressionFault {
  ExpressionError code{};
  std::string path;  // JSON pointer into T: "/all/1/not/in/0"; empty for the whole
  friend bool operator==(ExpressionFault const&, ExpressionFault const&) = default;
};

/// Refuses the first fault in tree order; the size limits are looked at before anything else and
/// the count of conjunctions last. Interned texts are not looked up: any id ≥ 0 is a text.
[[nodiscard]] Result<void, ExpressionFault> validate(Expression const& expression,
                                                     Schema const& schema);

/// Plain meaning of the tree, the twin of TargetingIndex::match. `expression` is valid and
/// `values` is schema.size() long.
[[nodiscard]] bool evaluate(Expression const& expression, std::span<std::int64_t const> values);

/// The first predicate, in tree order, that makes the expression false.
struct Explanation {
  std::string path;               // JSON pointer into T
  Expression const* predicate{};  // into the expression given; null when no predicate is to blame
  bool negated{};                 // stands under an odd number of `not`: it was true
};
/// Nothing when the expression is true for `values`.
[[nodiscard]] std::optional<Explanation> explain(Expression const& expression,
                                                 std::span<std::int64_t const> values);
/// What a predicate asks for, as text: "in CA, TX", "not in CA", "25 to 60", "at least 25"; at most
/// ten values are named. The attribute's name is schema.at(predicate.attribute).name.
[[nodiscard]] std::string describe(Explanation const& explanation, Schema const& schema,
                                   TextInterner const& texts);

/// Canonical bytes for the command log. Attributes, choices and texts are written by name, so the
/// bytes outlive new schema versions and need no interner but the writer's own. `expression` is
/// valid and its text ids are known to `texts`.
[[nodiscard]] std::vector<std::byte> encode(Expression const& expression, Schema const& schema,
                                            TextInterner const& texts);
/// Strict: refuses all bytes encode() would not have written, and all validate() refuses. Texts are
/// interned into `texts` only when the whole is accepted.
[[nodiscard]] Result<Expression, ExpressionFault> decode(std::span<std::byte const> bytes,
                                                         Schema const& schema, TextInterner& texts);
/// The same for a question asked once: nothing is interned. Texts that `texts` does not know are
/// left out, since no value can be one of them; the tree may then have empty lists.
[[nodiscard]] Result<Expression, ExpressionFault> decode_known(std::span<std::byte const> bytes,
                                                               Schema const& schema,
                                                               TextInterner const& texts);

}  // namespace leadex::targeting
