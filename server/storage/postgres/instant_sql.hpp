#pragma once
// Pieces of statements for instants: a bigint of Unix microseconds to timestamptz and back, exact.
// Literals only, so that statements stay constants. Inside this room only.

/// LEADEX_INSTANT("$3"): the parameter as timestamptz; null stays null.
#define LEADEX_INSTANT(parameter) \
  "(timestamptz 'epoch' + " parameter "::bigint * interval '1 microsecond')"
/// LEADEX_MICROS("created_at"): the column as Unix microseconds.
#define LEADEX_MICROS(column) "(extract(epoch from " column ") * 1000000)::bigint"
