#!/bin/sh
# Find the root of the slot that the firmware started, on the disk that it started from, and tell it to initramfs-tools
# (local-top, ROOT in /conf/param.conf). Two disks with Homarus may be in one Pi, a card and an NVMe: the kernel of one
# with the root and the data of the other would commit and update the wrong disk.
#
# Two things say which disk it is. The firmware says of what kind (chosen/bootloader/boot-mode: raspberrypi.com,
# "BOOT_ORDER"). The command line says which one (homarus.disk=, the signature of its MBR), once the box has named its
# disk (`name-disk`); until then, and in a slot that RAUC has just written, it has the id of every image.
case ${1:-} in
prereqs) exit 0 ;;
esac
everybodys=@SIGNATURE@
patience=40 # seconds; then initramfs-tools says that there is no root, and restarts: a trial goes back
late=5      # a disk of a USB port may need this much longer than another

told=$everybodys
root=
for word in $(cat /proc/cmdline); do
    case $word in
    rauc.slot=A) root=5 ;;
    rauc.slot=B) root=6 ;;
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

# Name the root of each disk that fits: of that kind, with our partitions, and with the id $1 if there is one.
fitting() {
    for disk in /sys/class/block/$kind; do
        disk=${disk##*/}
        case $disk in
        mmcblk*p* | nvme*p*) continue ;;
        mmcblk* | nvme*) part=${disk}p ;;
        *) part=$disk ;;
        esac
        if [ ! -e "/sys/class/block/$disk/$part$root" ] || [ ! -e "/sys/class/block/$disk/${part}7" ]; then continue; fi
        if [ -n "${1:-}" ] && [ "$(blkid -p -s PTUUID -o value "/dev/$disk")" != "$1" ]; then continue; fi
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
echo "Homarus: no single disk (kind $kind, id $told) has the root of this slot" >/dev/console
exit 0
