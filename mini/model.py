"""The network: a llama in miniature (RMSNorm, interleaved rotary pairs, grouped attention, SwiGLU, tied embeddings)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True, slots=True)
class Shape:
    vocabulary: int
    width: int = 256
    layers: int = 6
    hidden: int = 768
    heads: int = 4
    key_heads: int = 2
    context: int = 512
    rope_base: float = 10000.0
    epsilon: float = 1e-5

    @property
    def head(self) -> int:
        return self.width // self.heads


def rotary(shape: Shape) -> tuple[Tensor, Tensor]:
    """Return cosines and sines, (context, head / 2)."""
    rates = shape.rope_base ** (-torch.arange(0, shape.head, 2).float() / shape.head)
    angles = torch.outer(torch.arange(shape.context).float(), rates)
    return angles.cos(), angles.sin()


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn the pairs (2i, 2i+1), as llama.cpp does for `llama`. x: (batch, heads, time, head)."""
    even, odd = x[..., 0::2], x[..., 1::2]
    cos, sin = cos[: x.shape[-2]], sin[: x.shape[-2]]
    return torch.stack((even * cos - odd * sin, even * sin + odd * cos), -1).flatten(-2)


class Norm(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(shape.width))
        self.epsilon = shape.epsilon

    def forward(self, x: Tensor) -> Tensor:
        return functional.rms_norm(x, (x.shape[-1],), self.weight, self.epsilon)


class Block(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.attn_norm, self.ffn_norm = Norm(shape), Norm(shape)
        narrow = shape.key_heads * shape.head
        self.q = nn.Linear(shape.width, shape.width, bias=False)
        self.k = nn.Linear(shape.width, narrow, bias=False)
        self.v = nn.Linear(shape.width, narrow, bias=False)
        self.o = nn.Linear(shape.width, shape.width, bias=False)
        self.gate = nn.Linear(shape.width, shape.hidden, bias=False)
        self.up = nn.Linear(shape.width, shape.hidden, bias=False)
        self.down = nn.Linear(shape.hidden, shape.width, bias=False)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, drop: float) -> Tensor:
        batch, time, _ = x.shape
        s = self.shape
        h = self.attn_norm(x)
        q = rotate(self.q(h).view(batch, time, s.heads, s.head).transpose(1, 2), cos, sin)
        k = rotate(self.k(h).view(batch, time, s.key_heads, s.head).transpose(1, 2), cos, sin)
        v = self.v(h).view(batch, time, s.key_heads, s.head).transpose(1, 2)
        share = s.heads // s.key_heads
        a = functional.scaled_dot_product_attention(
            q, k.repeat_interleave(share, 1), v.repeat_interleave(share, 1), is_causal=True
        )
        x = x + functional.dropout(self.o(a.transpose(1, 2).reshape(batch, time, s.width)), drop, self.training)
        h = self.ffn_norm(x)
        return x + functional.dropout(self.down(functional.silu(self.gate(h)) * self.up(h)), drop, self.training)


class Mini(nn.Module):
    """Logits for every position. Sequences are padded on the right, which causal attention never sees."""

    def __init__(self, shape: Shape, drop: float = 0.0) -> None:
        super().__init__()
        self.shape, self.drop = shape, drop
        self.embed = nn.Embedding(shape.vocabulary, shape.width)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.norm = Norm(shape)
        cos, sin = rotary(shape)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)
        for name, parameter in self.named_parameters():
            if parameter.ndim == 2:
                scale = (2 * shape.layers) ** -0.5 if name.endswith(("o.weight", "down.weight")) else 1.0
                nn.init.normal_(parameter, std=0.03 * scale)

    def forward(self, ids: Tensor) -> Tensor:
        x = functional.dropout(self.embed(ids), self.drop, self.training)
        for block in self.blocks:
            x = block(x, self.cos, self.sin, self.drop)
        return self.norm(x)

    def logits(self, hidden: Tensor) -> Tensor:
        return functional.linear(hidden, self.embed.weight)


def loaded(checkpoint: Path, drop: float = 0.0) -> Mini:
    """Return the network of a checkpoint, of whatever depth and precision it was written in."""
    known = {name: value.float() for name, value in torch.load(checkpoint, map_location="cpu").items()}
    layers = 1 + max(int(name.split(".")[1]) for name in known if name.startswith("blocks."))
    vocabulary, width = known["embed.weight"].shape
    model = Mini(Shape(vocabulary, width, layers), drop)
    model.load_state_dict(known)
    return model
