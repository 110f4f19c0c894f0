#!/bin/sh
# Give this disk an id of its own, once, and let the command line of each slot name it: the initial RAM file system looks
# for the disk with that id (root-disk.sh). At each start, and for a slot that RAUC has just written: name-disk A|B.
#
# The disk first, then the slots, each id by one write within one sector, so a power cut leaves the old or the new. So a
# slot names this disk or none ("the id of every image"), never another one, and the box starts from every state between.
set -eu
everybodys=@SIGNATURE@
place=/run/homarus-name-disk

disk=/dev/$(basename "$(readlink -f "/sys/dev/block/$(mountpoint -d /)/..")")
own=$(blkid -p -s PTUUID -o value "$disk") || own= # says nothing of an id of zeros
nobodys() { [ -z "$own" ] || [ "$own" = "$everybodys" ] || [ "$own" = 00000000 ]; }
if nobodys; then
    while nobodys; do
        own=$(od -A n -N 4 -t x1 /dev/urandom | tr -d ' \n')
    done
    # Little endian, at byte 440. What the running kernel calls its partitions does not change before the next start.
    bytes=$(echo "$own" | sed -E 's/(..)(..)(..)(..)/\\x\4\\x\3\\x\2\\x\1/')
    /usr/bin/printf "$bytes" | dd of="$disk" bs=4 seek=440 oflag=seek_bytes iflag=fullblock conv=notrunc,fsync status=none
    echo "the id of $disk is $own"
fi

# Let slot $1 name this disk, and mount nothing when it ends. A slot that cannot be written does not keep the other one
# from its turn. Without a name it starts all the same, as long as no second disk is in the box (root-disk.sh).
name_slot() {
    letter=$(echo "$1" | tr AB ab)
    line=$place/cmdline_$letter.txt
    # Looked at without writing: most starts have nothing to do.
    if ! why=$(mount -t vfat -o ro "/dev/disk/by-slot/boot_$letter" "$place" 2>&1); then
        echo "slot $1 is empty or cannot be read: $why"
        return 0
    fi
    found=$(grep -bo 'homarus\.disk=[0-9a-f]\{8\}' "$line" 2>/dev/null | head -n 1) || found=
    named=true
    if [ -n "$found" ] && [ "${found##*=}" != "$own" ]; then
        at=$((${found%%:*} + 13)) # behind the equals sign
        if mount -o remount,rw "$place" && printf '%s' "$own" |
            dd of="$line" bs=8 seek="$at" oflag=seek_bytes iflag=fullblock conv=notrunc,fsync status=none; then
            echo "slot $1 names the disk $own"
        else
            echo "slot $1 cannot be written; the next start tries again" >&2
            named=false
        fi
    fi
    umount "$place" || exit 1 # the other one would be mounted over it
    "$named"
}

mkdir -p "$place"
# RAUC writes to no slot that is mounted.
umount "$place" 2>/dev/null || true
trap 'umount "$place" 2>/dev/null || true' EXIT
status=0
for slot in ${*:-A B}; do
    name_slot "$slot" || status=1
done
exit "$status"
