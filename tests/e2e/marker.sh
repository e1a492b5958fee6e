#!/usr/bin/env bash
# The marker test of personal data, inside with_exchange.sh.
#   marker.sh LEADEX PROGRAM
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export LEADEX_BINARY=$1 LEADEX_MARKER_SCRIPT=$here/marker_database.sh LEADEX_UP=$here/../../deploy/up
export LEADEX_METRICS_PORT=$((LEADEX_PORT + 10000))
"$2"
