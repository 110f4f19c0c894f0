#!/bin/sh
# Give this disk an id of its own, once, and let the command line of each slot name it: the initial RAM file system looks
# for the disk with that id (root-disk.sh). At each start, and for a slot that RAUC has just written: name-disk A|B.
#
# The disk first, then the slots, each by one write within one sector, so a power cut leaves the old or the new. So a
# slot names this disk or none ("the id of every image"), never another one, and the box starts from every state between.
set -eu
everybodys=@SIGNATURE@
place=/run/homarus-name-disk

disk=/dev/$(basename "$(readlink -f "/sys/dev/block/$(mountpoint -d /)/..")")
own=$(blkid -p -s PTUUID -o value "$disk")
if [ "$own" = "$everybodys" ] || [ "$own" = 00000000 ]; then
    while [ "$own" = "$everybodys" ] || [ "$own" = 00000000 ]; do
        own=$(od -A n -N 4 -t x1 /dev/urandom | tr -d ' \n')
    done
    # Little endian, at byte 440. What the running kernel calls its partitions does not change before the next start.
    bytes=$(echo "$own" | sed -E 's/(..)(..)(..)(..)/\\x\4\\x\3\\x\2\\x\1/')
    /usr/bin/printf "$bytes" | dd of="$disk" bs=4 seek=440 oflag=seek_bytes iflag=fullblock conv=notrunc,fsync status=none
    echo "the id of $disk is $own"
fi

mkdir -p "$place"
for slot in ${*:-A B}; do
    letter=$(echo "$slot" | tr AB ab)
    line=$place/cmdline_$letter.txt
    # Looked at without writing: most starts have nothing to do. An empty slot has no file system or no command line.
    mount -t vfat -o ro "/dev/disk/by-slot/boot_$letter" "$place" 2>/dev/null || continue
    found=$(grep -bo 'homarus\.disk=[0-9a-f]\{8\}' "$line" 2>/dev/null | head -n 1) || found=
    if [ -n "$found" ] && [ "${found##*=}" != "$own" ]; then
        mount -o remount,rw "$place"
        at=$((${found%%:*} + 13)) # behind the equals sign
        printf '%s' "$own" | dd of="$line" bs=8 seek="$at" oflag=seek_bytes iflag=fullblock conv=notrunc,fsync status=none
        echo "slot $slot names the disk $own"
    fi
    umount "$place"
done
