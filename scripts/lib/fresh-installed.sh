# What scripts/fresh-check --install does inside the new root, as a unit of the systemd that runs there: the whole life
# of an installation. Not for a machine that somebody uses.
set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/lib/common.sh

must() { # "what is wrong otherwise" COMMAND...
    local otherwise=$1
    shift
    "$@" || die "$otherwise"
}
ours() { # everything of ours on this machine, but the data and the sources
    find / -xdev \( -path /proc -o -path /sys -o -path "$HOME/homarus" -o -path "$PWD" -o -path /var/lib/homarus \) -prune -o \
        -iname '*homarus*' -print
    find /run -maxdepth 1 -name 'homarus*'
}
slice_of() { systemctl show --property=Slice --value "$1"; }
engine_pid() { pgrep -f -- '-m appliance.engine .*--name mini'; }
asks() { homarus ask set a timer for ten minutes | grep -q '10 minutes'; }

say "$(. /etc/os-release && echo "$PRETTY_NAME"), $(systemctl --version | head -n 1), $(python3 --version)"
home=$HOME/homarus
cp -r "$PWD" "$home" # a home folder: the program has to be copied out of it

"$home/scripts/install"
must "it does not answer" asks
must "the gateway is not in its slice" test "$(slice_of homarus-gateway.service)" = homarus.slice
instance=$(systemctl list-units --plain --no-legend 'homarus-engine@*' | cut -d' ' -f1)
must "no model runs in the slice of models" test "$(slice_of "$instance")" = homarus-engine.slice
seen=$(nsenter --target "$(engine_pid)" --mount ls /var/lib/homarus | tr '\n' ' ')
must "a model sees more of the state than it may: $seen" test "$seen" = "engine models "
before=$(engine_pid)
kill -KILL "$before"
must "a model that was killed does not come back" timeout 60 bash -c "until pgrep -f -- '-m appliance.engine .*--name mini' | grep -qvx $before; do sleep 0.5; done"
must "units have failed: $(systemctl --failed --plain --no-legend)" test -z "$(systemctl --failed --plain --no-legend)"
say "installed, sandboxed, and a killed model is back"

touch /run/fresh-mark
pid=$(systemctl show --property=MainPID --value homarus-gateway.service)
"$home/scripts/install" >/dev/null
changed=$(find /etc /usr/local /opt/homarus -newer /run/fresh-mark -type f ! -path '*/.cache/*' ! -name '*.pyc')
must "a second install changed $changed" test -z "$changed"
must "a second install restarted the gateway" test "$(systemctl show --property=MainPID --value homarus-gateway.service)" = "$pid"
say "a second install changed nothing"

mkdir -p "$home/.cache"
cp -r /opt/homarus/.cache/llama "$home/.cache/" # built once
homarus uninstall
must "uninstall left $(ours | tr '\n' ' ')" test -z "$(ours)"
must "uninstall took the data" test -f /var/lib/homarus/homarus.sqlite
say "uninstalled; nothing is left but the data"

"$home/scripts/install" >/dev/null
must "the conversation is gone" bash -c "homarus sessions | grep -q 'timer'"
homarus uninstall --purge --yes
left=$(ours; ls -d /var/lib/homarus 2>/dev/null; getent passwd homarus; getent group homarus homarus-admin) || true
must "purge left $left" test -z "$left"
say "installed anew with the old data, then removed with it"
