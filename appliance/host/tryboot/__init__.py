"""The boot loader of a Raspberry Pi as RAUC knows it: two boot partitions, autoboot.txt, and one trial boot at a time.

RAUC calls it as a custom backend (rauc.readthedocs.io, "Custom boot loader", 1.13): `get-primary`, `set-primary NAME`,
`get-state NAME`, `set-state NAME good|bad`, `get-current`. Formats: raspberrypi.com, "autoboot.txt" and "tryboot".

`set-primary` of the slot that is not committed arms a trial: the next restart, if it is asked for through systemd,
starts that slot once. Any other restart, a power cut too, starts the committed one. `set-state NAME good` of the slot
on trial rewrites autoboot.txt, and with that it is committed. The firmware counts nothing: a committed slot that
breaks later stays chosen.
"""

from appliance.host.tryboot.firmware import PARTITIONS, Start, Tryboot, TrybootError

__all__ = ["PARTITIONS", "Start", "Tryboot", "TrybootError"]
