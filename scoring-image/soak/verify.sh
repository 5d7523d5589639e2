#!/usr/bin/env bash
# The short soak run of CI. The machine may be shared: a missed figure is printed and does not fail the run, a defect does.
set -euo pipefail
cd "$(dirname "$0")/../.."

if ! ls /usr/lib/*/faketime/libfaketime.so.1 >/dev/null 2>&1 && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  { apt-get update && apt-get install -y --no-install-recommends libfaketime; } >/dev/null 2>&1 ||
    echo "libfaketime could not be installed: the clock jump is skipped"
fi
exec npm run --silent soak -- --minutes 2 --seed 1 --figures "$@"
