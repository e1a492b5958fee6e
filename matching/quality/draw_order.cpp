#include "matching/quality/draw_order.hpp"

#include <algorithm>

namespace leadex::quality {

void DrawOrder::offer(DrawTicket const& ticket) {
  ++offered_;
  if (heap_.size() < keep_) {
    heap_.push_back(ticket);
    std::ranges::push_heap(heap_);
    return;
  }
  if (keep_ == 0 || !(ticket < heap_.front())) return;
  std::ranges::pop_heap(heap_);
  heap_.back() = ticket;
  std::ranges::push_heap(heap_);
}

std::vector<DrawTicket> DrawOrder::drawn() const {
  auto tickets = heap_;
  std::ranges::sort_heap(tickets);
  return tickets;
}

}  // namespace leadex::quality
