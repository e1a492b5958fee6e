#pragma once
// Contacts of the exchange's own that staff planted somewhere: no honest source has them, so who
// brings one has it from where it was planted. Digests alone are kept. The rows are used inside one
// database job; the rest are plain values, any thread. Source: docs/decisions/0029-source-fraud.md.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "billing/values/ids.hpp"
#include "billing/values/time.hpp"

namespace leadex::storage {

inline constexpr std::int64_t kPlantedMax = 10'000;  // in use at once

struct NewPlanted {
  std::int64_t planted_no{};
  std::optional<std::string> email;  ///< 16 bytes each, as table person has them; at least one
  std::optional<std::string> phone;
  MarketNo market{};        ///< it was planted at; 0: at none
  std::int64_t given_to{};  ///< account; 0: to none
  std::string note_sealed;
  std::int64_t planted_by{};  ///< principal
};

struct Planted {
  NewPlanted planted;
  std::string market;  ///< its name; empty for none
  Timestamp planted_at{};
  std::optional<std::int64_t> retired_by;
  std::optional<Timestamp> retired_at;
  std::int64_t cases{};  ///< it opened
};

/// Of those in use, by digest.
using PlantedSet = std::shared_ptr<std::map<std::string, std::int64_t> const>;

/// A lead, or what was to become one, that carries a planted contact.
struct PlantedHit {
  std::int64_t planted_no{};
  MarketNo market{};
  std::int64_t generator_no{};
  std::int64_t batch_no{};  ///< 0: it was posted
  std::int64_t lead_no{};   ///< 0: it becomes no lead
};

class PlantedRows {
 public:
  virtual ~PlantedRows() = default;

  /// @return false when one of its digests is in use already
  [[nodiscard]] virtual bool plant(NewPlanted const& planted, Timestamp at) = 0;
  [[nodiscard]] virtual std::int64_t in_use() = 0;
  [[nodiscard]] virtual std::map<std::string, std::int64_t> digests() = 0;
  [[nodiscard]] virtual std::optional<Planted> find(std::int64_t planted_no) = 0;
  /// Newest first.
  [[nodiscard]] virtual std::vector<Planted> list(std::optional<std::int64_t> before_no,
                                                  int limit) = 0;
  /// @return false unless it was in use
  [[nodiscard]] virtual bool retire(std::int64_t planted_no, std::int64_t by, Timestamp at) = 0;
};

}  // namespace leadex::storage
