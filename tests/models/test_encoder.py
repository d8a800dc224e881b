"""The shipped encoder: what every encoder promises, and that it is still the model it was made from."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from citewell.models.encoder import Encoder, load_encoder
from citewell.models.tokens import batches

TEXTS = [
    "How many days of annual leave do new employees get?",
    "a",
    "",
    "Ελληνικά, русский, 日本語, العربية, हिन्दी",
    "🎉👩‍👩‍👧‍👦 party",
    "word " * 5000,
    "x" * 20_000,
    "Leave is requested in the portal.\n\nManagers answer within five days.",
]


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return load_encoder()


def test_rows_have_length_one_and_the_declared_width(encoder: Encoder) -> None:
    vectors = encoder.encode(TEXTS)
    assert vectors.shape == (len(TEXTS), encoder.dimension) == (len(TEXTS), 384)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_a_text_has_the_same_vector_alone_and_in_any_batch(encoder: Encoder) -> None:
    together = encoder.encode(TEXTS * 5)
    alone = np.concatenate([encoder.encode([text]) for text in TEXTS])
    np.testing.assert_allclose(together, np.tile(alone, (5, 1)), atol=1e-5)


def test_order_is_the_callers(encoder: Encoder) -> None:
    np.testing.assert_allclose(encoder.encode(TEXTS[::-1]), encoder.encode(TEXTS)[::-1], atol=1e-5)


def test_nothing_gives_an_empty_matrix(encoder: Encoder) -> None:
    assert encoder.encode([]).shape == (0, 384)
    assert encoder.count_tokens([]) == []
    assert encoder.token_spans("") == []


def test_text_beyond_the_limit_is_not_read(encoder: Encoder) -> None:
    kept = "word " * (encoder.max_tokens - 2)  # [CLS] and [SEP] take two
    vectors = encoder.encode([kept, kept + "completely different ending", kept[:-10]])
    np.testing.assert_allclose(vectors[0], vectors[1], atol=1e-6)
    assert not np.allclose(vectors[0], vectors[2], atol=1e-6)


def test_counts_are_untruncated_and_include_special_tokens(encoder: Encoder) -> None:
    assert encoder.count_tokens(["word " * 5000, "word", ""]) == [5002, 3, 2]


def test_spans_are_the_texts_own_characters(encoder: Encoder) -> None:
    text = "Grüße 🎉 unbelievable 日本 e\u0301tude."
    spans = encoder.token_spans(text)
    assert len(spans) + 2 == encoder.count_tokens([text])[0]
    assert [a for a, _ in spans] == sorted(a for a, _ in spans)
    assert "".join(text[a:b] for a, b in spans).replace(" ", "") == text.replace(" ", "")


def test_half_a_surrogate_pair_is_survived(encoder: Encoder) -> None:
    text = "before \ud800 after"
    assert encoder.encode([text]).shape == (1, 384)
    assert text[slice(*encoder.token_spans(text)[-1])] == "after"


def test_progress_counts_up_to_all(encoder: Encoder) -> None:
    heard: list[int] = []
    encoder.encode(TEXTS, heard.append)
    assert heard == sorted(heard)
    assert heard[-1] == len(TEXTS)


def test_meaning_is_near_meaning(encoder: Encoder) -> None:
    question, answer, other = encoder.encode(
        ["When do I get paid?", "Salaries are paid on the 25th of each month.", "The pump is lubricated twice a year."]
    )
    assert question @ answer > question @ other + 0.2


def test_vectors_stay_close_to_the_float_originals(encoder: Encoder) -> None:
    recorded = json.loads((Path(__file__).parent / "float_vectors.json").read_text(encoding="utf-8"))
    original = np.array(recorded["vectors"])
    cosines = np.sum(encoder.encode(recorded["texts"]) * original, axis=1) / np.linalg.norm(original, axis=1)
    assert cosines.min() >= 0.99


def test_identity_is_stable(encoder: Encoder) -> None:
    name, _, digest = encoder.identity.partition("@")
    assert name == "minilm-l6-int8"
    assert len(digest) == 12
    assert load_encoder().identity == encoder.identity


@pytest.mark.parametrize("module", ["citewell.models", "citewell.models.encoder"])
def test_importing_loads_no_engine(module: str) -> None:
    code = f"import sys, {module}; print(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    loaded = set(
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    )
    assert not loaded & {"onnxruntime", "tokenizers", "torch", "transformers", "onnx", "huggingface_hub", "scipy"}
    if module == "citewell.models":
        assert "numpy" not in loaded


def test_loading_is_silent() -> None:
    code = "from citewell.models.encoder import load_encoder; load_encoder().encode(['a', 'b c'])"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == done.stderr == ""


def test_batches_cover_every_row_once_within_their_budget() -> None:
    lengths = [256, 3, 3, 3, 90, 91, 90, 300, 7]
    for mixed in (False, True):
        found = list(batches(lengths, mixed, tokens=256, rows=2))
        assert sorted(index for batch in found for index in batch) == list(range(len(lengths)))
        for batch in found:
            longest = max(lengths[index] for index in batch)
            assert len(batch) == 1 or len(batch) * longest <= 256
            assert len(batch) <= 2
            assert mixed or {lengths[index] for index in batch} == {longest}
