#pragma once
// Files that only their owner may read: credentials, bank files. One thread.

#include <string>
#include <string_view>

namespace leadex::cli {

/// Writes the whole file with mode 0600, or leaves the old one as it was. Throws Failure.
void write_private_file(std::string const& path, std::string_view text);

}  // namespace leadex::cli
