"""The arguments of the local engine: what the configuration and the state directory say of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from appliance.config.sections.models import LocalModelSection

_MB = 1_000_000
PROFILE_NAME = "profile.json"


@dataclass(frozen=True, slots=True)
class EngineFolders:
    """`root` holds the profile of the tuner and, below `states`, the attention states of each model."""

    root: Path

    @property
    def profile(self) -> Path:
        """What the tuner found for this box."""
        return self.root / PROFILE_NAME

    def states(self, model: Path) -> Path:
        """Return the folder of a model's states; one engine at a time may hold it."""
        return self.root / "states" / model.stem


def engine_arguments(section: LocalModelSection, model: Path, folders: EngineFolders) -> list[str]:
    """Return what the engine process is started with."""
    arguments = ["--model", str(model), "--embeddings"]
    if section.context_tokens:
        arguments += ["--context", str(section.context_tokens)]
    if section.threads:
        arguments += ["--threads", str(section.threads)]
    if folders.profile.is_file():
        arguments += ["--profile", str(folders.profile)]
    if section.state_disk_mb != 0:
        arguments += ["--state", str(folders.states(model))]
    if section.state_disk_mb:
        arguments += ["--disk-bytes", str(section.state_disk_mb * _MB)]
    if section.state_ram_mb:
        arguments += ["--ram-bytes", str(section.state_ram_mb * _MB)]
    if section.draft:
        arguments += ["--draft", section.draft]
    for adapter in section.adapters:
        arguments += ["--lora", adapter]
    return arguments
