#!/usr/bin/env bash
# The benchmarks over HTTPS with a handful of requests: do they still run?
#   https_smoke.sh FOLDER       of the programs; inside with_exchange.sh
set -euo pipefail
"$1/leadex-bench-sales_https" --sales=20 --purchases=10 --connections=4 --pgbench=1000
"$1/leadex-bench-clicks" --clicks=20 --slices=1 --connections=4
"$1/leadex-bench-bare_get" --port="$LEADEX_PORT" --requests=100 --slices=1
"$1/leadex-bench-pings" --pings=40 --bare=100 --slices=1 --open-seconds=1 --no-live
