"""Writes a BERT encoder as one ONNX graph of fused operators, in float or with 8-bit weights and activations.

The graph is written node by node from the checkpoint's tensors, so it needs neither torch nor a tracing exporter, comes
out the same byte for byte on every machine, and is already in the form ONNX Runtime would optimise it to. Needs the
``onnx`` package (the ``train`` extra); nothing here is imported when a question is asked.

    input_ids (rows, tokens) int64, every row of the same length: there is no padding and no mask
      ─ words (8 bits per value, one scale per row) + positions ─ layer norm
      ─ N × [ linear ─ attention ─ linear ─ add & norm ─ linear ─ GELU ─ linear ─ add & norm ]
      ─ mean over tokens ─ unit length ─► embedding (rows, hidden) float32

A linear layer stays in float or is :class:`Rounded`: its input is put on a :class:`Grid` of 8 bits and its weights are
rounded per output column (``rounding.py`` decides how). The grid is fixed when the graph is written, from calibration
texts, so a text's vector never depends on what else is encoded with it.

A few input channels of a BERT are far larger than the rest (one of 1,536 reaches 25 where the next stays below 7), and
on one grid for all they would leave everything else a handful of steps. So a grid first divides each channel by its own
factor, which the weight's rows take over: SmoothQuant (Xiao et al. 2023, arXiv:2211.10438).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Steps = NDArray[np.int8]
Tensors = dict[str, Floats]

OPSET = 17  # first with LayerNormalization; read by every ONNX Runtime since 1.12


@dataclass(frozen=True, slots=True)
class Architecture:
    """Sizes of a BERT encoder, from its ``config.json``."""

    layers: int
    heads: int
    hidden: int
    epsilon: float  # of every layer norm

    @staticmethod
    def read(directory: Path) -> Architecture:
        """Raises ValueError for anything but BERT with exact GELU and absolute positions."""
        config = json.loads((directory / "config.json").read_text())
        expected = {"model_type": "bert", "hidden_act": "gelu", "position_embedding_type": "absolute"}
        for name, value in expected.items():
            if config.get(name, value) != value:
                raise ValueError(f"{directory}: {name} is {config[name]!r}. Only {value!r} can be written.")
        return Architecture(
            layers=config["num_hidden_layers"],
            heads=config["num_attention_heads"],
            hidden=config["hidden_size"],
            epsilon=config["layer_norm_eps"],
        )


@dataclass(frozen=True, slots=True)
class Grid:
    """How the input of one linear layer is put on 8 bits: ``round(x / divisors / scale) + zero_point``, in 0…255.

    divisors: one per input channel, or None for all ones.
    """

    scale: float
    zero_point: int
    divisors: Floats | None = None

    @staticmethod
    def over(low: Floats, high: Floats, divisors: Floats | None = None) -> Grid:
        """The grid on which channels that run from ``low`` to ``high`` (both per channel) just fit; it has zero."""
        if divisors is not None:
            low, high = low / divisors, high / divisors
        bottom, top = min(float(low.min()), 0.0), max(float(high.max()), 0.0)
        scale = (top - bottom) / 255 or 1.0
        return Grid(scale, round(-bottom / scale), divisors)

    def round(self, values: Floats) -> Floats:
        """``values`` (…, channels) as they come back from this grid."""
        divisors = np.float32(1) if self.divisors is None else self.divisors
        steps = np.clip(np.rint(values / divisors / np.float32(self.scale)) + self.zero_point, 0, 255)
        return np.asarray((steps - self.zero_point) * np.float32(self.scale) * divisors, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Linear:
    """One linear layer, perhaps several of the checkpoint's side by side: ``y = x @ weight + bias``."""

    name: str
    weight: Floats  # (inputs, outputs)
    bias: Floats  # (outputs,)


@dataclass(frozen=True, slots=True)
class Rounded:
    """What a linear layer becomes on 8 bits: its input's grid and its weight, the grid's divisors taken over."""

    grid: Grid
    weight: Steps  # (inputs, outputs)
    scale: Floats  # (outputs,)


def read_safetensors(path: Path) -> Tensors:
    """Every float32 tensor of the file by name. The layout is documented at huggingface.co/docs/safetensors."""
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    found: Tensors = {}
    for name, entry in header.items():
        if name != "__metadata__" and entry["dtype"] == "F32":
            start, end = (8 + length + offset for offset in entry["data_offsets"])
            found[name] = np.frombuffer(data[start:end], dtype="<f4").reshape(entry["shape"])
    return found


def linear_layers(tensors: Tensors, architecture: Architecture) -> list[Linear]:
    """The four linear layers of each transformer layer, in the order they run; query, key and value are one."""
    found = []
    for layer in range(architecture.layers):
        prefix = f"encoder.layer.{layer}."
        groups = {
            "attention": [f"attention.self.{part}" for part in ("query", "key", "value")],
            "output": ["attention.output.dense"],
            "up": ["intermediate.dense"],
            "down": ["output.dense"],
        }
        for name, parts in groups.items():
            weight = np.concatenate([tensors[f"{prefix}{part}.weight"].T for part in parts], axis=1)
            bias = np.concatenate([tensors[f"{prefix}{part}.bias"] for part in parts])
            found.append(Linear(f"layer{layer}.{name}", np.ascontiguousarray(weight), bias))
    return found


def round_columns(weight: Floats, levels: int) -> tuple[Steps, Floats]:
    """Weights (inputs, outputs) on ``-levels … levels`` with one scale per output column (outputs,)."""
    scale = np.maximum(np.abs(weight).max(axis=0), 1e-12) / levels
    return np.clip(np.rint(weight / scale), -levels, levels).astype(np.int8), scale.astype(np.float32)


@dataclass(slots=True)
class GraphWriter:
    """Collects nodes and constants. Methods return the name of the value they produce."""

    nodes: list[Any] = field(default_factory=list)
    constants: list[Any] = field(default_factory=list)
    linear_inputs: dict[str, str] = field(default_factory=dict)  # linear layer → the value it reads, for calibration

    def constant(self, name: str, values: Any) -> str:
        from onnx import numpy_helper

        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def node(self, operator: str, inputs: list[str], name: str, ours: bool = False, **attributes: Any) -> str:
        """``ours``: one of ONNX Runtime's own operators rather than a standard one."""
        from onnx import helper

        domain = "com.microsoft" if ours else ""
        self.nodes.append(helper.make_node(operator, inputs, [name], name=name, domain=domain, **attributes))
        return name

    def linear(self, linear: Linear, value: str, rounded: Rounded | None) -> str:
        name = linear.name
        self.linear_inputs[name] = value
        bias = self.constant(f"{name}.bias", linear.bias)
        if rounded is None:
            product = self.node("MatMul", [value, self.constant(f"{name}.weight", linear.weight)], f"{name}.product")
            return self.node("Add", [product, bias], f"{name}.result")
        grid = rounded.grid
        if grid.divisors is not None:
            factors = self.constant(f"{name}.factors", 1 / grid.divisors)
            value = self.node("Mul", [value, factors], f"{name}.balanced")
        scale = self.constant(f"{name}.input_scale", np.float32(grid.scale))
        zero = self.constant(f"{name}.input_zero", np.uint8(grid.zero_point))
        steps = self.node("QuantizeLinear", [value, scale, zero], f"{name}.steps")
        weight = self.constant(f"{name}.weight", rounded.weight)
        weight_scale = self.constant(f"{name}.weight_scale", rounded.scale)
        weight_zero = self.constant(f"{name}.weight_zero", np.zeros_like(rounded.scale, dtype=np.int8))
        inputs = [steps, weight, scale, weight_scale, zero, weight_zero, bias]
        return self.node("MatMulIntegerToFloat", inputs, f"{name}.result", ours=True)

    def attention(self, projected: str, layer: str, heads: int) -> str:
        """(rows, tokens, 3 × hidden) queries, keys and values to (rows, tokens, hidden)."""
        from onnx import helper

        parts = [f"{layer}.{part}" for part in ("query", "key", "value")]
        self.nodes.append(helper.make_node("Split", [projected], parts, name=f"{layer}.split", axis=-1))
        return self.node("MultiHeadAttention", parts, f"{layer}.mixed", ours=True, num_heads=heads)

    def embeddings(self, tensors: Tensors, architecture: Architecture, max_tokens: int, small: bool) -> str:
        """Words plus positions, normed. small: word rows on 8 bits, else in float."""
        words = tensors["embeddings.word_embeddings.weight"]
        if small:
            rows, scale = round_columns(words.T, 127)
            steps = self.node("Gather", [self.constant("words", rows.T), "input_ids"], "words.steps")
            values = self.node("Cast", [steps], "words.values", to=1)
            scales = self.node("Gather", [self.constant("words.scale", scale[:, None]), "input_ids"], "words.scales")
            found = self.node("Mul", [values, scales], "words.result")
        else:
            found = self.node("Gather", [self.constant("words", words), "input_ids"], "words.result")
        # Every text is segment 0, so its embedding is part of each position's.
        places = tensors["embeddings.position_embeddings.weight"][:max_tokens]
        places = places + tensors["embeddings.token_type_embeddings.weight"][0]
        count = self.node("Shape", ["input_ids"], "tokens", start=1, end=2)
        bounds = [self.constant("zero", np.array([0])), count, self.constant("first_axis", np.array([0]))]
        used = self.node("Slice", [self.constant("positions", places), *bounds], "positions.used")
        total = self.node("Add", [found, used], "embeddings")
        gamma = self.constant("embeddings.gamma", tensors["embeddings.LayerNorm.weight"])
        beta = self.constant("embeddings.beta", tensors["embeddings.LayerNorm.bias"])
        return self.node("LayerNormalization", [total, gamma, beta], "embeddings.norm", epsilon=architecture.epsilon)

    def add_and_norm(self, value: str, residual: str, tensors: Tensors, place: str, epsilon: float) -> str:
        gamma = self.constant(f"{place}.gamma", tensors[f"{place}.LayerNorm.weight"])
        beta = self.constant(f"{place}.beta", tensors[f"{place}.LayerNorm.bias"])
        # ONNX Runtime 1.31 has one operator for both, seven times as slow as these two.
        total = self.node("Add", [value, residual], f"{place}.sum")
        return self.node("LayerNormalization", [total, gamma, beta], f"{place}.norm", epsilon=epsilon)

    def mean_of_unit_length(self, value: str) -> str:
        """(rows, tokens, hidden) → (rows, hidden)."""
        mean = self.node("ReduceMean", [value], "mean", axes=[1], keepdims=0)
        return self.node("LpNormalization", [mean], "embedding", axis=-1, p=2)


def write_encoder(
    tensors: Tensors,
    architecture: Architecture,
    max_tokens: int,
    rounded: Mapping[str, Rounded],
    *,
    small_words: bool = True,
    with_linear_inputs: bool = False,
) -> Any:
    """The encoder as an ``onnx.ModelProto``.

    rounded: by linear layer name; layers left out stay in float. small_words: word rows on 8 bits. with_linear_inputs:
    also output what each linear layer reads, named after the layer, for calibration.
    """
    from onnx import TensorProto, helper

    writer = GraphWriter()
    by_name = {linear.name: linear for linear in linear_layers(tensors, architecture)}
    value = writer.embeddings(tensors, architecture, max_tokens, small_words)
    for layer in range(architecture.layers):
        own, place = f"layer{layer}", f"encoder.layer.{layer}"
        seen = writer.linear(by_name[f"{own}.attention"], value, rounded.get(f"{own}.attention"))
        seen = writer.attention(seen, own, architecture.heads)
        seen = writer.linear(by_name[f"{own}.output"], seen, rounded.get(f"{own}.output"))
        value = writer.add_and_norm(seen, value, tensors, f"{place}.attention.output", architecture.epsilon)
        wide = writer.linear(by_name[f"{own}.up"], value, rounded.get(f"{own}.up"))
        wide = writer.node("Gelu", [wide], f"{own}.gelu", ours=True)
        down = writer.linear(by_name[f"{own}.down"], wide, rounded.get(f"{own}.down"))
        value = writer.add_and_norm(down, value, tensors, f"{place}.output", architecture.epsilon)
    writer.mean_of_unit_length(value)
    shape = ["rows", "tokens"]
    inputs = [helper.make_tensor_value_info("input_ids", TensorProto.INT64, shape)]
    outputs = [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["rows", architecture.hidden])]
    if with_linear_inputs:
        for name, read in writer.linear_inputs.items():
            writer.node("Identity", [read], name)
            width = by_name[name].weight.shape[0]
            outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [*shape, width]))
    graph = helper.make_graph(writer.nodes, "citewell-encoder", inputs, outputs, writer.constants)
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8, producer_name="citewell")
