# What scripts/fresh-check does inside the new root. Not for a machine that somebody uses.
set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/lib/common.sh

_PORT=18999
_DEADLINE_S=900 # a first start builds llama.cpp

serve_once() { # NAME
    local started=$SECONDS log pid waited=0
    log=$(mktemp)
    say "$1: scripts/run --no-chat --port $_PORT"
    scripts/run --no-chat --port "$_PORT" >"$log" 2>&1 &
    pid=$!
    until answers; do
        if ! kill -0 "$pid" 2>/dev/null || [ "$waited" -gt $((_DEADLINE_S * 5)) ]; then
            cat "$log" >&2
            die "$1: no answer at /healthz"
        fi
        sleep 0.2
        waited=$((waited + 1))
    done
    say "$1: /healthz answered after $((SECONDS - started)) s: $(answers)"
    kill -TERM "$pid"
    wait "$pid" || die "$1: the gateway ended with status $?"
    sed 's/^/    /' "$log"
}

answers() {
    python3 -c 'import sys, urllib.request as r
print(r.build_opener(r.ProxyHandler({})).open(sys.argv[1], timeout=2).read(300).decode())' \
        "http://127.0.0.1:$_PORT/healthz" 2>/dev/null
}

say "$(. /etc/os-release && echo "$PRETTY_NAME"), $(python3 --version), $(git --version)"
serve_once "first start"
grep -q '"state": "ok"' .venv-engine/engine.json || die "the engine was not set up"
serve_once "second start"
if [ "$1" = --run-only ]; then exit 0; fi
started=$SECONDS
scripts/test
say "scripts/test passed in $((SECONDS - started)) s with its set-up"
