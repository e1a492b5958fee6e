#pragma once
// judge_sources: compares what closed lots show of their sources with the lots of others, and opens
// a case for each finding; staff decides those, and nobody is charged or refused. Safe to run
// twice, on any node. Any executor. Source: docs/decisions/0029-source-fraud.md.

#include <boost/asio/awaitable.hpp>
#include <cstdint>

#include "server/storage/database.hpp"

namespace leadex::app {

inline constexpr auto kOthersAge = std::chrono::days{90};    // of lots that are a measure
inline constexpr auto kPictureAge = std::chrono::days{365};  // then a picture is forgotten
inline constexpr int kComparedLots = 200;                    // others', the latest ones

/// One round over all lots that wait. @return how many cases were opened
[[nodiscard]] boost::asio::awaitable<std::int64_t> judge_sources(storage::Database& database);

}  // namespace leadex::app
