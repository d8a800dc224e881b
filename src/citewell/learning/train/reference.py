"""The trained network's own logits, which an exported model is compared with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from citewell.learning.parity import Logits
from citewell.learning.train.backbone import load_network
from citewell.models.files import Head
from citewell.models.pairs import Pair


def torch_logits(checkpoint: Path, heads: Mapping[str, Head], pairs: Sequence[Pair]) -> list[Logits]:
    """Of each pair, alone in its batch and in float32."""
    network = load_network(checkpoint, heads).eval()
    found = []
    with torch.inference_mode():
        for pair in pairs:
            ids, types = torch.tensor([pair.ids]), torch.tensor([pair.types])
            logits = network(ids, types, torch.ones_like(ids))
            found.append({name: np.asarray(values[0].numpy(), dtype=np.float32) for name, values in logits.items()})
    return found
