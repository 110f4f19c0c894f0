"""One boot, from the card to a box with a name and an owner. Every step may fail alone; the box comes up.

A power cut anywhere is healed by the next boot: settings are kept first, then the report says so, then the card is
wiped; until then the same file is read and kept again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from appliance.firstboot import card as cards
from appliance.firstboot import report as reports
from appliance.firstboot.applying import identity, owner, plan
from appliance.firstboot.applying.files import Put, do
from appliance.firstboot.applying.live import System, tell
from appliance.firstboot.applying.plan import Option
from appliance.firstboot.card import Card
from appliance.firstboot.reading.checks import World
from appliance.firstboot.reading.keyboards import layouts
from appliance.firstboot.reading.look import look
from appliance.firstboot.report import Report
from appliance.firstboot.values import Found, Login, Mistake, Settings
from appliance.foundation.clock import Clock
from appliance.foundation.errors import ApplianceError
from appliance.foundation.filetrouble import told

Send = Callable[[Sequence[Option], Sequence[Option]], dict[str, str]]
_FIRST_KEY = "exposure"
"""Who wrote this one wrongly wanted something: a box that was to be closed is not opened, and says so on its screen."""
_FIRST = tuple(Option(_FIRST_KEY, path, value) for path, value in plan.FIRST_OPTIONS)


@dataclass(frozen=True, slots=True)
class Boot:
    """What a boot works with. `draw` gives random hex digits, `send` takes options to the gateway's configuration."""

    system: System
    clock: Clock
    draw: Callable[[], str]
    send: Send
    say: Callable[[str], None]

    def run(self) -> bool:
        """Do everything; tell whether all of it worked. Mistakes of a person do not count: those are reported."""
        trouble: list[str] = []
        name = self._name(trouble)
        try:
            self._settings(name, trouble)
        except Exception as error:  # noqa: BLE001 - whatever lies on a card: the box has a name, its owner gets in
            # Not its text: that may quote a password.
            trouble.append(f"The settings on the card could not be looked at ({type(error).__name__}).")
        name = self._name(trouble)  # the settings may have said another one
        notes = list(tell(self.system, name, trouble))
        for line in (*notes, *trouble):
            self.say(line)
        return not trouble

    def _name(self, trouble: list[str]) -> str:
        try:
            return identity.named(self.system.root, self.draw)
        except OSError as error:
            trouble.append(told(error))
            return identity.default_name(self.system.root, self.draw)

    def _settings(self, name: str, trouble: list[str]) -> None:
        card, before = Card(self.system.root), reports.load(self.system.root)
        names: dict[str, Path] | None = None
        files: dict[str, bytes] = {}
        try:
            names = card.names()
            files = card.files(names)
            if half := cards.torn(files, before):
                card.remove(names, half)
                files = {each: content for each, content in files.items() if each not in half}
        except OSError as error:
            trouble.append(cards.trouble(error))
            files = {}
        found = look(files, frozenset(names or ()), world(self.system.root))
        report, failed = self._taken(found, before)
        trouble += failed
        try:
            wipe = () if failed else found.wipe
            self._keep(replace(report, wiping=cards.wiping(files, wipe) or None))
            if names is not None:
                card.remove(names, wipe)
                card.leave(report, found.settings.hostname or name)
            self._keep(replace(report, wiping=None))  # in this order, each on the disk before the next
        except OSError as error:
            trouble.append(told(error))

    def _taken(self, found: Found, before: Report) -> tuple[Report, list[str]]:
        """Keep what was read. Return the report, and what could not be kept: then the card stays as it is."""
        failed: list[str] = []
        applied = self._parts(found.settings, failed)
        unclear = any(one.key == _FIRST_KEY for one in found.mistakes)
        options, refused = self._options(found.settings, failed, () if before.first or unclear else _FIRST)
        first = before.first or not failed
        if found.source is None:
            return replace(before, kept=found.kept, wiping=None, first=first), failed
        mistakes = (*found.mistakes, *(Mistake(found.source, path, reason, "") for path, reason in refused.items()))
        notes = (*found.notes, *failed)
        report = Report(
            (*applied, *options), mistakes, notes, found.source, self.clock.now_ms(), kept=found.kept, first=first
        )
        for line in (*found.notes, *(one.sentence() for one in report.all_mistakes)):
            self.say(line)
        return report, failed

    def _parts(self, settings: Settings, failed: list[str]) -> list[str]:
        root, applied = self.system.root, []
        for part in plan.parts(settings, _login(root)):
            try:
                for act in part.acts:
                    do(root, act)
                applied.append(part.name)
            except OSError as error:
                failed.append(f"The {part.name} could not be kept: {told(error)}")
        return applied

    def _options(
        self, settings: Settings, failed: list[str], first: tuple[Option, ...]
    ) -> tuple[list[str], dict[str, str]]:
        """Hand options to the gateway; return the names of those it took, and the others with the reason."""
        wanted = tuple(plan.options(settings))
        if not wanted and not first:
            return [], {}
        try:
            refused = self.send(wanted, first)
        except ApplianceError as error:
            failed.append(str(error))
            return [], {}
        return [one.name for one in wanted if one.path not in refused], refused

    def _keep(self, report: Report) -> None:
        do(self.system.root, Put(reports.FILE, report.encode()))


def world(root: Path) -> World:
    """Return what the checks have to know of this box."""
    accounts = {line.split(":", 1)[0] for line in _lines(root / "etc/passwd")}
    countries = {line[:2] for line in _lines(root / "usr/share/zoneinfo/iso3166.tab") if line[:2].isalpha()}
    usual = World()
    return replace(
        usual,
        accounts=usual.accounts | accounts,
        countries=frozenset(countries),
        keyboards=frozenset(layouts(root)),
    )


def _login(root: Path) -> Login | None:
    try:
        return owner.decode((root / owner.FILE).read_bytes())
    except OSError:
        return None


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8", "replace").splitlines()
    except OSError:
        return []
