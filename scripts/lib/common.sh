# Words and checks that every script shares. Sourced, never run.

say() { printf '\033[1m[%s]\033[0m %s\n' "${0##*/}" "$*" | plain_if_piped; }
die() {
    printf '[%s] %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# Colour is for people: a log file gets plain text.
plain_if_piped() { if [ -t 1 ]; then cat; else sed 's/\x1b\[[0-9;]*m//g'; fi; }

# The Python that makes the environments: HOMARUS_PYTHON, else python3. It must be 3.11 or newer.
find_python() {
    local python=${HOMARUS_PYTHON:-python3} found
    case $python in 3.*) python=python$python ;; esac
    found=$("$python" -c 'import sys; print(sys.executable if sys.version_info >= (3, 11) else "")' 2>/dev/null) ||
        die "there is no $python here: install Python 3.11 or newer, or name one with HOMARUS_PYTHON"
    [ -n "$found" ] || die "$python is too old: Homarus needs Python 3.11 or newer (name one with HOMARUS_PYTHON)"
    printf '%s\n' "$found"
}

# One hash over files and words: what an environment was made from. Usage: fingerprint WORD... -- FILE...
fingerprint() {
    local words=()
    while [ "$1" != -- ]; do
        words+=("$1")
        shift
    done
    shift
    { printf '%s\n' "${words[@]}" "$PWD"; sha256sum "$@"; } | sha256sum | cut -c1-32
}
