"""Reads entropy and probabilities out of the logits of one step; the only module here that needs numpy."""

from __future__ import annotations

from typing import Any

import numpy as np

from appliance.engine.monitor.judge import Signal


class Signals:
    """Computes signals in one reused buffer: no garbage per token, whatever the vocabulary."""

    def __init__(self, size: int) -> None:
        self._weights = np.empty(size, np.float32)

    def copy(self, logits: Any, row: Any) -> Any:
        """Return a copy that outlives the next decode, in the memory of `row` where that is not None."""
        if row is None:
            return logits.copy()
        np.copyto(row, logits)
        return row

    def read(self, logits: Any, token: int) -> Signal:
        """Return the signal of float32 `logits`, all finite or minus infinity, from which `token` was chosen.

        H = log Z + m - sum(w x) / Z with m the largest logit, w = exp(x - m) and Z the sum of w. The
        differences run in float32 (error about 1e-4 nats): four passes over the numbers, no other memory.
        """
        weights = self._weights
        peak = float(logits.max())
        np.subtract(logits, np.float32(peak), out=weights)
        chosen = float(weights[token])
        # einsum without optimisation is a plain vector loop: BLAS would wake threads that the decoding needs
        np.exp(weights, out=weights)
        total = float(weights.sum())
        mean = float(np.einsum("i,i->", weights, logits)) / total
        log_total = float(np.log(total))
        entropy = log_total + peak - mean
        if not np.isfinite(entropy):  # 0 * -inf where the sampler has ruled tokens out
            finite = weights > 0
            mean = float((weights[finite] * logits[finite]).sum()) / total
            entropy = log_total + peak - mean
        return Signal(max(entropy, 0.0), 1.0 / total, chosen - log_total)
