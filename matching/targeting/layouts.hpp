#pragma once
// The layouts that the segments of an index have: the current one and, while segments still move to
// it one by one, the one before. Used inside TargetingIndex; one thread. Pure.

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "matching/targeting/row_layout.hpp"

namespace leadex::targeting {

class Layouts {
 public:
  /// Names a layout inside a segment. A segment without rows has none.
  using Tag = std::uint8_t;
  static constexpr Tag kNone = 2;

  [[nodiscard]] RowLayout const& at(Tag tag) const { return layouts_[tag]; }
  [[nodiscard]] RowLayout const& current() const { return layouts_[current_]; }
  [[nodiscard]] Tag current_tag() const { return current_; }
  [[nodiscard]] Tag old_tag() const { return static_cast<Tag>(1 - current_); }
  /// Whether segments still have the old one.
  [[nodiscard]] bool moving() const { return segments_[old_tag()] != 0; }

  /// Only while nothing is moving: all segments that have rows are to move.
  void replace(RowLayout layout) {
    current_ = old_tag();
    layouts_[current_] = std::move(layout);
    written_ = 0;
    loose_ = 0;
  }
  /// A segment goes from one layout to another.
  void segment_moved(Tag from, Tag to) {
    --segments_[from];
    ++segments_[to];
  }
  /// A conjunction new to the index was written, or asks for what the current layout cannot tell.
  void count_written(bool fits) {
    ++written_;
    loose_ += fits ? 0 : 1;
  }
  /// Whether the layout has become a bad one for a book of that size: more than one in eight of as
  /// many changes as there are conjunctions did not fit.
  [[nodiscard]] bool outdated(std::size_t live) const {
    return written_ >= live && written_ >= kWrittenMin && loose_ > written_ / 8;
  }

 private:
  static constexpr std::size_t kWrittenMin = 1024;
  std::array<RowLayout, 2> layouts_;
  std::array<std::size_t, 3> segments_{};  // by tag; the last one wraps and is of no use
  Tag current_{0};
  std::size_t written_{0};
  std::size_t loose_{0};
};

}  // namespace leadex::targeting
