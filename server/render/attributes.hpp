#pragma once
// A lead's attributes as JSON: all of them for those who own the lead, masked on a listing. Pure;
// any thread.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "matching/market/command.hpp"
#include "matching/targeting/schema.hpp"
#include "server/json/writer.hpp"

namespace leadex::render {

/// How an attribute is shown: as it is, as the ten it falls into ("30-39"; what is no integer is
/// left out), or not at all.
enum class Show : std::uint8_t { exact = 0, band = 1, hidden = 2 };

/// Writes the object `name`. `shows` is empty (all exact) or one per definition; missing values are
/// left out.
void write_attributes(json::JsonWriter& writer, std::string_view name,
                      std::span<targeting::AttributeDef const> definitions,
                      std::span<market::AttributeText const> values,
                      std::span<Show const> shows = {});

/// "30-39"; "-10--1" below zero.
[[nodiscard]] std::string band_of(std::int64_t value);

}  // namespace leadex::render
