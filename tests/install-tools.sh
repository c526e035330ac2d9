#!/usr/bin/env bash
# Sees to it that the tests find some more programs: PgBouncer, the pooler that they go through, jq, with which
# docs/onboarding.sh reads JSON, zstd, Prometheus' own reader of its text (a Python package, in target/python), and moto, a
# server that speaks like S3, in a folder of its own (TENANTCTL_MOTO names another). A pooler that is installed and running
# is not touched.
set -euo pipefail
cd "$(dirname "$0")/.."

# Pinned: backups are put into its buckets.
moto=/tmp/tenantctl-tools/moto
if [ -z "${TENANTCTL_MOTO:-}" ] && [ ! -x "$moto/bin/moto_server" ]; then
    if ! python3 -c 'import ensurepip' 2>/dev/null; then
        if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
            echo "error: the tests need python3 with venv, for moto" >&2
            echo "hint: sudo apt-get install -y --no-install-recommends python3-venv" >&2
            exit 2
        fi
        { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends python3-venv; } >&2
    fi
    rm -rf "$moto"
    python3 -m venv "$moto"
    "$moto/bin/pip" install --quiet --disable-pip-version-check 'moto[server,s3]==5.2.5'
fi

missing=()
for program in pgbouncer jq zstd python3; do
    PATH="$PATH:/usr/sbin" command -v "$program" >/dev/null || missing+=("$program")
done
PYTHONPATH=target/python python3 -c 'import prometheus_client' 2>/dev/null \
    || { command -v pip3 >/dev/null || missing+=(python3-pip); }
if [ ${#missing[@]} -gt 0 ]; then
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        echo "error: the tests need ${missing[*]}" >&2
        echo "hint: sudo apt-get install -y --no-install-recommends ${missing[*]}" >&2
        exit 2
    fi
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -q
    apt-get install -y -q --no-install-recommends "${missing[@]}"
fi
PYTHONPATH=target/python python3 -c 'import prometheus_client' 2>/dev/null \
    || pip3 install --quiet --disable-pip-version-check --root-user-action=ignore --target target/python 'prometheus_client>=0.20,<1'
