"""What the owner wants of updates, read by root from the gateway's own file.

That file belongs to the gateway's user, who may be an enemy one day: only the three parts below are looked at, nothing
of its text is repeated, and no file is read that it names.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urljoin, urlsplit
from zoneinfo import ZoneInfo

from appliance.config.document.json5 import MAX_CHARACTERS, parse, skip_space
from appliance.config.errors import ConfigRefusedError, ConfigSyntaxError
from appliance.config.load import load_text
from appliance.config.reading.secrets import read_regular
from appliance.config.schema import Config, usable
from appliance.host.timezone import system_zone
from appliance.updates.channel.window import Window
from appliance.updates.errors import UpdateError

_DEFAULT_URL: Final = "usr/lib/homarus/keys/channel.url"
_MAX_URL: Final = 1024
_PARTS: Final = ("updates", "offline", "timezone")


@dataclass(frozen=True, slots=True)
class Settings:
    """`url` is the folder of the manifests, None where neither the owner nor the image names one."""

    url: str | None
    channel: str
    auto: bool
    window: Window
    canary: bool
    zone: ZoneInfo
    offline: bool

    def manifest_url(self, *, plain: bool) -> str:
        """Return where the manifest of the channel is; `plain` allows http. Raises UpdateError."""
        if self.offline:
            raise UpdateError("This box is set to make no connections.", code="offline")
        if self.url is None:
            raise UpdateError("No address for updates is set.", code="no_source")
        if urlsplit(self.url).scheme != "https" and not plain:
            raise UpdateError("The address for updates is not an https:// address.", code="insecure_url")
        return urljoin(self.url.rstrip("/") + "/", f"{self.channel}.json")


def read_settings(config: Path, root: Path = Path("/")) -> Settings:
    """Return the settings of a box. Raises UpdateError for a section that is refused: then nothing is guessed."""
    try:
        found = _parts(config)
        section, offline, zone = usable(found.updates), usable(found.offline), usable(found.timezone)
    except (ConfigRefusedError, ConfigSyntaxError, OSError, UnicodeDecodeError) as error:
        message = "What the configuration says of updates cannot be used, so that nothing is installed."
        raise UpdateError(message, code="config_refused") from error
    return Settings(
        url=section.url or _of_the_image(root),
        channel=section.channel,
        auto=section.auto,
        window=Window.parse(section.window),
        canary=section.canary,
        zone=ZoneInfo(zone) if zone else system_zone(),
        offline=offline,
    )


def _parts(config: Path) -> Config:
    try:
        text = read_regular(config, 4 * MAX_CHARACTERS).decode("utf-8")
    except FileNotFoundError:
        text = ""
    values = parse(text) if skip_space(text, 0) < len(text) else {}
    wanted = {key: values[key] for key in _PARTS if key in values} if isinstance(values, dict) else {}
    return load_text(json.dumps(wanted), {}, folder=config.parent).config


def _of_the_image(root: Path) -> str | None:
    try:
        with (root / _DEFAULT_URL).open(encoding="ascii") as file:
            return file.read(_MAX_URL).strip() or None
    except (OSError, UnicodeDecodeError):
        return None
