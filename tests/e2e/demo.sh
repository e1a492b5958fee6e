#!/usr/bin/env bash
# The demo trade, and every check of it afterwards.
#   demo.sh LEADEX              inside with_exchange.sh
set -euo pipefail
"$1" demo
"$1" replay
"$1" verify ledger
"$1" verify audit
