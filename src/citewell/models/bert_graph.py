"""Writes a BERT as one ONNX graph of fused operators, in float or with 8-bit weights and activations.

The graph is written node by node from the checkpoint's tensors, so it needs neither torch nor a tracing exporter, comes
out the same byte for byte on every machine, and is already in the form ONNX Runtime would optimise it to. Needs the
``onnx`` package (the ``train`` extra); nothing here is imported when a question is asked.

    input_ids (rows, tokens) int64, every row of the same length: there is no padding and no mask
      ─ words (8 bits per value, one scale per row) + positions ─ layer norm
      ─ N × [ linear ─ attention ─ linear ─ add & norm ─ linear ─ GELU ─ linear ─ add & norm ]
      ─ mean over tokens ─ unit length ─► embedding (rows, hidden) float32

So much for a sentence encoder. A pair model (reader, reranker, verifier) has the same body, but token types, heads at
its end, and no words: they are the encoder's, looked up outside of the graph (``words.py``) and handed in.

    word_rows (rows, tokens, hidden) float32, token_types (rows, tokens) int64
      ─ + positions + types ─ layer norm ─ N × [ … ]
      ─ per head a linear layer, in float ─► NAME (rows, tokens, size), or (rows, size) when on the first token only

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

from citewell.errors import UserError
from citewell.models.files import Head

Floats = NDArray[np.float32]
Steps = NDArray[np.int8]
Tensors = dict[str, Floats]

WORD_EMBEDDINGS = "embeddings.word_embeddings.weight"
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
        """Raises UserError for anything but BERT with exact GELU and absolute positions."""
        try:
            config = json.loads((directory / "config.json").read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise UserError(
                f"{directory}/config.json cannot be read ({error}). Expected a Hugging Face BERT."
            ) from None
        expected = {"model_type": "bert", "hidden_act": "gelu", "position_embedding_type": "absolute"}
        for name, value in expected.items():
            if config.get(name, value) != value:
                raise UserError(f"{directory}: {name} is {config[name]!r}. Only {value!r} can be written.")
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

    def word_rows(self, words: Floats, small: bool) -> str:
        """input_ids to their word rows. small: rows on 8 bits, else in float."""
        if not small:
            return self.node("Gather", [self.constant("words", words), "input_ids"], "words.result")
        rows, scale = round_columns(words.T, 127)
        steps = self.node("Gather", [self.constant("words", rows.T), "input_ids"], "words.steps")
        values = self.node("Cast", [steps], "words.values", to=1)
        scales = self.node("Gather", [self.constant("words.scale", scale[:, None]), "input_ids"], "words.scales")
        return self.node("Mul", [values, scales], "words.result")

    def placed(self, word_rows: str, counted: str, places: Floats, tensors: Tensors, epsilon: float) -> str:
        """Word rows plus positions, normed. counted: a value whose second axis is the tokens."""
        count = self.node("Shape", [counted], "tokens", start=1, end=2)
        bounds = [self.constant("zero", np.array([0])), count, self.constant("first_axis", np.array([0]))]
        used = self.node("Slice", [self.constant("positions", places), *bounds], "positions.used")
        total = self.node("Add", [word_rows, used], "embeddings")
        gamma = self.constant("embeddings.gamma", tensors["embeddings.LayerNorm.weight"])
        beta = self.constant("embeddings.beta", tensors["embeddings.LayerNorm.bias"])
        return self.node("LayerNormalization", [total, gamma, beta], "embeddings.norm", epsilon=epsilon)

    def add_and_norm(self, value: str, residual: str, tensors: Tensors, place: str, epsilon: float) -> str:
        gamma = self.constant(f"{place}.gamma", tensors[f"{place}.LayerNorm.weight"])
        beta = self.constant(f"{place}.beta", tensors[f"{place}.LayerNorm.bias"])
        # ONNX Runtime 1.31 has one operator for both, seven times as slow as these two.
        total = self.node("Add", [value, residual], f"{place}.sum")
        return self.node("LayerNormalization", [total, gamma, beta], f"{place}.norm", epsilon=epsilon)

    def head(self, name: str, head: Head, value: str, tensors: Tensors) -> Any:
        """Token vectors to one head's logits. Returns the graph's output, called ``name``."""
        from onnx import TensorProto, helper, numpy_helper

        if name in {"word_rows", "token_types", *(each.name for each in (*self.nodes, *self.constants))}:
            raise UserError(f"A head cannot be called '{name}': the graph uses that name itself. Choose another one.")
        shape: list[str | int] = ["rows", "tokens", head.size]
        if head.on == "first":
            self.constants.append(numpy_helper.from_array(np.array(0), f"{name}.place"))  # no axis, unlike [0]
            value = self.node("Gather", [value, f"{name}.place"], f"{name}.first", axis=1)
            shape = ["rows", head.size]
        weight = self.constant(f"{name}.weight", tensors[f"heads.{name}.weight"].T)
        product = self.node("MatMul", [value, weight], f"{name}.product")
        self.node("Add", [product, self.constant(f"{name}.bias", tensors[f"heads.{name}.bias"])], name)
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

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
    words = writer.word_rows(tensors[WORD_EMBEDDINGS], small_words)
    # Every text is segment 0, so its embedding is part of each position's.
    places = tensors["embeddings.position_embeddings.weight"][:max_tokens]
    places = places + tensors["embeddings.token_type_embeddings.weight"][0]
    value = writer.placed(words, "input_ids", places, tensors, architecture.epsilon)
    writer.mean_of_unit_length(_write_layers(writer, value, tensors, architecture, rounded))
    inputs = [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["rows", "tokens"])]
    outputs = [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["rows", architecture.hidden])]
    if with_linear_inputs:
        outputs += _linear_inputs(writer, tensors, architecture)
    return _model("citewell-encoder", writer, inputs, outputs)


def write_pair_model(
    tensors: Tensors,
    architecture: Architecture,
    max_tokens: int,
    rounded: Mapping[str, Rounded],
    heads: Mapping[str, Head],
    *,
    with_linear_inputs: bool = False,
) -> Any:
    """A pair model as an ``onnx.ModelProto``: no words in it, heads in float. Arguments as for :func:`write_encoder`.

    tensors: also ``heads.NAME.weight`` (size, hidden) and ``heads.NAME.bias`` (size,) of each head.
    """
    from onnx import TensorProto, helper

    writer = GraphWriter()
    kinds = writer.constant("types", tensors["embeddings.token_type_embeddings.weight"])
    typed = writer.node("Gather", [kinds, "token_types"], "types.result")
    words = writer.node("Add", ["word_rows", typed], "words.typed")
    places = tensors["embeddings.position_embeddings.weight"][:max_tokens]
    value = writer.placed(words, "token_types", places, tensors, architecture.epsilon)
    value = _write_layers(writer, value, tensors, architecture, rounded)
    outputs = [writer.head(name, head, value, tensors) for name, head in heads.items()]
    if with_linear_inputs:
        outputs += _linear_inputs(writer, tensors, architecture)
    shape = ["rows", "tokens"]
    inputs = [
        helper.make_tensor_value_info("word_rows", TensorProto.FLOAT, [*shape, architecture.hidden]),
        helper.make_tensor_value_info("token_types", TensorProto.INT64, shape),
    ]
    return _model("citewell-pair", writer, inputs, outputs)


def write_words(words: Floats) -> Any:
    """A word table on 8 bits by itself, for pair models whose words are no encoder's; the encoder's own first nodes."""
    from onnx import TensorProto, helper

    writer = GraphWriter()
    result = writer.word_rows(words, small=True)
    shape = ["rows", "tokens"]
    inputs = [helper.make_tensor_value_info("input_ids", TensorProto.INT64, shape)]
    outputs = [helper.make_tensor_value_info(result, TensorProto.FLOAT, [*shape, words.shape[1]])]
    return _model("citewell-words", writer, inputs, outputs)


def _write_layers(
    writer: GraphWriter, value: str, tensors: Tensors, architecture: Architecture, rounded: Mapping[str, Rounded]
) -> str:
    """The transformer layers, from normed embeddings to the last token vectors."""
    by_name = {linear.name: linear for linear in linear_layers(tensors, architecture)}
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
    return value


def _linear_inputs(writer: GraphWriter, tensors: Tensors, architecture: Architecture) -> list[Any]:
    """What each linear layer reads as outputs of the graph, named after the layer."""
    from onnx import TensorProto, helper

    widths = {linear.name: linear.weight.shape[0] for linear in linear_layers(tensors, architecture)}
    for name, read in writer.linear_inputs.items():
        writer.node("Identity", [read], name)
    return [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", "tokens", widths[name]])
        for name in writer.linear_inputs
    ]


def _model(name: str, writer: GraphWriter, inputs: list[Any], outputs: list[Any]) -> Any:
    from onnx import helper

    graph = helper.make_graph(writer.nodes, name, inputs, outputs, writer.constants)
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8, producer_name="citewell")
