#pragma once
// Storefront: the open listings of one market, to be searched by buyers and bought from by
// purchases and sweeps, from memory. Part of the market engine; belongs to one thread. Pure.

#include <array>
#include <cstdint>

#include "matching/storefront/lead_slots.hpp"
#include "matching/storefront/query.hpp"
#include "matching/storefront/row_filter.hpp"
#include "matching/storefront/rows.hpp"
#include "matching/storefront/slot_order.hpp"

namespace leadex::storefront {

class Storefront {
 public:
  explicit Storefront(targeting::Schema schema);

  /// Puts a listing in. Its lead must not be there yet.
  /// @cost a few µs; grows by one segment of 2,048 rows at a time.
  void insert(Entry const& entry);
  /// Takes a listing out; false when it is not there. Its row is used again.
  bool remove(std::int64_t lead_no);
  /// Moves a listing that is there to its new place.
  void set_ask(std::int64_t lead_no, std::int64_t ask_micros);
  /// After a sale or a voided one, of a listing that is there.
  void set_supply(std::int64_t lead_no, std::int32_t shares_left, bool whole);

  /// Listings that match, in Order::ask, until `visit` returns false, the end or ask_max. `visit`
  /// must not change the storefront.
  /// @cost follows the places walked while matches are frequent, else one pass over the columns
  ///       that the expression names, whatever the number of matches.
  void sweep(SweepQuery const& query, Visit const& visit) const;

  /// Listings that match, in the order asked for, until `limit` visits returned true or the end.
  /// A visit that returns false leaves a listing out (not committed yet) and goes on. To know
  /// whether there is a next page, ask for one more than is shown. @cost as sweep().
  void page(PageQuery const& query, Visit const& visit) const;

  /// Exact counts. @cost one pass over the columns that the filter and the wishes name; nothing to
  /// speak of for values without a filter.
  [[nodiscard]] Facets facets(FacetQuery const& query) const;

  [[nodiscard]] bool holds(std::int64_t lead_no) const;
  [[nodiscard]] std::size_t size() const { return rows_.size(); }
  [[nodiscard]] targeting::Schema const& schema() const { return rows_.schema(); }
  /// What is allocated, counted from the capacities. @cost follows the number of segments, chunks
  /// and shards.
  [[nodiscard]] std::size_t bytes() const;

 private:
  struct Search {
    Order order{};
    Place after;           // only what comes behind it counts
    Place last;            // and does not come behind this
    std::size_t wanted{};  // matches yet to be visited, or a guess
  };
  // Told of each match; may lower what is wanted yet. False: enough.
  using Answer = std::function<bool(Hit const&, std::size_t& wanted)>;

  void run(Search search, RowFilter& filter, Answer const& answer) const;
  [[nodiscard]] bool walk(Search& search, RowFilter& filter, Answer const& answer) const;
  [[nodiscard]] bool scan(Search& search, RowFilter& filter, std::size_t batch,
                          Answer const& answer) const;
  [[nodiscard]] SlotOrder& order(Order order) { return orders_[static_cast<std::size_t>(order)]; }
  [[nodiscard]] SlotOrder const& order(Order order) const {
    return orders_[static_cast<std::size_t>(order)];
  }

  Rows rows_;
  LeadSlots slots_;
  std::array<SlotOrder, kOrders> orders_;
};

}  // namespace leadex::storefront
