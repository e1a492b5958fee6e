# shellcheck shell=bash
# What a ctest run came to, by kind (billing, matching, server, e2e, ...). Sourced, never run.

# test_row RESULTS NAME KIND PROGRAM: one line "kind cases failed skipped seconds" from ctest's own record
# and, where the program is GoogleTest's, from the cases in its report.
test_row() {
  local files=("$1/ctest.junit")
  if [ -e "$1/$4.xml" ]; then files+=("$1/$4.xml"); fi
  awk -v name="$2" -v kind="$3" '
    function value(key) {
      return match($0, " " key "=\"[0-9.]*\"") ? substr($0, RSTART + length(key) + 3) + 0 : 0
    }
    FILENAME ~ /junit$/ && /<testcase / && index($0, " name=\"" name "\"") {
      seconds = value("time")
      failed = /status="fail"/
      skipped += /status="(notrun|disabled)"/
    }
    FILENAME ~ /xml$/ && /<testsuites / { cases = value("tests") }
    FILENAME ~ /xml$/ && /<testsuite / { skipped += value("skipped") }
    END { print kind, cases ? cases : 1, failed + 0, skipped + 0, seconds + 0 }' "${files[@]}"
}

# summary_of PART RESULTS PLAN: the plan has a line "name kind program" for each test.
summary_of() {
  local name kind program
  printf 'Tests with %s\n' "$1"
  while read -r name kind program; do
    test_row "$2" "$name" "$kind" "$program"
  done <<<"$3" | sort | awk '
    function line() {
      printf "  %-9s %3d programs, %d failed; %5d cases, %d skipped; %7.1f s\n", kind, n, failed, cases, skipped, seconds
    }
    $1 != kind { if (kind) line(); kind = $1; n = cases = failed = skipped = seconds = 0 }
    { n++; cases += $2; failed += $3; skipped += $4; seconds += $5 }
    END { if (kind) line() }'
  grep -E '^[0-9]+% tests passed|^Total Test time' "$2/ctest.log" | sed 's/^/  /'
}
