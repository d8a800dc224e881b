"""LoRA by peft: small matrices beside the linear layers of a body are trained, the body is not.

They are put into the body where it is, so everything that holds the body goes on working, and merged into its weights
at the end: what is exported has no trace of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from citewell.errors import UserError
from citewell.learning.recipes import Lora

RATE = 5.0
"""LoRA learns best at some five to ten times the rate of full training: 2e-4 against 2e-5 to 5e-5 is usual."""


def add_lora(body: Any, lora: Lora, seed: int) -> Callable[[], None]:
    """Freezes ``body`` but for new adapters. Gives back what merges them into its weights, to be called once."""
    from peft import LoraConfig, get_peft_model

    names = [name for name, module in body.named_modules() if isinstance(module, torch.nn.Linear)]
    missing = [each for each in lora.targets if not any(name == each or name.endswith(f".{each}") for name in names)]
    if missing or not lora.targets:
        raise UserError(
            f"LoRA cannot be added to {', '.join(missing) or 'no layer'}: the model's linear layers are called "
            f"{', '.join(sorted({name.split('.', 3)[-1] for name in names})[:8])}."
        )
    torch.manual_seed(seed)
    wrapped = get_peft_model(
        body, LoraConfig(r=lora.rank, lora_alpha=lora.alpha or 2 * lora.rank, target_modules=list(lora.targets))
    )

    def merge() -> None:
        wrapped.merge_and_unload()

    return merge
