"""What a loaded model needs of memory, from its header."""

from __future__ import annotations

from appliance.engine.memory.plan import Shape, cell_bytes, wanted
from appliance.engine.native.facts import facts_of
from appliance.engine.native.model import Model
from appliance.engine.profile import EngineProfile


def shape_of(model: Model, profile: EngineProfile, *, window: int, cells: int, blobs: int, beside: int = 0) -> Shape:
    """Return the shape of a model; `window` and `cells` as asked for (0: default), `beside`: bytes of a draft model.

    Layers that keep a sliding window or a state of fixed size are counted as whole ones: rather too much.
    """
    facts = facts_of(model, profile)
    longest, most = wanted(trained=model.trained_context, window=window, cells=cells)
    each = cell_bytes(facts.layers, facts.width_k, facts.width_v, profile.type_k, profile.type_v)
    return Shape(each, model.size_bytes + beside, longest, most, blobs)
