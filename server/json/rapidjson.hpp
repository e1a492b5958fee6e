#pragma once
// RapidJSON as this program uses it; no other file includes the library. Its assertions stop the
// process in every build. Any thread.

// The standard headers come first: the attribute below must not reach their functions.
#include <cassert>
#include <cinttypes>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <istream>
#include <iterator>
#include <limits>
#include <memory>
#include <new>
#include <ostream>
#include <streambuf>
#include <string>
#include <utility>

#include "billing/values/check.hpp"

#ifndef RAPIDJSON_ASSERT
#define RAPIDJSON_ASSERT(expression) LEADEX_CHECK(expression)
#endif

// Version 1.1 adds offsets to the null pointer of an empty stack before it allocates. That is
// harmless on every machine we run on, but the sanitizer rightly names it, so the check is off for
// the library's own functions and nothing else.
#ifdef __clang__
#pragma clang attribute push(__attribute__((no_sanitize("pointer-overflow"))), apply_to = function)
#endif
#include <rapidjson/document.h>
#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#ifdef __clang__
#pragma clang attribute pop
#endif
