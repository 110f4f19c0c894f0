#!/bin/sh
# Move the end of the data partition, and of the extended partition around it, to the end of the disk of the root.
# At every boot: a card that was copied to a larger one grows too. The file system itself grows when it is mounted.
# A partition that still has the size it was shipped with has never been used: it gets its file system first, and the
# table is written when that is done. So a power cut at any moment begins it again, and used data is never made anew.
set -eu
extended=4
data=7
shipped=@SHIPPED_SECTORS@
least=@LEAST_SECTORS@
spare=8192 # sectors: less than this is not worth a change

disk=$(basename "$(readlink -f "/sys/dev/block/$(mountpoint -d /)/..")")
at=
around=
for each in "/sys/class/block/$disk/$disk"*; do
    case $(cat "$each/partition" 2>/dev/null || true) in
    "$extended") around=$each ;;
    "$data") at=$each ;;
    esac
done
[ -n "$at" ] && [ -n "$around" ] || { echo "there is no data partition on $disk" >&2; exit 1; }

start=$(cat "$at/start")
size=$(cat "$at/size")
total=$(cat "/sys/class/block/$disk/size")
limit=4294967295 # sectors that an MBR can name: 2 TiB
if [ "$total" -gt "$limit" ]; then total=$limit; fi
whole=$(((total - start) / 2048 * 2048))

if [ $((whole - size)) -lt "$spare" ] && [ "$size" -gt "$shipped" ]; then exit 0; fi
if [ "$whole" -lt "$least" ]; then
    echo "this card is too small: $((whole / 2048)) MiB are left for the data, and it needs $((least / 2048))" >&2
    exit 1
fi
if [ "$size" -le "$shipped" ]; then
    # With the journal and the room for tables of a large one: it is small only now. 2^28 blocks are 1 TiB.
    mkfs.ext4 -q -F -L data -T default -J size=64 -E resize=268435456 "/dev/${at##*/}"
    sync "/dev/${at##*/}"
    echo "made the file system for the data of this box"
fi
# The outer one first: a power cut in between leaves a table that holds what it held.
for each in "$extended,$((total - $(cat "$around/start")))" "$data,$whole"; do
    echo ",${each#*,}" | sfdisk --quiet --no-reread --no-tell-kernel --wipe never -N "${each%,*}" "/dev/$disk"
done
sync "/dev/$disk"
partx --update --nr "$data" "/dev/$disk"
echo "the data partition of $disk has $((whole / 2048)) MiB"
