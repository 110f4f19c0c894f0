"""One model of the catalogue, and what follows from its shape."""

from __future__ import annotations

from typing import Annotated

import msgspec

_F16_BYTES = 2
_Count = Annotated[int, msgspec.Meta(ge=1)]
_Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9.-]{1,40}$")]
_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
_Language = Annotated[str, msgspec.Meta(pattern=r"^[a-z]{2}$")]


class _Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    pass


class Licence(_Record, frozen=True):
    """`free`: anyone may use it for anything. `note` says in one sentence what else holds."""

    id: _Text
    free: bool
    note: str = ""


class Shape(_Record, frozen=True):
    """Of the published configuration. `tied`: one matrix serves as embedding and as output.

    `sliding_layers` of the layers look back `sliding_window` tokens only; the others see everything.
    """

    layers: _Count
    kv_heads: _Count
    head_size: _Count
    width: _Count
    vocabulary: _Count
    tied: bool
    sliding_layers: Annotated[int, msgspec.Meta(ge=0)] = 0
    sliding_window: Annotated[int, msgspec.Meta(ge=0)] = 0

    def kv_bytes_per_token(self, element_bytes: float = _F16_BYTES) -> int:
        """Return what a token takes in the layers that keep it.

        Layers x 2 (keys and values) x heads x size of a head x bytes of a number; saved states have exactly this size.
        """
        kept = self.layers - self.sliding_layers
        return round(kept * self._layer_bytes(element_bytes))

    def kv_bytes(self, tokens: int, element_bytes: float = _F16_BYTES) -> int:
        """Return what a conversation of `tokens` takes; sliding layers hold their window at most."""
        sliding = self.sliding_layers * min(tokens, self.sliding_window)
        return self.kv_bytes_per_token(element_bytes) * tokens + round(sliding * self._layer_bytes(element_bytes))

    def _layer_bytes(self, element_bytes: float) -> float:
        return 2 * self.kv_heads * self.head_size * element_bytes


class Entry(_Record, frozen=True):
    """A model that can be fetched by name. `approximate_bytes` is what the hub's page showed, to be read anew."""

    name: _Name
    title: _Text
    repository: Annotated[str, msgspec.Meta(pattern=r"^[\w.-]+/[\w.-]+$")]
    file: Annotated[str, msgspec.Meta(pattern=r"^[\w.-]+\.gguf$")]
    quantisation: Annotated[str, msgspec.Meta(pattern=r"^Q\d_(K_M|\d)$")]
    licence: Licence
    parameters: _Count
    shape: Shape
    context: _Count
    tool_format: _Text
    languages: Annotated[tuple[_Language, ...], msgspec.Meta(min_length=1)]
    minimum_ram_mb: _Count
    approximate_bytes: _Count
    thinks: bool = False

    @property
    def source(self) -> str:
        """What `homarus models pull` understands."""
        return f"hf:{self.repository}/{self.file}"

    @property
    def body_parameters(self) -> int:
        """The parameters that every token of a prompt passes: all but embedding and output."""
        matrices = 1 if self.shape.tied else 2
        return self.parameters - matrices * self.shape.vocabulary * self.shape.width

    @property
    def full_attention(self) -> bool:
        """Whether a stored state can be cut anywhere: no layer forgets."""
        return self.shape.sliding_layers == 0
