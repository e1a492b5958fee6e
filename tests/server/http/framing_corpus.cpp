#include "tests/server/http/framing_corpus.hpp"

#include <algorithm>
#include <fstream>
#include <stdexcept>

#include "server/crypto/bytes.hpp"
#include "server/json/rapidjson.hpp"

namespace leadex::http::test {

std::vector<FramingSample> read_framing_samples(std::filesystem::path const& path) {
  std::vector<FramingSample> samples;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    rapidjson::Document doc;
    doc.Parse(line.c_str());
    if (doc.HasParseError()) throw std::runtime_error("the corpus is not JSON lines");
    auto const& error = doc["error"];
    auto bytes = crypto::base64_decode(doc["request_b64"].GetString());
    if (!bytes) throw std::runtime_error("the corpus is not base64");
    samples.push_back({doc["name"].GetString(), doc["meta"]["type"].GetString(),
                       error.IsNull() ? "" : error["reason"].GetString(),
                       doc["messages_complete"].GetInt(), std::move(*bytes)});
  }
  return samples;
}

std::string with_hosts(std::string bytes) {
  for (std::size_t at = 0; (at = bytes.find(" HTTP/1.", at)) != std::string::npos;) {
    auto const line_end = bytes.find("\r\n", at);
    if (line_end == std::string::npos) break;
    auto const head_end = std::min(bytes.find("\r\n\r\n", at), bytes.size());
    if (bytes.substr(at, head_end - at).find("\nHost:") == std::string::npos) {
      bytes.insert(line_end, "\r\nHost: a");
    }
    at = line_end;
  }
  return bytes;
}

}  // namespace leadex::http::test
