#!/usr/bin/env bash
# Start scripts/run twice, ask /healthz, end it. The first start sets up what is missing; the engine must work then.
# For .ci/run and scripts/fresh-check. Its state is where HOMARUS_STATE_DIR says.
set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/lib/common.sh

_DEADLINE_S=1100 # a first start builds llama.cpp
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
pid=
trap 'if [ -n "$pid" ]; then kill -TERM "$pid" 2>/dev/null || true; fi' EXIT

serve_once() { # NAME
    local started=$SECONDS answer
    say "$1: scripts/run --no-chat --port $port"
    scripts/run --no-chat --port "$port" > >(sed -u 's/^/    /') 2>&1 &
    pid=$!
    until answer=$(ask_healthz 2>/dev/null); do
        kill -0 "$pid" 2>/dev/null || die "$1: it ended before /healthz answered"
        [ $((SECONDS - started)) -lt "$_DEADLINE_S" ] || die "$1: no answer at /healthz"
        sleep 0.2
    done
    say "$1: /healthz answered after $((SECONDS - started)) s: $answer"
    kill -TERM "$pid"
    wait "$pid" || die "$1: the gateway ended with status $?"
    pid=
}

ask_healthz() {
    python3 -c 'import sys, urllib.request as r
print(r.build_opener(r.ProxyHandler({})).open(sys.argv[1], timeout=2).read(300).decode())' "http://127.0.0.1:$port/healthz"
}

serve_once "first start"
grep -q '"state": "ok"' .venv-engine/engine.json || die "the engine was not set up"
serve_once "second start"
