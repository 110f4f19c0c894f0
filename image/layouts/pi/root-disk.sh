#!/bin/sh
# Find the root of the slot that the firmware started, on the disk that it started from, and tell it to initramfs-tools
# (local-top, ROOT in /conf/param.conf). Two disks with Homarus may be in one Pi, a card and an NVMe: the kernel of one
# with the root and the data of the other would commit and update the wrong disk.
#
# Two things say which disk it is. The firmware says of what kind (chosen/bootloader/boot-mode: raspberrypi.com,
# "BOOT_ORDER"). The command line says which one (homarus.disk=, the signature of its MBR), once the box has named its
# disk (`name-disk`); until then, and in a slot that RAUC has just written, it has the id of every image. A disk whose
# id another computer changed (editors of partitions do, and systems that meet a copy) is known by that command line.
case ${1:-} in
prereqs) exit 0 ;;
esac
everybodys=@SIGNATURE@
patience=40     # seconds; then initramfs-tools says that there is no root, and restarts: a trial goes back
late=5          # a disk of a USB port may need this much longer than another
enough=16777216 # bytes of a slot; its command line lies near the beginning (fat.make)

told=$everybodys
root=
for word in $(cat /proc/cmdline); do
    case $word in
    rauc.slot=A) root=5 slot=2 ;;
    rauc.slot=B) root=6 slot=3 ;;
    homarus.disk=*) told=${word#homarus.disk=} ;;
    esac
done
[ -n "$root" ] || exit 0

# A cell of 32 bits, big endian; the shell passes over its zeros.
mode=
IFS= read -r mode 2>/dev/null </proc/device-tree/chosen/bootloader/boot-mode || true
case $mode in
"$(printf '\001')") kind='mmcblk*' ;;
"$(printf '\004')" | "$(printf '\005')") kind='sd*' ;;
"$(printf '\006')") kind='nvme*' ;;
*) kind='*' ;;
esac

# Tell whether the command line that this kernel got is the one in the slot $1. Two disks may be in the box and the right
# one not answer, so that a single disk fits does not make it the right one. Zeros are one long line to grep otherwise.
started() { head -c "$enough" "$1" 2>/dev/null | tr '\000' '\n' | grep -q "homarus\.disk=$told "; }

# Name the root of each disk that fits: of that kind, with our partitions, and with the id $1 if there is one. `renamed`
# in its place: whatever its id is, with this command line.
fitting() {
    for disk in /sys/class/block/$kind; do
        disk=${disk##*/}
        case $disk in
        mmcblk*p* | nvme*p*) continue ;;
        mmcblk* | nvme*) part=${disk}p ;;
        *) part=$disk ;;
        esac
        if [ ! -e "/sys/class/block/$disk/$part$root" ] || [ ! -e "/sys/class/block/$disk/${part}7" ]; then continue; fi
        case ${1:-} in
        '') ;;
        renamed) started "/dev/$part$slot" || continue ;;
        *) [ "$(blkid -p -s PTUUID -o value "/dev/$disk")" = "$1" ] || continue ;;
        esac
        echo "/dev/$part$root"
    done
}

found=
waited=0
first=
said=
while [ "$waited" -lt "$patience" ]; do
    if [ "$told" != "$everybodys" ]; then
        found=$(fitting "$told")
    else
        found=$(fitting)
        # Who has no name is only known by being the only one: the others get time to appear.
        if [ -n "$found" ] && [ $((waited - ${first:=$waited})) -lt "$late" ]; then found=; fi
    fi
    case $found in
    '') ;;
    *' '* | *"
"*)
        if [ -z "$said" ]; then
            said="the firmware started from one of these disks and cannot say which: $(echo $found)"
            echo "Homarus: $said. Take the other one out for this start." >/dev/console
        fi
        ;;
    *)
        echo "ROOT=$found" >>/conf/param.conf
        exit 0
        ;;
    esac
    sleep 1
    waited=$((waited + 1))
done
if [ "$told" != "$everybodys" ]; then
    found=$(fitting renamed)
    case $found in
    '' | *"
"*) ;;
    *)
        echo "Homarus: no single disk has the id $told, but the slot beside $found names it: that is the one" >/dev/console
        echo "ROOT=$found" >>/conf/param.conf
        exit 0
        ;;
    esac
fi
echo "Homarus: no single disk (kind $kind, id $told) has the root of this slot" >/dev/console
exit 0
