"""What our own units and programs are told by the environment is not reported to the owner as a mistake."""

from __future__ import annotations

import re
from pathlib import Path

from appliance.cli.backups.keys import VARIABLE
from appliance.config.load import load_text

_UNITS = Path(__file__).resolve().parents[3] / "systemd"


def test_every_variable_of_a_unit_is_known(tmp_path: Path) -> None:
    units = [path.read_text() for path in _UNITS.rglob("*") if path.suffix in (".service", ".conf")]
    lines = [line for text in units for line in re.findall(r"^Environment=(.*)$", text, flags=re.MULTILINE)]
    names = {name for line in lines for name in re.findall(r"\b(HOMARUS_[A-Z_]+)=", line)}
    assert {"HOMARUS_SPAWN_DIR", "HOMARUS_ENGINE_SOCKETS", "HOMARUS_MODEL_FOLDERS"} <= names
    assert load_text("", dict.fromkeys([*names, VARIABLE], "x"), folder=tmp_path).issues == ()
    assert len(load_text("", {"HOMARUS_SPAWNDIR": "x"}, folder=tmp_path).issues) == 1
