#!/bin/sh
# Move the end of the data partition, and of the extended partition around it, to the end of the disk of the root.
# At every boot: a card that was copied to a larger one grows too. The file system itself grows when it is mounted.
# A data partition that holds nothing (a new card, or after a factory reset) gets an empty file system.
set -eu
extended=4
data=7
spare=8192 # sectors: less than this is not worth a change

disk=$(basename "$(readlink -f "/sys/dev/block/$(mountpoint -d /)/..")")
at=
for each in "/sys/class/block/$disk/$disk"*; do
    if [ "$(cat "$each/partition" 2>/dev/null)" = "$data" ]; then at=$each; fi
done
[ -n "$at" ] || { echo "there is no data partition on $disk" >&2; exit 1; }

end=$(($(cat "$at/start") + $(cat "$at/size")))
total=$(cat "/sys/class/block/$disk/size")
limit=4294967295 # sectors that an MBR can name: 2 TiB
if [ "$total" -gt "$limit" ]; then total=$limit; fi
if [ $((total - end)) -ge "$spare" ]; then
    # The outer one first: a power cut in between leaves a table that holds what it held.
    for number in "$extended" "$data"; do
        echo ',+' | sfdisk --quiet --no-reread --no-tell-kernel --wipe never -N "$number" "/dev/$disk"
    done
    sync "/dev/$disk"
    partx --update --nr "$data" "/dev/$disk"
    echo "the data partition of $disk has grown by $(((total - end) / 2048)) MiB"
fi

# 2 is "nothing found"; everything else, also what is not understood, is left alone.
found=0
blkid --probe "/dev/${at##*/}" >/dev/null || found=$?
if [ "$found" -eq 2 ]; then
    mkfs.ext4 -q -L data "/dev/${at##*/}"
    echo "made an empty file system for the data of this box"
fi
