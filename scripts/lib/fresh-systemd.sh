# systemd as the first process of a root, in namespaces of its own. Sourced by scripts/fresh-check after common.sh.

# Units that would change the machine outside (sysctl, modules, clock, devices) or wait for what a container has not.
_MASKED=(systemd-sysctl systemd-modules-load systemd-udevd systemd-udev-trigger systemd-timesyncd systemd-networkd
    systemd-resolved systemd-binfmt getty@tty1 console-getty)

# Boot ROOT, run scripts/lib/fresh-installed.sh in it as a unit, and fail as it fails.
# Usage: run_systemd ROOT FOLDER... -- NAME=VALUE...   (folders of the host that are shown inside)
run_systemd() {
    local root=$1 unit status folders=()
    shift
    while [ "$1" != -- ]; do
        folders+=("$1")
        shift
    done
    shift
    for unit in "${_MASKED[@]}"; do ln -sf /dev/null "$root/etc/systemd/system/$unit.service"; done
    for unit in apt-daily.timer apt-daily-upgrade.timer dev-hugepages.mount; do
        ln -sf /dev/null "$root/etc/systemd/system/$unit"
    done
    : >"$root/etc/fstab"
    : >"$root/fresh.log"
    : >"$root/fresh.console"
    printf '%s\n' HOME=/root LANG=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@" >"$root/fresh.env"
    cat >"$root/etc/systemd/system/fresh.service" <<'UNIT'
[Service]
EnvironmentFile=/fresh.env
ExecStart=/bin/bash /srv/homarus/scripts/lib/fresh-installed.sh
ExecStopPost=/bin/sh -c 'echo "$EXIT_STATUS" >/fresh.status; systemctl --no-block poweroff 2>/dev/null'
StandardOutput=append:/fresh.log
StandardError=append:/fresh.log
[Install]
WantedBy=multi-user.target
UNIT
    mkdir -p "$root/etc/systemd/system/multi-user.target.wants"
    ln -sf ../fresh.service "$root/etc/systemd/system/multi-user.target.wants/fresh.service"

    group=$(findmnt --noheadings --output TARGET --types cgroup2 | head -n 1)/homarus-fresh-$$
    mkdir "$group" || die "this machine has no control groups of the second version to give away"
    say "booting it; what is done inside:"
    (
        echo "$BASHPID" >"$group/cgroup.procs"
        exec unshare --pid --mount --uts --ipc --cgroup --fork --kill-child bash -c "$_BOOT" boot "$root" "${folders[@]}"
    ) </dev/null >/dev/null 2>"$root/fresh.boot" &
    booted=$! # with `group` what scripts/fresh-check ends when it is interrupted
    tail --pid="$booted" --lines=+1 --follow "$root/fresh.log"
    wait "$booted" || true
    booted=
    remove_group
    status=$(cat "$root/fresh.status" 2>/dev/null) || die "it did not boot: $(tail -n 3 "$root/fresh.boot" "$root/fresh.console")"
    [ "$status" = 0 ] || die "the story of an installation ended with status $status"
}

remove_group() { find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || true; }

# Runs with ROOT and folders as arguments.
_BOOT='
set -e
root=$1; shift
mount --make-rprivate /
mount --bind "$root" "$root"
for each in "$@"; do
    if [ -d "$each" ]; then mkdir -p "$root$each"; mount --bind -o ro "$each" "$root$each"; fi
done
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for each in null zero full random urandom tty; do
    touch "$root/dev/$each"
    mount --bind "/dev/$each" "$root/dev/$each"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
touch "$root/dev/console"
mount --bind "$root/fresh.console" "$root/dev/console"
hostname fresh
cd "$root"
mkdir -p old
pivot_root . old
umount -l /old
mount --make-rshared / # credentials of services are mounted from outside of their namespace
exec env -i container=fresh-check PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --show-status=0
'
