#!/usr/bin/env bash
# Onboards many stores, one after the other, and says what became of each. Needs bash and jq.
#   docs/onboarding.sh keys.txt          a key per line, # begins a comment
#   docs/onboarding.sh --all             every store of the registry that is not switched yet
# It can be run again at any time: stores that are done are skipped, unfinished ones go on where they were.
set -uo pipefail

tenantctl=${TENANTCTL:-tenantctl}
reports=${REPORTS:-reports}
mkdir -p "$reports"

keys() {
    if [ "${1:-}" = --all ]; then
        "$tenantctl" stores --format json |
            jq -r '.store_list[] | select(.in_all and (.stage | IN("switched", "validated", "purged") | not)) | .store'
    else
        sed -e 's/#.*//' -e 's/^[[:space:]]*//' -e 's/[[:space:]]*$//' -e '/^$/d' "${1:?usage: onboarding.sh FILE|--all}"
    fi
}

done_count=0 failed=()
while IFS= read -r key; do
    report="$reports/$key.json"
    "$tenantctl" migrate --store "$key" --yes --progress none --format json >"$report"
    code=$?
    if [ "$code" -eq 0 ]; then
        done_count=$((done_count + 1))
        jq -r '.stores[0] | "ok    \(.store)\t\(.name // "")\t\(.row_count) rows\t\(.schema)"' "$report"
    else
        failed+=("$key")
        jq -r --arg code "$code" \
            '[.stores[]?.error, .error] | map(select(. != null)) | .[0] // {message: "differences found, or a probe failed"}
             | "FAIL  '"$key"'\texit \($code)\t\([.message, .because[0]? // empty] | join(": "))\t\(.hint // "")"' "$report"
        # 5: the database is out of reach; every store after this one would fail the same way.
        if [ "$code" -eq 5 ] || [ "$code" -eq 130 ]; then break; fi
    fi
done < <(keys "$@")

echo "$done_count done, ${#failed[@]} failed${failed:+: ${failed[*]}}"
[ ${#failed[@]} -eq 0 ]
