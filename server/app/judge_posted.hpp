#pragma once
// judge_posted: compares what days of posted leads show of their sources with the days of others
// and with the source's own, and opens a case for each finding. Safe to run twice, on any node. Any
// executor. Source: docs/decisions/0029-source-fraud.md.

#include <boost/asio/awaitable.hpp>
#include <cstdint>

#include "server/storage/database.hpp"

namespace leadex::app {

inline constexpr std::int32_t kReferenceDays = 90;    // that are a measure
inline constexpr std::int32_t kPostedDaysKept = 365;  // then counts and marks are forgotten

/// One round over all days that wait. @return how many cases were opened
[[nodiscard]] boost::asio::awaitable<std::int64_t> judge_posted(storage::Database& database);

}  // namespace leadex::app
