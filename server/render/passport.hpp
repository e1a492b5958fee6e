#pragma once
// The passport of a lead: a chain of entries, each hashed with the one before, made anew from what
// is stored. The same events give the same bytes, and later ones only come behind. Any thread.

#include <string>
#include <string_view>
#include <vector>

#include "server/json/writer.hpp"
#include "server/storage/passports.hpp"

namespace leadex::render {

struct PassportEntry {
  std::string text;  ///< JSON, exactly the bytes that are hashed
  std::string hash;  ///< hex of SHA-256 over the hash before (hex), a line feed, and the text
};
/// The hash before the first entry.
inline constexpr std::size_t kPassportHashDigits = 64;

/// Capture, checks and lot, then what the market did, in its order. Never empty.
/// @param lead_id  its public id
[[nodiscard]] std::vector<PassportEntry> passport_of(storage::PassportFacts const& facts,
                                                     std::string_view lead_id);

/// {"lead_id","head","entries":[{"entry","hash"}]}
void write_passport(json::JsonWriter& writer, storage::PassportFacts const& facts,
                    std::string_view lead_id);

}  // namespace leadex::render
