# Words and checks that every script shares. Sourced, never run.

say() { printf '[%s] %s\n' "${0##*/}" "$*"; }
die() {
    printf '[%s] %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# Asked for help? Then print the comment at the top of the script and succeed. Usage: asks_help "$@"
# Before any set-up: who asks what a script does has not agreed to ten minutes of it.
asks_help() {
    case ${1:-} in -h | --help) ;; *) return 1 ;; esac
    sed -n '2,/^[^#]/s/^# \{0,1\}//p' "scripts/${0##*/}"
}

# The Python that makes the environments: HOMARUS_PYTHON (a path, a name or a version), else python3. 3.11 or newer.
find_python() {
    local python=${HOMARUS_PYTHON:-python3} found each
    case $python in
    3.*)
        for each in "python$python" "$HOME/.pyenv/versions/$python"*/bin/python; do # pyenv hides what is not selected
            if "$each" -c '' 2>/dev/null; then break; fi
            each=python$python
        done
        python=$each
        ;;
    esac
    found=$("$python" -c 'import sys; print(sys.executable if sys.version_info >= (3, 11) else "")' 2>/dev/null) ||
        die "there is no $python here: install Python 3.11 or newer, or name one with HOMARUS_PYTHON"
    [ -n "$found" ] || die "$python is too old: Homarus needs Python 3.11 or newer (name one with HOMARUS_PYTHON)"
    printf '%s\n' "$found"
}

# One hash over words and files: what an environment was made from. Usage: fingerprint WORD... -- FILE...
fingerprint() {
    local words=()
    while [ "$1" != -- ]; do
        words+=("$1")
        shift
    done
    shift
    { printf '%s\n' "${words[@]}" "$PWD"; sha256sum "$@"; } | sha256sum | cut -c1-32
}

# Run a long command quietly and show that it lives: seconds on a terminal, a line now and then in a log.
# Its output is shown only if it fails. Usage: step "what it does" COMMAND...
step() {
    local what=$1 log started=$SECONDS pid status=0 shown=0
    shift
    log=$(mktemp)
    say "$what"
    "$@" >"$log" 2>&1 &
    pid=$!
    # A command in the background does not hear Ctrl-C: it would go on installing behind a prompt.
    trap 'kill "$pid" 2>/dev/null; rm -f "$log"; exit 130' INT TERM
    while kill -0 "$pid" 2>/dev/null; do
        sleep 0.2
        if [ -t 1 ]; then
            printf '\r[%s]   %d s ' "${0##*/}" "$((SECONDS - started))"
        elif [ $((SECONDS - started - shown)) -ge 15 ]; then
            shown=$((SECONDS - started))
            say "  still at it, $shown s"
        fi
    done
    wait "$pid" || status=$?
    trap - INT TERM
    if [ -t 1 ]; then printf '\r\033[K'; fi
    if [ "$status" -ne 0 ]; then tail -n 25 "$log" >&2; fi
    rm -f "$log"
    return "$status"
}
