"""Does what the machine decides: files of networks, NetworkManager, the state for those who look."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from appliance.firstboot.applying.files import Put, do
from appliance.firstboot.applying.plan import COUNTRY
from appliance.firstboot.applying.wifi_file import content, file_name, network_id
from appliance.firstboot.card import FOLDER as CARD
from appliance.firstboot.values import Wifi
from appliance.firstboot.wifi import point as points
from appliance.firstboot.wifi.desk import Desk, Wish
from appliance.firstboot.wifi.machine import Act, Machine, Phase, Seen, Step, Try
from appliance.firstboot.wifi.point import Point
from appliance.foundation.clock import Clock
from appliance.foundation.filetrouble import told
from appliance.host.wifi.network_manager import Device, Failed, Network, NetworkError, Objects, Radios, Watch

NETWORKS: Final = "var/lib/NetworkManager/system-connections"
_VOLATILE: Final = "run/NetworkManager/system-connections"
_LOOK_S: Final = {Phase.JOINING: 1.0, Phase.SETUP: 2.0}
_SLOW_S: Final = 5.0  # a box that starts has better things to do than to look


@dataclass(slots=True)
class Driver:
    """One run of the set-up. `run_program` returns a status, `say` writes to the journal."""

    root: Path
    manager: Radios
    watch: Watch
    own: Point
    clock: Clock
    run_program: Callable[[Sequence[str]], int | None]
    say: Callable[[str], None]
    look_s: float | None = None
    _wifi: Wifi | None = None
    _before: bytes | None = None
    _heard: list[Network] = field(default_factory=list)
    _open: bool = False
    _devices: list[Device] = field(default_factory=list)
    _objects: Objects = Objects({})

    def run(self) -> None:
        """Go on until the box has a network, or no radio, and nobody wishes for another one.

        Raises NetworkError where NetworkManager stays away, OSError where no file can be written.
        """
        desk = Desk(self.root)
        self._until_ended(desk)
        while desk.waits():  # left while the last look was taken
            self._until_ended(desk)

    def _until_ended(self, desk: Desk) -> None:
        machine = Machine(self.clock.monotonic())
        away = 0
        while machine.phase is not Phase.ENDED:
            usual = _LOOK_S.get(machine.phase, _SLOW_S)
            failed = self.watch.take(usual if self.look_s is None else self.look_s)
            wish: Wish | None = None
            try:
                seen = self.look(failed)
                wish = desk.take()  # only now: what is taken is gone, and a look may fail
                for step in machine.step(seen, self.clock.monotonic(), self._wished(wish)):
                    if isinstance(step, Try):
                        wish = None  # it had its turn; a network that cannot be tried is not tried for ever
                    self._do(step)
                away = 0
            except (NetworkError, OSError) as error:
                away += 1
                self.say(told(error) if isinstance(error, OSError) else str(error))
                if wish is not None and not desk.waits():
                    desk.ask(wish)  # what had to go before it did not go
                if away > 30 or self.watch.ended:
                    raise
            desk.show(machine.phase, machine.result, self._heard, self.own if self._open else None)

    def look(self, failed: Sequence[Failed]) -> Seen:
        """Return what is so now."""
        now = self._objects = self.manager.objects()
        self._devices = now.devices()
        radio, joining = self._radio(), self._joining()
        wanted = network_id(self._wifi.ssid) if self._wifi is not None else ""
        reasons = [one.reason for one in failed if joining is not None and one.device == joining.path]
        self._open = any(one.active == points.UUID for one in self._devices)
        return Seen(
            online=any(one.up and one.active != points.UUID for one in self._devices),
            own=self._open,
            radio=radio is not None,
            known=any(not one.own for one in self.manager.known(now)),
            spare=radio is not None and joining is not None and radio.path != joining.path,
            joined=bool(wanted) and any(one.up and one.active == wanted for one in self._devices),
            reason=reasons[-1] if reasons else None,
        )

    def _radio(self) -> Device | None:
        """The radio that opens the own network; one that does so already stays it."""
        able = [one for one in self._devices if one.wifi and one.access_point]
        return next((one for one in able if one.active == points.UUID), able[0] if able else None)

    def _joining(self) -> Device | None:
        """The radio that joins others: a second one where there is one, else the same."""
        own = self._radio()
        others = [one for one in self._devices if one.wifi and (own is None or one.path != own.path)]
        return others[0] if others else own

    def _wished(self, wish: Wish | None) -> Wifi | None:
        if wish is None:
            return None
        if wish.country is not None:
            try:
                do(self.root, Put(COUNTRY, f"{wish.country}\n".encode()))
            except OSError as error:
                self.say(told(error))
            self.run_program(["iw", "reg", "set", wish.country])
        return wish.wifi

    def _do(self, step: Step) -> None:
        match step:
            case Try(wifi):
                self._join(wifi)
            case Act.SCAN:
                self._scan()
            case Act.OPEN:
                self._open_own()
            case Act.CLOSE:
                self.manager.delete(points.UUID)
                self._open = False
            case Act.DROP:
                self._drop()
            case Act.END:
                self.say("the set-up of the Wi-Fi is over")

    def _scan(self) -> None:
        device = self._joining()
        if device is not None:
            self._heard = self._objects.networks(device.path) or self._heard
            self.manager.scan(device.path)

    def _open_own(self) -> None:
        device = self._radio()
        if device is None:
            return
        self._heard = self._objects.networks(device.path) or self._heard
        path = f"{_VOLATILE}/{points.FILE}"
        do(self.root, Put(path, points.keyfile(self.own, device.name).encode(), 0o600, 0o700))
        self.manager.load(str(self.root / path))
        self.manager.activate(points.UUID, device.path)
        self._open = True
        self.say(f"no network: the box opened {self.own.ssid} to be set up")
        self._label()

    def _label(self) -> None:
        """Leave name and key on the card, for a box without a screen; a card that cannot be written is no reason."""
        try:
            if (self.root / CARD).is_dir():
                do(self.root / CARD, Put(points.LABEL, points.label(self.own)))
        except OSError as error:
            self.say(told(error))

    def _join(self, wifi: Wifi) -> None:
        device = self._joining()
        if device is None:
            return
        self._wifi = wifi
        path = self.root / NETWORKS / file_name(wifi.ssid)
        self._before = path.read_bytes() if path.exists() else None
        self._keep(wifi, content(wifi).encode())
        self.manager.load(str(path))
        self.manager.activate(network_id(wifi.ssid), device.path)
        self.say("a network is tried")

    def _drop(self) -> None:
        """Forget what did not work; what was known of this network before is known again."""
        if self._wifi is None:
            return
        wifi, self._wifi = self._wifi, None
        self.say("the network could not be joined")
        if self._before is None:
            self.manager.delete(network_id(wifi.ssid))
            (self.root / NETWORKS / file_name(wifi.ssid)).unlink(missing_ok=True)
        else:
            self._keep(wifi, self._before)
            self.manager.load(str(self.root / NETWORKS / file_name(wifi.ssid)))

    def _keep(self, wifi: Wifi, text: bytes) -> None:
        do(self.root, Put(f"{NETWORKS}/{file_name(wifi.ssid)}", text, 0o600, 0o700))
