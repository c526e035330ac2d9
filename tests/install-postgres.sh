#!/usr/bin/env bash
# Sees to it that the tests find the PostgreSQL server programs (initdb, postgres, pg_ctl). They start a throw-away
# server of their own with them; a server that is installed and running is not touched. Looks where src/server.rs does.
set -euo pipefail

has_server() { [ -x "$1/initdb" ] && [ -x "$1/postgres" ] && [ -x "$1/pg_ctl" ]; }

find_server() {
    local bin
    if [ -n "${TENANTCTL_PG_BIN:-}" ]; then # taken at its word, as by the tests
        has_server "$TENANTCTL_PG_BIN" && echo "$TENANTCTL_PG_BIN"
        return
    fi
    for bin in "$(pg_config --bindir 2>/dev/null || true)" "$(dirname "$(command -v initdb || echo /nowhere/initdb)")" \
        /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/opt/postgresql*/bin /usr/local/opt/postgresql*/bin; do
        if has_server "$bin"; then
            echo "$bin"
            return
        fi
    done
    return 1
}

if bin=$(find_server); then
    echo "PostgreSQL server programs: $bin" >&2
    exit 0
fi
if [ -n "${TENANTCTL_PG_BIN:-}" ]; then
    echo "error: no PostgreSQL server programs in TENANTCTL_PG_BIN=$TENANTCTL_PG_BIN" >&2
    exit 2
fi
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "error: no PostgreSQL server programs on this machine" >&2
    echo "hint: sudo apt-get install -y postgresql (Fedora: sudo dnf install -y postgresql-server;" \
        "macOS: brew install postgresql@17)" >&2
    exit 2
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -y -q --no-install-recommends postgresql
find_server >/dev/null || { echo "error: apt-get installed postgresql, but no initdb is found" >&2; exit 1; }
