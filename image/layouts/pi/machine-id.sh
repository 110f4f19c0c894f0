#!/bin/sh
# Give the system the id that this box keeps on its data partition. UEFI boxes get it on the kernel's command line; here
# that line stands in the slot, and a slot is the same on every box.
# Runs in the initial RAM file system when the root is mounted (initramfs-tools, local-bottom). Whatever is wrong, the boot
# goes on: systemd then draws an id for this one boot.
case ${1:-} in
prereqs) exit 0 ;;
esac

root=$(while read -r device place _; do if [ "$place" = "$rootmnt" ]; then echo "$device"; fi; done </proc/mounts)
case $root in
*[56]) data=${root%?}7 ;;
*) exit 0 ;;
esac

# Read only and without its journal: nothing of it is decided before systemd has checked it.
mkdir -p /run/homarus-id
if mount -t ext4 -o ro,noload "$data" /run/homarus-id 2>/dev/null; then
    id=
    read -r id <"/run/homarus-id/system/machine-id" || true
    umount /run/homarus-id
    case $id in
    *[!0-9a-f]* | '') ;;
    ????????????????????????????????)
        echo "$id" >/run/homarus-machine-id
        mount -o bind /run/homarus-machine-id "$rootmnt/etc/machine-id"
        ;;
    esac
fi
rmdir /run/homarus-id
exit 0
