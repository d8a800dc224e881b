"""The card of a trained model, for people: what it is, what it learnt from, how good it is, what it cannot do.

Everything in it comes from ``TRAINING.json`` and the record of the export; nothing is guessed. What a training record
should hold for a full card:

    recipe, purpose     words
    data                a data manifest (``learning/data/manifest.py``)
    metrics             [{"set", "what", "value", "n", "low", "high", "command"}], the interval when there is one
    limits              [sentence]
    settings, seed, commit, versions
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from citewell.models.files import Head, PairConfig

_UNKNOWN = "not recorded"


def pair_card(
    config: PairConfig, heads: Mapping[str, Head], training: Mapping[str, Any], export: Mapping[str, Any]
) -> str:
    """Markdown."""
    return "\n".join([
        *_about(config, heads, training, export), *_data(training.get("data")), *_metrics(training.get("metrics")),
        *_rounding(export), *_limits(config, training.get("limits")),
    ])  # fmt: skip


def encoder_card(name: str, max_tokens: int, training: Mapping[str, Any], export: Mapping[str, Any]) -> str:
    """Markdown, for a sentence encoder that was trained."""
    rows = [
        ("Recipe", _plain(training.get("recipe"))),
        ("Seed, commit", f"{_plain(training.get('seed'))}, {_plain(training.get('commit'))}"),
        ("Made from", f"`{export['source']['file']}` sha256 `{export['source']['sha256']}`"),
        ("Reads", f"at most {max_tokens} tokens"),
        ("Written as", str(export["variant"])),
        (
            "Mean cosine to float",
            f"{export['mean_cosine_to_float']} on {export['calibration_texts']} calibration texts",
        ),
    ]
    return "\n".join([
        f"# {name}", "", str(training.get("purpose") or "Turns a text into a vector; near is similar."), "",
        *_table(("", ""), rows), *_settings(training), *_data(training.get("data")),
        *_metrics(training.get("metrics")), "", "## Limits", "", *_sentences(training.get("limits")),
        f"- Text beyond {max_tokens} tokens is not read.",
        "- Its vectors do not compare with those of any other encoder: re-index before you use it.", "",
    ])  # fmt: skip


def _about(
    config: PairConfig, heads: Mapping[str, Head], training: Mapping[str, Any], export: Mapping[str, Any]
) -> Iterator[str]:
    yield f"# {config.name}"
    yield ""
    yield str(training.get("purpose") or "Reads pairs of texts.")
    yield ""
    yield from _table(("", ""), [
        ("Recipe", _plain(training.get("recipe"))),
        ("Seed, commit", f"{_plain(training.get('seed'))}, {_plain(training.get('commit'))}"),
        ("Made from", f"`model.safetensors` sha256 `{export['source']['sha256']}`"),
        ("Words and tokenizer", "its own" if config.own_words else f"those of {config.encoder}"),
        ("Reads", f"pairs of at most {config.max_tokens} tokens"),
        ("Gives", "; ".join(_head(name, head) for name, head in heads.items())),
        ("Size", f"{export['bytes'] / 1e6:.1f} MB, in float {export['float_bytes'] / 1e6:.1f} MB with its words"),
        ("Record", "`TRAINING.json`, `EXPORT.json`; hashes in `SHA256SUMS`, checked at every load"),
    ])  # fmt: skip
    yield from _settings(training)


def _settings(training: Mapping[str, Any]) -> Iterator[str]:
    settings = training.get("settings")
    if isinstance(settings, Mapping) and settings:
        yield ""
        yield "Settings: " + ", ".join(f"{name} {_plain(value)}" for name, value in settings.items()) + "."


def _head(name: str, head: Head) -> str:
    return f"`{name}`, {head.size} per {'token' if head.on == 'tokens' else 'pair'}"


def _data(data: Any) -> Iterator[str]:
    yield from ("", "## Trained on", "")
    sources = data.get("sources") if isinstance(data, Mapping) else None
    if not sources:
        yield f"{_UNKNOWN.capitalize()}: the training record has no data manifest. Do not hand this model on."
        return
    yield from _table(("source", "licence", "examples", "documents", "safe to ship", "sha256"), [
        (_plain(each.get("name")), _plain(each.get("licence")), _number(each.get("examples")),
         _number(each.get("documents")), "yes" if each.get("safe_to_ship") else "no", f"`{each.get('sha256', '')}`")
        for each in sources
    ])  # fmt: skip
    yield ""
    counts = ", ".join(f"{name} {_number(value)}" for name, value in dict(data.get("counts") or {}).items())
    yield f"Split by document with salt `{data.get('split_salt', '')}`: {counts or _UNKNOWN}."


def _metrics(metrics: Any) -> Iterator[str]:
    yield from ("", "## How good it is", "")
    if not isinstance(metrics, Sequence) or isinstance(metrics, str) or not metrics:
        yield "Not measured: the training record has no metrics."
        return
    yield from _table(("set", "what", "value", "95 % interval", "n"), [
        (_plain(each.get("set")), _plain(each.get("what")), _number(each.get("value")),
         f"{_number(each['low'])} to {_number(each['high'])}" if "low" in each and "high" in each else "",
         _number(each.get("n")))
        for each in metrics
    ])  # fmt: skip
    commands = dict.fromkeys(str(each["command"]) for each in metrics if each.get("command"))
    if commands:
        yield ""
        yield from (f"    {command}" for command in commands)


def _rounding(export: Mapping[str, Any]) -> Iterator[str]:
    yield from ("", "## What 8 bits cost", "")
    yield from _table(("", "head", "largest difference", "mean difference", "rank correlation"), [
        (name, head, f"{each['largest']:.2g}", f"{each['mean']:.2g}", _number(each["rank_correlation"]))
        for name, heads in export["comparisons"].items()
        for head, each in heads.items()
    ])  # fmt: skip
    apart = "not calibrated on" if export["held_back"] else "also calibrated on"
    yield ""
    yield f"Logits on {export['compared_pairs']:,} pairs, {apart}."
    for each in export["timings"]:
        yield (
            f"A pair of {each['tokens']} tokens: {each['milliseconds']} ms on one thread, in float "
            f"{each['float_milliseconds']} ms ({each['ratio']} ×)."
        )


def _limits(config: PairConfig, limits: Any) -> Iterator[str]:
    yield from ("", "## Limits", "")
    yield from _sentences(limits)
    yield f"- A pair longer than {config.max_tokens} tokens is read in windows."
    yield "- Other languages than those of its training texts are read poorly."
    yield ""


def _sentences(limits: Any) -> Iterator[str]:
    if isinstance(limits, Sequence) and not isinstance(limits, str):
        yield from (f"- {each}" for each in limits)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield "|" + "---|" * len(head)
    yield from (f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in rows)


def _plain(value: Any) -> str:
    return _UNKNOWN if value is None or value == "" else " ".join(str(value).split())


def _number(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _plain(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:.4f}"
