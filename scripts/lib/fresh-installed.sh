# What scripts/fresh-check --install does inside the new root, as a unit of the systemd that runs there: the whole life
# of an installation. Not for a machine that somebody uses.
set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/lib/common.sh

gateway=homarus-gateway.service
state=/var/lib/homarus
exposure_most=2.0 # systemd's own measure of what could be done from a service: 0 is nothing, 10 everything

must() { # "what is wrong otherwise" COMMAND...
    local otherwise=$1
    shift
    "$@" || die "$otherwise"
}
waits() { # SECONDS "what is wrong otherwise" COMMAND...
    local end=$((SECONDS + $1)) otherwise=$2
    shift 2
    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || die "$otherwise"
        sleep 0.5
    done
}
ours() { # everything of ours on this machine, but the data and the sources
    find / -xdev \( -path /proc -o -path /sys -o -path "$home" -o -path "$PWD" -o -path "$state" \) -prune -o \
        -iname '*homarus*' -print
    find /run -maxdepth 1 -name 'homarus*'
}
property() { systemctl show --property="$2" --value "$1"; }
gateway_pid() { property "$gateway" MainPID; }
engine_pid() { pgrep --newest -f -- '-m appliance.engine .*--name mini'; }
engines() { systemctl list-units --plain --no-legend 'homarus-engine@*' | cut -d' ' -f1; }
another() { # COMMAND OLD: it names a process, and not that one
    local now
    now=$("$1") && [ "$now" -gt 0 ] && [ "$now" != "$2" ]
}
gone() { ! kill -0 "$1" 2>/dev/null; }
asks() { homarus ask set a timer for ten minutes 2>/dev/null | grep -q '10 minutes'; }
live() {
    python3 - <<'END' 2>/dev/null
import urllib.request
plain = urllib.request.build_opener(urllib.request.ProxyHandler({}))
assert b'"live"' in plain.open("http://127.0.0.1:18789/healthz", timeout=5).read()
END
}
person() { # NAME COMMAND...: as somebody who has just logged in
    local name=$1
    shift
    runuser --user "$name" -- env --chdir=/ HOME="$(getent passwd "$name" | cut -d: -f6)" "$@"
}
refused() { ! "$@" >/dev/null 2>&1; }
none_failed() {
    local failed
    failed=$(systemctl --failed --plain --no-legend)
    must "units have failed: $failed" test -z "$failed"
}

looks_right() {
    local instance seen pid
    must "the gateway is not active" systemctl --quiet is-active "$gateway"
    must "it does not say that it lives" live
    must "it does not answer" asks
    pid=$(gateway_pid)
    must "the gateway is not the user homarus" test "$(ps -o user= -p "$pid")" = homarus
    must "others may look into the data" test "$(stat -c '%U %a' "$state")" = "homarus 700"
    must "the gateway is not in its slice" test "$(property "$gateway" Slice)" = homarus.slice
    must "no model runs as a service of its own" test -n "$(engines)"
    for instance in $(engines); do
        must "$instance is not in the slice of models" test "$(property "$instance" Slice)" = homarus-engine.slice
    done
    seen=$(nsenter --target "$(engine_pid)" --mount ls "$state" | tr '\n' ' ')
    must "a model sees more of the state than it may: $seen" test "$seen" = "engine models "
    none_failed
    say "it answers, as a user of its own; a model runs in the slice of models and sees nothing but models"
}

lets_in() { # who administers the box without root, and nobody else
    must "a person whom nobody named is let in" refused person owner homarus status
    usermod --append --groups homarus-admin owner
    must "a member of homarus-admin is not let in" person owner homarus status >/dev/null
    say "a member of homarus-admin administers it, somebody else does not"
}

is_closed() { # what systemd measures from outside, with every drop-in that was installed
    local unit measured
    for unit in "$gateway" "$(engines | head -n 1)" homarus-worker@1-2-3.service; do
        measured=$(systemd-analyze security --no-pager "$unit" |
            sed -n 's/.*Overall exposure level for [^:]*: \([0-9.]*\).*/\1/p')
        must "systemd measures ${measured:-nothing} for $unit, more than $exposure_most" \
            awk -v is="$measured" -v most="$exposure_most" 'BEGIN { exit !(is != "" && is + 0 <= most + 0) }'
        say "systemd-analyze security $unit: $measured"
    done
}

is_limited() {
    local slice most file
    for slice in homarus-engine.slice homarus-workers.slice; do
        most=$(property "$slice" MemoryMax)
        must "$slice has no limit of memory: $most" test "$most" -gt 0
        file=/sys/fs/cgroup/homarus.slice/$slice/memory.max
        if [ -e "$file" ]; then
            must "the kernel holds $slice to another limit than $most" test "$(<"$file")" -eq "$most"
            say "the kernel holds $slice to $((most >> 20)) MiB"
        elif grep -qw memory /sys/fs/cgroup/cgroup.controllers; then
            say "$slice may take $((most >> 20)) MiB; nothing runs in it"
        else
            say "$slice may take $((most >> 20)) MiB, but the kernel gives this root no memory controller: not proven here"
        fi
    done
}

comes_back() {
    local model process
    model=$(engine_pid)
    process=$(gateway_pid)
    kill -KILL "$model"
    waits 60 "a model that was killed does not come back" another engine_pid "$model"
    must "the gateway went with its model" test "$(gateway_pid)" = "$process"
    none_failed
    say "a killed model is back"

    model=$(engine_pid)
    kill -KILL "$process"
    waits 60 "a gateway that was killed does not come back" another gateway_pid "$process"
    waits 90 "a gateway that came back does not live" live
    waits 60 "it does not answer after it was killed" asks
    waits 30 "a model outlived its gateway" gone "$model"
    none_failed
    say "a killed gateway is back, with models of its own"

    process=$(gateway_pid)
    kill -STOP "$process" # as a loop that is blocked: it does not feed the watchdog any more
    waits 150 "the watchdog leaves a gateway that hangs alone" another gateway_pid "$process"
    waits 90 "a gateway that hung does not live again" live
    waits 60 "it does not answer after it hung" asks
    must "systemd does not count both ends of the gateway" test "$(property "$gateway" NRestarts)" = 2
    must "it was not the watchdog" bash -c "journalctl --unit=$gateway | grep -qi 'watchdog timeout'"
    none_failed
    say "a gateway that hung was ended by its watchdog and is back"
}

say "$(. /etc/os-release && echo "$PRETTY_NAME"), $(systemctl --version | head -n 1), $(python3 --version)"
useradd --create-home owner
home=$(getent passwd owner | cut -d: -f6)/homarus # a home folder: the program has to be copied out of it
chmod 700 "${home%/*}"
echo 'owner ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/owner
cp -r "$PWD" "$home"
chown -R owner: "$home"

person owner "$home/scripts/install"
say "installed after $SECONDS s"
must "doctor finds more than a notice right after the installation" homarus doctor
looks_right
lets_in
is_closed
is_limited
comes_back

touch /run/fresh-mark
pid=$(gateway_pid)
person owner "$home/scripts/install" >/dev/null
changed=$(find /etc /usr/local /opt/homarus -newer /run/fresh-mark -type f ! -path '*/.cache/*' ! -name '*.pyc')
must "a second install changed $changed" test -z "$changed"
must "a second install restarted the gateway" test "$(gateway_pid)" = "$pid"
say "a second install changed nothing"

mkdir -p "$home/.cache"
cp -r /opt/homarus/.cache/llama "$home/.cache/" # built once
homarus uninstall
must "uninstall left $(ours | tr '\n' ' ')" test -z "$(ours)"
must "uninstall left what pip and npm keep" test ! -e "$HOME/.npm" -a ! -e "$HOME/.cache/pip"
must "uninstall took the data" test -f "$state/homarus.sqlite"
must "processes of ours are left" test -z "$(pgrep -u homarus)"
say "uninstalled after $SECONDS s; nothing is left but the data"

person owner "$home/scripts/install" >/dev/null
must "the conversation is gone" bash -c "homarus sessions | grep -q 'timer'"
say "installed anew with the old data"

# The other way in: the program is there, the service is not.
systemctl --quiet disable --now "$gateway" homarus-engine.socket homarus-worker.socket homarus.target
rm -r /etc/systemd/system/homarus*
systemctl daemon-reload
said=$(homarus onboard --install-daemon --non-interactive --name Fresh --expose loopback) || die "onboard failed: $said"
must "onboard does not know the name it was given: $said" grep -q Fresh <<<"$said"
waits 90 "it does not live after onboard" live
looks_right
say "onboard --install-daemon made the service again and set the box up"

homarus uninstall --purge --yes
left=$(ours; ls -d "$state" 2>/dev/null; getent passwd homarus; getent group homarus homarus-admin) || true
must "purge left $left" test -z "$left"
say "removed with the data after $SECONDS s"
