# Copying the program to where the user of its service may look. Sourced after common.sh, in the root of the program.

# What an installation is made of: what git tracks, else everything but what set-up makes anew.
program_files() {
    if git -c safe.directory="$PWD" rev-parse --git-dir >/dev/null 2>&1; then
        git -c safe.directory="$PWD" ls-files -z
    else
        find . \( -name '.venv*' -o -name .git -o -name .cache -o -name build -o -name node_modules -o -name __pycache__ \) -prune -o \
            -type f -printf '%P\0'
    fi
}

# One hash over the program that lies here. Usage: program_stamp [LIST]
program_stamp() {
    { if [ $# -gt 0 ]; then cat "$1"; else present_files; fi; } | xargs -0 sha256sum | sha256sum | cut -c1-32
}

present_files() {
    local each
    program_files | sort -z | while IFS= read -r -d '' each; do if [ -f "$each" ]; then printf '%s\0' "$each"; fi; done
}

# Copy the program; what an earlier version had and this one has not goes. Usage: copy_program FOLDER
# The first line of FOLDER/.installed says what was copied, the others which files: uninstall and the next copy read it.
copy_program() {
    local program=$1 list stamp
    list=$(mktemp)
    present_files >"$list"
    stamp=$(program_stamp "$list")
    if [ -f "$program/.installed" ] && [ "$(head -n 1 "$program/.installed")" = "$stamp" ]; then
        rm -f "$list"
        return 0
    fi
    if [ -e "$program" ] && [ ! -f "$program/.installed" ] && [ -n "$(ls -A "$program")" ]; then
        die "$program is there and not from this script: move it away, or run its own scripts/install"
    fi
    say "copying the program from $PWD to $program"
    mkdir -p "$program"
    if [ ! -f "$program/.installed" ]; then
        : >"$program/.installed" # a copy that is interrupted is known as one of ours
    else
        tail -n +2 "$program/.installed" | while IFS= read -r each; do rm -f "$program/$each"; done
    fi
    tar --create --null --files-from="$list" --mode=u+rwX,go+rX-w --owner=0 --group=0 --numeric-owner |
        tar --extract --directory="$program" --same-owner --same-permissions
    # llama.cpp takes minutes to build: what fits is used again, whose name says what it was built from.
    if [ -d .cache/llama ] && [ ! -e "$program/.cache/llama" ]; then
        mkdir -p "$program/.cache"
        cp -r .cache/llama "$program/.cache/llama"
    fi
    { printf '%s\n' "$stamp"; tr '\0' '\n' <"$list"; } >"$program/.installed.partial"
    mv "$program/.installed.partial" "$program/.installed"
    rm -f "$list"
}
