#pragma once
// Planted contacts: staff plants contacts of the exchange's own; whoever else brings one gets a
// case. What is planted is kept in memory for some seconds, so that no lead waits for the database.
// The uses of staff run inside one transaction; PlantedContacts serves any thread.

#include <chrono>
#include <mutex>

#include "server/app/action.hpp"
#include "server/storage/planted.hpp"

namespace leadex::app {

struct NewPlantedContact {
  std::optional<std::string> email;  ///< digests as table person has them; at least one
  std::optional<std::string> phone;
  MarketNo market{};        ///< 0: none
  std::int64_t given_to{};  ///< account; 0: none. What it brings itself opens no case
  std::string note;         ///< 1 … 2000 bytes; sealed
};

/// @errors forbidden, validation_failed (note, given_to), wrong_state (in use already, or too many)
[[nodiscard]] AppResult<storage::Planted> plant_contact(AppTools const& tools, PlatformTx& tx,
                                                        Principal const& actor,
                                                        NewPlantedContact const& wanted);
/// It opens no cases any more. @errors forbidden, not_found, wrong_state (retired before)
[[nodiscard]] AppResult<storage::Planted> retire_contact(PlatformTx& tx, Principal const& actor,
                                                         std::int64_t planted_no);

/// Where and how it was planted, opened.
[[nodiscard]] std::string planted_note(privacy::KeyRing const& ring, std::int64_t planted_no,
                                       std::string_view sealed);

class PlantedContacts {
 public:
  static constexpr std::chrono::seconds kKept{5};

  /// @param database  outlives this.
  explicit PlantedContacts(storage::Database& database) : database_(database) {}

  [[nodiscard]] boost::asio::awaitable<Result<storage::PlantedSet, storage::StoreError>> known();
  /// A case for each source, day or lot, and contact, once.
  [[nodiscard]] boost::asio::awaitable<Result<void, storage::StoreError>> report(
      std::vector<storage::PlantedHit> hits);
  /// After a change.
  void forget();

 private:
  using Clock = std::chrono::steady_clock;
  struct Kept {
    storage::PlantedSet set;  // null: to be read
    Clock::time_point until;
    std::uint64_t changes{};
  };
  [[nodiscard]] Kept kept();

  storage::Database& database_;
  std::mutex guard_;
  Kept kept_;
};

}  // namespace leadex::app
