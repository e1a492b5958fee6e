#pragma once
// Headers and PathParams: small ordered lists of names and values, as one HTTP message carries
// them. Plain values; any thread.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace leadex::http {

/// Header fields in order, duplicates kept. Names of requests are lower-cased by the server;
/// find() and erase() ignore ASCII case, so `Content-Type` and `content-type` are one name.
class Headers {
 public:
  using Field = std::pair<std::string, std::string>;

  Headers() = default;
  Headers(std::initializer_list<Field> fields) : fields_(fields) {}

  void add(std::string name, std::string value);
  /// Replaces every field of that name by one.
  void set(std::string name, std::string value);
  void erase(std::string_view name);

  /// The first value of that name.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
  [[nodiscard]] bool contains(std::string_view name) const { return find(name).has_value(); }
  /// How many fields carry that name: more than one is often a reason to refuse.
  [[nodiscard]] std::size_t count(std::string_view name) const;

  [[nodiscard]] auto begin() const { return fields_.begin(); }
  [[nodiscard]] auto end() const { return fields_.end(); }
  [[nodiscard]] std::size_t size() const { return fields_.size(); }
  [[nodiscard]] bool empty() const { return fields_.empty(); }

 private:
  std::vector<Field> fields_;
};

/// Values of the `{name}` parts of a route's pattern, decoded. Filled by the router.
class PathParams {
 public:
  void add(std::string name, std::string value);
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
  /// The value of a name that stands in the route's pattern; anything else is a bug and stops.
  [[nodiscard]] std::string_view at(std::string_view name) const;

 private:
  std::vector<std::pair<std::string, std::string>> values_;
};

/// ASCII case-insensitive equality, for header names and tokens. Not constant-time.
[[nodiscard]] bool equals_ignoring_case(std::string_view a, std::string_view b);

}  // namespace leadex::http
