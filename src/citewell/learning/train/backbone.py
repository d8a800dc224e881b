"""The network of reader and verifier: a BERT-like body with small linear heads, its words frozen.

The words (word, position and type vectors with their layer norm) stay what they are in the base model: they are more
than half of the parameters, every model shares them, and so they ship once. Dropout is off: on a processor it costs
half of the speed, and one or two passes over the data do not overfit.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from citewell.errors import UserError
from citewell.models.files import HEADS_NAME, Head


def plain_attention(
    module: Any, query: Any, key: Any, value: Any, mask: Any, scaling: float | None = None, **_: Any
) -> tuple[Any, Any]:
    """Attention by two products and a softmax, the mask in the products' own type.

    On processors it trains at 1.3 times the speed of torch's fused attention, which is slow when a mask is given.
    """
    scores = torch.matmul(query, key.transpose(2, 3)) * (scaling or query.shape[-1] ** -0.5)
    if mask is not None:
        scores = scores + mask.to(scores.dtype).clamp(min=-1e4)
    weights = torch.softmax(scores, dim=-1).to(value.dtype)
    return torch.matmul(weights, value).transpose(1, 2).contiguous(), weights


class PairNetwork(torch.nn.Module):
    """Token ids to each head's logits: (rows, tokens, size) or (rows, size)."""

    def __init__(self, body: Any, heads: Mapping[str, Head]) -> None:
        super().__init__()
        self.body = body
        self.specification = dict(heads)
        width = body.config.hidden_size
        self.heads = torch.nn.ModuleDict({name: torch.nn.Linear(width, head.size) for name, head in heads.items()})
        for layer in self.heads.values():
            torch.nn.init.normal_(layer.weight, std=0.02)  # BERT's own
            torch.nn.init.zeros_(layer.bias)

    def forward(self, input_ids: Any, token_type_ids: Any, attention_mask: Any) -> dict[str, Any]:
        hidden = self.body(
            input_ids=input_ids, token_type_ids=token_type_ids, attention_mask=attention_mask
        ).last_hidden_state
        found = {}
        for name, head in self.specification.items():
            found[name] = self.heads[name](hidden if head.on == "tokens" else hidden[:, 0]).float()
        return found


def load_network(directory: Path, heads: Mapping[str, Head], seed: int = 0) -> PairNetwork:
    """The body in ``directory`` (a Hugging Face BERT, safetensors) with heads: those saved there, else fresh ones."""
    from transformers import AttentionInterface, AttentionMaskInterface, AutoConfig, AutoModel
    from transformers.masking_utils import eager_mask

    AttentionInterface.register("citewell", plain_attention)
    AttentionMaskInterface.register("citewell", eager_mask)
    if not (directory / "model.safetensors").is_file():
        raise UserError(f"{directory} has no model.safetensors. Expected a Hugging Face directory with BERT weights.")
    config = AutoConfig.from_pretrained(directory, local_files_only=True, trust_remote_code=False)
    config.hidden_dropout_prob = config.attention_probs_dropout_prob = 0.0
    body = AutoModel.from_pretrained(
        directory, config=config, add_pooling_layer=False, use_safetensors=True, local_files_only=True,
        trust_remote_code=False, dtype=torch.float32, attn_implementation="citewell",
    )  # fmt: skip
    body.embeddings.requires_grad_(False)
    torch.manual_seed(seed)
    network = PairNetwork(body, heads)
    if (directory / HEADS_NAME).is_file():
        _restore_heads(network, directory)
    return network


def _restore_heads(network: PairNetwork, directory: Path) -> None:
    from safetensors.torch import load_file

    saved = json.loads((directory / HEADS_NAME).read_text(encoding="utf-8"))
    tensors = load_file(directory / "model.safetensors")
    for name, head in network.specification.items():
        if saved.get(name) == {"on": head.on, "size": head.size}:
            for part in ("weight", "bias"):
                getattr(network.heads[name], part).data.copy_(tensors[f"heads.{name}.{part}"])


def save_checkpoint(network: PairNetwork, base: Path, directory: Path, record: Mapping[str, Any]) -> None:
    """Writes a pair checkpoint: weights, configuration, tokenizer, heads, training record. The weights come last."""
    from safetensors.torch import save_file

    directory.mkdir(parents=True, exist_ok=True)
    network.body.config.save_pretrained(directory)
    shutil.copyfile(base / "tokenizer.json", directory / "tokenizer.json")
    heads = {name: {"on": head.on, "size": head.size} for name, head in network.specification.items()}
    (directory / HEADS_NAME).write_text(json.dumps(heads, indent=1) + "\n", encoding="utf-8")
    (directory / "TRAINING.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    tensors = {name: value.detach().float().contiguous() for name, value in network.body.state_dict().items()}
    tensors |= {f"heads.{name}": value.detach().float() for name, value in network.heads.state_dict().items()}
    save_file(tensors, directory / "model.safetensors", metadata={"format": "pt"})
