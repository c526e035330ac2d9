#!/usr/bin/env bash
# Sees to it that the tests find two more programs: PgBouncer, the pooler that they go through, and jq, with which
# docs/onboarding.sh reads JSON. A pooler that is installed and running is not touched.
set -euo pipefail

missing=()
for program in pgbouncer jq; do
    PATH="$PATH:/usr/sbin" command -v "$program" >/dev/null || missing+=("$program")
done
[ ${#missing[@]} -gt 0 ] || exit 0
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "error: the tests need ${missing[*]}" >&2
    echo "hint: sudo apt-get install -y --no-install-recommends ${missing[*]}" >&2
    exit 2
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -y -q --no-install-recommends "${missing[@]}"
