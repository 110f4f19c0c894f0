"""The arguments of the local engine: what the configuration and the state directory say of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from appliance.config.sections.models import LocalModelSection, PeerServeSection
from appliance.engine.tuning.shelf import Shelf

_MB = 1_000_000


@dataclass(frozen=True, slots=True)
class EngineFolders:
    """`root` holds the profiles of the tuner and, below `states`, the attention states of each model.

    `libraries` are those of the engine: a profile that was measured with others is not used.
    """

    root: Path
    libraries: Path | None = None

    @property
    def profiles(self) -> Shelf:
        """What the tuner found, by model."""
        return Shelf(self.root / "profiles", self.libraries)

    def profile(self, model: Path) -> Path | None:
        """Return the profile that holds for this file on this box, if there is one. Blocks."""
        shelf = self.profiles
        return shelf.path(model) if shelf.valid(model) is not None else None

    def states(self, model: Path) -> Path:
        """Return the folder of a model's states; one engine at a time may hold it."""
        return self.root / "states" / model.stem


def engine_arguments(section: LocalModelSection, model: Path, folders: EngineFolders) -> list[str]:
    """Return what the engine process is started with. Blocks: it looks for a profile."""
    arguments = ["--model", str(model), "--embeddings"]
    if section.context_tokens:
        arguments += ["--context", str(section.context_tokens)]
    if section.threads:
        arguments += ["--threads", str(section.threads)]
    if (profile := folders.profile(model)) is not None:
        arguments += ["--profile", str(profile)]
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
    return arguments + ([] if section.serve is None else _serve_arguments(section.serve))


def _serve_arguments(serve: PeerServeSection) -> list[str]:
    """Return how paired boxes are let in: names of files, no secrets; a process list is read by everybody."""
    arguments = ["--listen", serve.listen, "--certificate", serve.certificate, "--key", serve.key]
    arguments += ["--clients", serve.peers]
    return arguments + (["--peer-bytes", str(serve.memory_mb * _MB)] if serve.memory_mb else [])
