"""Learning as one call: files in, a model out that Citewell runs, with its record, its metrics and its curve.

    found = learn("reader", ["questions.json"], base="minilm", output="my-reader", settings=LearnSettings(budget=1800))

Until the very end nothing stands at ``output``, or what stood there before: everything is made in ``output.training``
beside it, and put in its place by a rename. The same call goes on with a training that was stopped. torch is imported
here only when something is trained.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import citewell
from citewell.errors import MissingExtraError, UserError, refusal
from citewell.evaluation.runs import Figure
from citewell.learning.checkpoints import PLAN_NAME
from citewell.learning.curves import Curve, draw
from citewell.learning.data.examples import ReadingExample, SupportExample
from citewell.learning.data.manifest import NOT_STATED, DataManifest
from citewell.learning.data.splits import AnyExample, split
from citewell.learning.gathering import gather, preparing
from citewell.learning.recipes import LearnSettings, RecipeName, Report, Trained, Watcher, sample, written
from citewell.learning.recording import training_record
from citewell.learning.writing import json_bytes, plain_tokenizer, sha256
from citewell.models.bert_graph import WORD_EMBEDDINGS, read_safetensors, round_columns
from citewell.models.files import GRAPH_NAME, PLAIN_NAME, TOKENIZER_NAME, WEIGHTS, file_sha256
from citewell.models.pairs import FIRST_TOKENS, Pair, PairTokens
from citewell.models.verifier import SENTENCE_TOKENS
from citewell.models.words import WordTable, read_words
from citewell.records import Json
from citewell.settings import BUILTIN_ENCODER

if TYPE_CHECKING:
    from citewell.learning.train.folds import FoldMetric

PACKAGES = ("torch", "transformers", "sentence_transformers", "accelerate", "datasets", "peft", "onnx")
CURVE_NAME = "loss.svg"
DEFAULTS = LearnSettings()
CALIBRATED_ON = 400  # pairs or texts that the export chooses its grids on


@dataclass(frozen=True, slots=True)
class Learned:
    """What was learnt. output: the model as Citewell runs it; its checkpoint, to train on from, lies in it. metrics: on
    held-out examples, before rounding to 8 bits. on_train: the same on examples that were learnt from."""

    recipe: RecipeName
    output: Path
    checkpoint: Path
    curve: Curve
    metrics: dict[str, Figure]
    on_train: dict[str, Figure]
    manifest: DataManifest
    identity: str
    folds: tuple[FoldMetric, ...] = ()
    notes: tuple[str, ...] = ()

    def to_json(self) -> Json:
        return {
            "recipe": self.recipe, "output": str(self.output), "checkpoint": str(self.checkpoint),
            "identity": self.identity, "curve": self.curve.to_json(),
            "metrics": {name: figure.to_json() for name, figure in self.metrics.items()},
            "on_train": {name: figure.to_json() for name, figure in self.on_train.items()},
            "folds": [each.to_json() for each in self.folds], "data": self.manifest.to_json(),
            "notes": list(self.notes),
        }  # fmt: skip


def learn(
    recipe: RecipeName,
    data: Sequence[Path | str],
    base: Path | str,
    output: Path | str,
    settings: LearnSettings = DEFAULTS,
    *,
    tests: Sequence[Path | str] = (),
    licence: str = NOT_STATED,
    fresh: bool = False,
    command: str = "",
    report: Report = lambda line: None,
    progress: Watcher | None = None,
) -> Learned:
    """Trains ``recipe`` on ``data`` from the BERT in ``base`` and writes the model to ``output``.

    tests: data the model will be measured on; what it shares with ``data`` is not learnt. licence: of the data, for the
    record. fresh: begin anew, and replace what stands at ``output`` in the end.
    """
    base, output = Path(base), Path(output)
    staging = check_places(base, output, fresh)
    found = gather(recipe, list(map(Path, data)), list(map(Path, tests)), report, licence)
    prepare = preparing(recipe, settings, report)
    salt = f"seed {settings.seed}"
    folds: tuple[FoldMetric, ...] = ()
    if settings.folds:
        folds = _folds(recipe, base, found.examples, prepare, settings, staging, report, progress)
    train, held_out = map(prepare, split(list(found.examples), share=settings.held_out, salt=salt))
    counts = {"train": len(train), "held out": len(held_out)}
    manifest = DataManifest(found.sources, salt, counts, f"citewell {citewell.__version__}")
    trained = train_once(recipe, base, staging, train, held_out, settings, report, progress)
    return _finish(
        recipe, base, output, staging, trained, train, held_out, manifest, command, report, folds, found.notes
    )


def learn_examples(
    recipe: RecipeName, base: Path, output: Path, train: Sequence[Any], held_out: Sequence[Any],
    manifest: DataManifest, settings: LearnSettings, *, fresh: bool = False, command: str = "",
    report: Report = lambda line: None, progress: Watcher | None = None,
) -> Learned:  # fmt: skip
    """The same from examples that are made already."""
    staging = check_places(base, output, fresh)
    trained = train_once(recipe, base, staging, train, held_out, settings, report, progress)
    return _finish(recipe, base, output, staging, trained, train, held_out, manifest, command, report)


def _finish(
    recipe: RecipeName, base: Path, output: Path, staging: Path, trained: Trained, train: Sequence[Any],
    held_out: Sequence[Any], manifest: DataManifest, command: str, report: Report, folds: Sequence[FoldMetric] = (),
    notes: Sequence[str] = (),
) -> Learned:  # fmt: skip
    """Records and exports what was trained, and puts it in its place."""
    from citewell.learning.train.running import quiet

    record = training_record(recipe, base, trained, manifest, command, folds, notes)
    (trained.checkpoint / "TRAINING.json").write_bytes(json_bytes(record))
    report("writing the model")
    with quiet():
        identity = _export(recipe, base, trained.checkpoint, staging / output.name, train, held_out, report)
    _put_in_place(staging, trained, output, recipe)
    return Learned(
        recipe, output, output / "checkpoint", trained.curve, dict(trained.held_out), dict(trained.train), manifest,
        identity, tuple(folds), tuple(notes),
    )  # fmt: skip


def train_once(
    recipe: RecipeName, base: Path, place: Path, train: Sequence[Any], held_out: Sequence[Any],
    settings: LearnSettings, report: Report, progress: Watcher | None = None,
) -> Trained:  # fmt: skip
    """One training in the folder ``place``."""
    from citewell.learning.train.running import quiet

    places = base, place / "work", place / "checkpoint", train, held_out, settings, report, progress
    with quiet(settings.threads):
        if recipe == "encoder":
            from citewell.learning.train.encoder import train_encoder

            return train_encoder(*places)
        if recipe == "reranker":
            from citewell.learning.train.reranker import train_reranker

            return train_reranker(*places)
        from citewell.learning.train.pair_recipes import READER, VERIFIER, train_pairs

        return train_pairs(READER if recipe == "reader" else VERIFIER, *places)


def check_places(base: Path, output: Path, fresh: bool) -> Path:
    """The folder to work in, when everything that is needed is there and nothing would be overwritten unasked."""
    if any(find_spec(name) is None for name in PACKAGES):
        raise MissingExtraError("Learning", "train")
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        if not (base / name).is_file():
            raise UserError(
                f"The base model in '{base}' has no {name}. Expected a Hugging Face directory of a BERT-like model, "
                "such as all-MiniLM-L6-v2, with config.json, model.safetensors and tokenizer.json."
            )
    if not PLAIN_NAME.fullmatch(output.resolve().name):
        raise UserError(
            f"A model cannot be called {output.resolve().name!r}. Expected an --output whose last part is letters, "
            "digits, '.' and '-'."
        )
    staging = output.with_name(f"{output.name}.training")
    if fresh:
        shutil.rmtree(staging, ignore_errors=True)
    elif output.exists() and not any(staging.rglob(PLAN_NAME)):
        raise UserError(
            f"'{output}' exists. Choose another --output; or give --fresh to train anew and replace it in the end."
        )
    try:
        staging.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(refusal(error, staging) or f"'{staging}' cannot be made: {error}.") from error
    return staging


def _folds(
    recipe: RecipeName, base: Path, examples: Sequence[Any], prepare: Callable[[Sequence[Any]], list[Any]],
    settings: LearnSettings, staging: Path, report: Report, progress: Watcher | None,
) -> tuple[FoldMetric, ...]:  # fmt: skip
    from citewell.learning.train.folds import cross_validate

    def train(place: Path, learnt: Sequence[Any], held_out: Sequence[Any]) -> Trained:
        return train_once(recipe, base, place, prepare(learnt), prepare(held_out), settings, report, progress)

    return tuple(cross_validate(train, examples, settings.folds, f"seed {settings.seed}", staging, report))


# -- the end -----------------------------------------------------------------------------------------------------------


def _export(
    recipe: RecipeName, base: Path, checkpoint: Path, output: Path, train: Sequence[Any], held_out: Sequence[Any],
    report: Report,
) -> str:  # fmt: skip
    """Writes what Citewell runs, and gives back its identity."""
    from citewell.learning.export import export_encoder, export_pair

    shutil.rmtree(output, ignore_errors=True)
    if recipe == "encoder":
        texts = [text for each in train for text in (each.query, *(written(one) for one in each.positives))]
        return export_encoder(checkpoint, output, sample(texts, CALIBRATED_ON), report=report).identity
    pairs = _calibration_pairs(recipe, base / "tokenizer.json", train)
    exported = export_pair(
        checkpoint, output, pairs, own_words=not shares_words(checkpoint), origin="examples that were learnt from",
        report=report,
    )  # fmt: skip
    if recipe == "verifier":
        _weigh(output, held_out, report)
    return exported.identity


def _calibration_pairs(recipe: RecipeName, tokenizer: Path, examples: Sequence[Any]) -> list[Pair]:
    """Pairs as the model will read them."""
    asked = sample([each for example in sample(examples, CALIBRATED_ON) for each in asked_in(example)], CALIBRATED_ON)
    firsts, contexts, texts = ([each[place] for each in asked] for place in range(3))
    most = SENTENCE_TOKENS if recipe == "verifier" else FIRST_TOKENS
    return [windows[0] for windows in PairTokens(tokenizer).windows(firsts, contexts, texts, first_tokens=most)]


def asked_in(example: AnyExample) -> list[tuple[str, str, str]]:
    """What an example lets a pair model read: first text, context, second text."""
    if isinstance(example, SupportExample):
        return [(example.sentence, "", example.evidence)]
    if isinstance(example, ReadingExample):
        return [(example.question, each.context, each.text) for each in example.passages]
    return [(example.query, each.context, each.text) for each in (*example.positives, *example.negatives)]


def shares_words(checkpoint: Path, encoder: Path = WEIGHTS / BUILTIN_ENCODER) -> bool:
    """Whether a checkpoint has words and tokenizer of a shipped encoder, so that they need not be written again."""
    if sha256(plain_tokenizer(checkpoint / TOKENIZER_NAME)) != file_sha256(encoder / TOKENIZER_NAME):
        return False
    rows, scale = round_columns(read_safetensors(checkpoint / "model.safetensors")[WORD_EMBEDDINGS].T, 127)
    return WordTable.of(rows.T, scale[:, None]).digest == read_words(encoder / GRAPH_NAME).digest


def _weigh(output: Path, held_out: Sequence[Any], report: Report) -> None:
    """How the verifier's network counts beside its plain features, fitted on the held-out examples."""
    from citewell.errors import DataError
    from citewell.learning.companions import add_combination, fit_companions
    from citewell.models.pair_model import PairModel
    from citewell.models.pairs import PairTokens
    from citewell.models.verifier import read_pairs

    model = PairModel(output)
    tokens = PairTokens(model.tokenizer)
    try:
        combination = fit_companions(lambda one, evidence: read_pairs(model, tokens, one, evidence), held_out)
    except DataError as error:
        report(f"note: the verifier has no combination with its companions and cannot be used yet: {error}")
        return
    add_combination(output, combination)


def _put_in_place(staging: Path, trained: Trained, output: Path, recipe: RecipeName) -> None:
    """What was made becomes ``output`` in one step; then the folder of the training goes."""
    made = staging / output.name
    trained.checkpoint.rename(made / "checkpoint")
    if drawn := draw(trained.curve, f"Loss of the {recipe}"):
        (made / CURVE_NAME).write_text(drawn, encoding="utf-8")
    if output.exists():
        output.rename(staging / "before")
    made.rename(output)
    shutil.rmtree(staging, ignore_errors=True)
