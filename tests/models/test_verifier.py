"""The verifier: quotes are never doubted, wrong numbers are found and marked, damaged files are refused by name.

Its network is tiny and random, so what it finds comes from the plain features that it is combined with.
"""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.models import tiny

from citewell.errors import DataError, UserError
from citewell.learning.companions import add_combination, fit_companions
from citewell.learning.data.examples import SupportExample
from citewell.models.pair_model import PairModel
from citewell.models.pairs import PairTokens
from citewell.models.verifier import COMBINATION_NAME, Reading, Verifier, marked_words, read_combination, read_pairs

pytest.importorskip("onnx")

HEADS = {"support": {"on": "first", "size": 1}, "unsupported": {"on": "tokens", "size": 1}}
THINGS = ("pump", "valve", "engine", "boiler", "meter", "filter")
RULE = "Office staff may work from home on up to 3 days a week. The team lead agrees the days in writing."


def examples() -> list[SupportExample]:
    """True and wrong sentences that differ in a number or name."""
    found = []
    for at, thing in enumerate(THINGS * 5):
        told = f"In Oslo the {thing} number {at} runs {at + 3} hours a day. It was built by Anna Berg."
        right, wrong = f"The {thing} runs {at + 3} hours.", f"The {thing} runs {at + 4} hours."
        found.append(SupportExample(told, right, True))
        found.append(SupportExample(told, wrong, False, ((wrong.index("runs ") + 5, len(wrong) - 7),)))
    return found


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from citewell.learning.export import export_pair

    root = tmp_path_factory.mktemp("verifier")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tiny, "PLACES", 160)
        checkpoint = tiny.write_checkpoint(root / "checkpoint", tiny.tensors(heads=HEADS), HEADS)
    export_pair(checkpoint, root / "tiny", tiny.pairs(checkpoint / "tokenizer.json"), own_words=True)
    model = PairModel(root / "tiny")
    tokens = PairTokens(model.tokenizer)
    add_combination(root / "tiny", fit_companions(lambda *pair: read_pairs(model, tokens, *pair), examples()))
    return root / "tiny"


@pytest.fixture
def copied(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "copied"))


def test_a_wrong_number_is_found_and_marked(made: Path) -> None:
    verifier = Verifier.load(made)
    told = ["In Oslo the pump runs 12 hours a day. It was built by Anna Berg."]
    assert verifier.check("The pump runs 12 hours.", told).verdict == "supported"
    claim = "The pump runs 19 hours."
    found = verifier.check(claim, told)
    assert found.verdict in {"contradicted", "unsupported", "weak"} and found.score < 0.5
    assert any(start <= claim.index("19") < end for start, end in found.unsupported)
    assert found.missing == ("19 hours",)


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=60), st.text(max_size=60))
def test_a_verbatim_quote_is_always_supported(before: str, after: str) -> None:
    from citewell.literals.features import read_literally

    quote = "The team lead agrees the days in writing"
    found = read_literally(quote, [f"{before} {quote}. {after}"])
    assert found is not None and (found.score, found.verdict, found.unsupported) == (1.0, "supported", ())


def test_quotes_cost_no_run_and_nothing_supports_nothing(made: Path) -> None:
    verifier = Verifier.load(made)
    assert verifier.check("the team lead agrees the days in writing", ["x", RULE]).score == 1.0
    for claim, evidence in (("", [RULE]), ("...", [RULE]), ("A claim.", []), ("A claim.", ["", " "])):
        assert (verifier.check(claim, evidence).score, verifier.check(claim, evidence).verdict) == (0.0, "unsupported")


@pytest.mark.parametrize(
    "text", ["", "🙂🙂", "שלום עולם", "\ud800 half a pair", "界" * 50, "a" * 20_000, "word " * 5_000]
)
def test_any_text_gets_a_score(made: Path, text: str) -> None:
    verifier = Verifier.load(made)
    for claim, evidence in ((text, RULE), ("The pump runs 12 hours.", text)):
        found = verifier.check(claim, [evidence])
        assert 0 <= found.score <= 1
        assert all(0 <= start < end <= len(claim) for start, end in found.unsupported)


def test_long_evidence_is_read_in_windows_and_the_best_counts(made: Path) -> None:
    verifier = Verifier.load(made)
    claim, parts = "The pump runs 12 hours.", ["oil " * 90, "pump days " * 60, "leave " * 90]
    whole = verifier.read(claim, parts).logit
    tokens = PairTokens(made / "tokenizer.json")
    windows = tokens.windows([claim], [""], ["\n".join(parts)], max_tokens=160, first_tokens=53)[0]
    logits = [float(found["support"][0]) for found in PairModel(made).run(windows)]
    assert len(logits) > 2 and whole == max(logits)


def test_the_same_pair_scores_the_same_in_many_threads(made: Path) -> None:
    verifier = Verifier.load(made, threads=2)
    pairs = [(each.sentence, [each.evidence]) for each in examples()]
    expected = [verifier.check(*pair) for pair in pairs]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda pair: verifier.check(*pair), pairs)) == expected


def test_marks_cover_whole_words_and_join_neighbours() -> None:
    sentence = "The pump-house runs 12 hours, he said."
    wrong = tuple(((start, start + 1), 0.9) for start in (5, 17, 21))
    marked = marked_words(sentence, Reading(0.0, wrong), 0.5)
    assert [sentence[start:end] for start, end in marked] == ["pump-house runs 12"]
    assert marked_words(sentence, Reading(0.0, wrong), 0.95) == ()


def test_the_combination_is_part_of_what_the_verifier_is(copied: Path) -> None:
    before = Verifier.load(copied)
    add_combination(copied, fit_companions(lambda *_: Reading(0.0, ()), examples()))
    after = Verifier.load(copied)
    assert before.identity != after.identity and before.identity.startswith("tiny@")


def test_a_changed_combination_is_refused_by_its_hash(copied: Path) -> None:
    path = copied / COMBINATION_NAME
    path.write_text(path.read_text().replace('"bias": ', '"bias": 1'))
    with pytest.raises(UserError, match=r"support\.json is damaged"):
        Verifier.load(copied)


@pytest.mark.parametrize(("content", "told"), [
    ("{", "not JSON"), ("[]", "format None"), ('{"format": 9, "weights": {}}', "format 9"),
    (None, "cannot be read"),
])  # fmt: skip
def test_a_bad_combination_says_what_is_wrong(tmp_path: Path, content: str | None, told: str) -> None:
    path = tmp_path / COMBINATION_NAME
    if content is not None:
        path.write_text(content)
    with pytest.raises(UserError, match=told):
        read_combination(path)


def test_a_combination_with_something_else_than_numbers_is_refused(copied: Path, tmp_path: Path) -> None:
    data = json.loads((copied / COMBINATION_NAME).read_text())
    data["weights"]["neural"] = "much"
    (tmp_path / "bad.json").write_text(json.dumps(data))
    with pytest.raises(UserError, match="not a number"):
        read_combination(tmp_path / "bad.json")


def test_a_reader_is_no_verifier(tmp_path: Path) -> None:
    from citewell.learning.export import export_pair

    checkpoint = tiny.write_checkpoint(tmp_path / "checkpoint", tiny.tensors(heads=tiny.HEADS), tiny.HEADS)
    export_pair(checkpoint, tmp_path / "reader", tiny.pairs(checkpoint / "tokenizer.json"), own_words=True)
    add_combination(tmp_path / "reader", fit_companions(lambda *_: Reading(0.0, ()), examples()))
    with pytest.raises(UserError, match="it is no verifier"):
        Verifier.load(tmp_path / "reader")


def test_too_few_pairs_to_fit_on_are_counted() -> None:
    with pytest.raises(DataError, match="Expected at least 20 of each"):
        fit_companions(lambda *_: Reading(0.0, ()), examples()[:10])


def test_the_network_gets_a_weight_where_it_knows_more() -> None:
    """A network that knows every answer outweighs features that know nothing."""
    told = "It runs every day."
    blind = [SupportExample(f"{told} {at}", f"It runs daily {at}.", at % 2 == 0) for at in range(100)]
    answers = {each.sentence: each.supported for each in blind}
    found = fit_companions(lambda sentence, _: Reading(4.0 if answers[sentence] else -4.0, ()), blind)
    assert found.weights["neural"] > 0.2
    blank = dict.fromkeys(found.weights, 0.0)
    assert found.score(4.0, blank) - found.score(-4.0, blank) > 0.5
