"""Where a verifier's examples come from: texts to make sentences of, and claims that people judged.

Only sets whose licence lets weights ship are read here; the licence of each is recorded in the manifest.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from citewell.evaluation.sets.squad import read_squad
from citewell.learning.data.corruptions import plain_words
from citewell.learning.data.examples import SupportExample, Text
from citewell.records import Span
from citewell.sentences import sentence_spans

PASSAGE_WORDS = 170  # of a long text's piece: about what the chunker gives
LEAST_WORDS = 25  # a shorter paragraph has no neighbours to tell from

LICENCES = {
    "squad": "CC BY-SA 4.0", "powershell": "CC BY 4.0", "articles": "CC BY-SA", "passages": "CC BY-SA",
    "medquad": "CC BY 4.0",
    "fever": "CC BY-SA 3.0 (through COVID-Fact's release, which states none of its own)",
    "wice": "ODC-By, texts CC BY-SA",
}  # fmt: skip
TITLES = {
    "squad": "SQuAD 1.1 train", "powershell": "PowerShell documentation", "articles": "Wikipedia articles of 2014",
    "passages": "Wikipedia passages (2WikiMultiHop)", "medquad": "MedQuAD", "fever": "FEVER", "wice": "WiCE train",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class SupportPaths:
    """Files of public data; a source whose path is ``None`` is left out. medquad: a folder in BEIR's layout."""

    squad: Path | None = None  # train-v1.1.json
    powershell: Path | None = None  # JSON lines (perhaps .gz) with path and text: Markdown
    articles: Path | None = None  # JSON lines (perhaps .gz) with title and text
    passages: Path | None = None  # JSON lines with title and text, one passage each
    medquad: Path | None = None
    fever: Path | None = None  # JSON lines with src, premise, claim, label
    wice: Path | None = None  # JSON lines with claim_tokens, non_supported_spans, evidence, supporting_sentences


@dataclass(frozen=True, slots=True)
class Asked:
    """A passage with questions and their answers."""

    passage: Text
    questions: tuple[tuple[str, str], ...] = ()


def passages_of(name: str, path: Path) -> list[Asked]:
    """The passages of one source; context is the document's title."""
    if name == "squad":
        return _squad(path)
    if name == "medquad":
        return _medquad(path)
    rows = json_lines(path)
    if name == "powershell":
        return _unique(piece for row in rows for piece in _markdown(row["text"], Path(row["path"]).stem))
    return _unique(Asked(Text(piece, row["title"], row["title"])) for row in rows for piece in _paragraphs(row["text"]))


def judged(path: Path) -> list[SupportExample]:
    """FEVER's pairs; ``document`` names the group of pairs that share a sentence of evidence or a claim."""
    rows = [row for row in json_lines(path) if row["src"].startswith("fever")]
    groups = connected([[plain_words(row["claim"]), *_evidence_keys(row["premise"])] for row in rows])
    return [
        SupportExample(row["premise"], row["claim"], row["label"] == "SUPPORT", kind="fever", document=f"fever {group}")
        for row, group in zip(rows, groups, strict=True)
    ]


def wice(path: Path, random: Random) -> list[SupportExample]:
    """WiCE's partly supported claims with the words that the page lacks, beside the sentences that support the rest."""
    found = []
    for row in json_lines(path):
        told = _around(row["evidence"], row["supporting_sentences"][0], random)
        sentence, spans = _marked(row["claim"], row["claim_tokens"], row["non_supported_spans"])
        document = f"wice {row['meta']['claim_title']}"
        if spans and told:
            found.append(SupportExample(told, sentence, False, spans, "wice", document))
            if rest := _without(row["claim"], spans):
                found.append(SupportExample(told, rest, True, (), "wice, only what is said", document))
    return found


def wice_pages(path: Path) -> list[Asked]:
    """The whole pages that WiCE's claims cite, long as documents are."""
    rows = {row["meta"]["claim_title"]: row for row in json_lines(path)}
    return [Asked(Text(" ".join(row["evidence"]), "", f"wice {title}")) for title, row in rows.items()]


def connected(keys: Sequence[Sequence[str]]) -> list[str]:
    """For each list of keys a name that it shares with all lists it is connected with by equal keys."""
    parent: dict[str, str] = {}

    def root(key: str) -> str:
        while parent.setdefault(key, key) != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    for row in keys:
        for key in row[1:]:
            parent[root(key)] = root(row[0])
    return [hashlib.sha256(root(row[0]).encode()).hexdigest()[:12] for row in keys]


def json_lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as file, gzip.open(file) if path.suffix == ".gz" else file as lines:
        for line in lines:
            yield json.loads(line)


def _evidence_keys(premise: str) -> list[str]:
    """The sentences of a premise long enough to name it; FEVER shuffles the sentences of a page."""
    sentences = [premise[start:end] for start, end in sentence_spans(premise)]
    return ["e" + words for each in sentences if len((words := plain_words(each)).split()) >= 5]


def _squad(path: Path) -> list[Asked]:
    data = read_squad(path)
    asked: dict[int, list[tuple[str, str]]] = {}
    for each in data.questions:
        if each.answers:
            asked.setdefault(each.context, []).append((each.text, each.answers[0].text))
    titles = [title.replace("_", " ") for title in data.articles]
    return [
        Asked(Text(each.text, titles[each.article], titles[each.article]), tuple(asked.get(index, ())))
        for index, each in enumerate(data.contexts)
    ]


def _medquad(directory: Path) -> list[Asked]:
    """Answers that no development question asks for."""
    lines = (directory / "qrels" / "dev.tsv").read_text(encoding="utf-8").splitlines()[1:]
    kept_back = {line.split("\t")[1] for line in lines}
    rows = list(json_lines(directory / "corpus.jsonl"))
    titles = {row["title"] for row in rows if row["_id"] in kept_back}
    return _unique(
        Asked(Text(piece, row["title"], row["title"])) for row in rows if row["title"] not in titles
        for piece in _paragraphs(row["text"])
    )  # fmt: skip


def _markdown(text: str, name: str) -> Iterator[Asked]:
    """The prose of a Markdown page, without its front matter, code, tables and lists."""
    body = re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL)
    title = match[1] if (match := re.search(r"^title: (.+)$", text, re.MULTILINE)) else name
    for section in re.split(r"^#+ .*$", re.sub(r"```.*?```", "", body, flags=re.DOTALL), flags=re.MULTILINE):
        prose = "\n\n".join(
            part for part in section.split("\n\n") if part.strip() and not re.match(r"\s*(?:[-*>|:#]|\d+\.)", part)
        )
        plain = re.sub(r"\[([^\]]+)\](?:\([^)]*\)|\[[^\]]*\])", r"\1", prose).replace("**", "")
        for piece in _paragraphs(" ".join(plain.split())):
            yield Asked(Text(piece, title, name))


def _paragraphs(text: str) -> Iterator[str]:
    """Stretches of about :data:`PASSAGE_WORDS` words, cut between sentences."""
    held: list[str] = []
    for part in re.split(r"\n\s*\n|\n(?=#)|\n(?=- )", text):
        plain = " ".join(part.split())
        if plain.startswith(("#", "|")):
            continue
        for start, end in sentence_spans(plain):
            held.append(plain[start:end])
            if sum(len(each.split()) for each in held) >= PASSAGE_WORDS:
                yield " ".join(held)
                held = []
    if sum(len(each.split()) for each in held) >= LEAST_WORDS:
        yield " ".join(held)


def _unique(found: Iterator[Asked]) -> list[Asked]:
    return list({each.passage.text: each for each in found if len(each.passage.text.split()) >= LEAST_WORDS}.values())


def _around(evidence: Sequence[str], supporting: Sequence[int], random: Random) -> str:
    """The supporting sentences and some of their neighbours, in the order of the page."""
    reach = random.choice((0, 1, 2))
    wanted = {at for place in supporting for at in range(place - reach, place + reach + 1)}
    kept = [sentence for at, sentence in enumerate(evidence) if at in wanted]
    return " ".join(" ".join(kept).split()[:220])


def _marked(claim: str, words: Sequence[str], wrong: Sequence[bool]) -> tuple[str, tuple[Span, ...]]:
    """Where in ``claim`` the words marked ``wrong`` stand, neighbours together."""
    spans: list[Span] = []
    at, last = 0, False
    for word, is_wrong in zip(words, wrong, strict=True):
        found = claim.find(word, at)
        if found < 0:
            last = False
            continue
        at = found + len(word)
        if is_wrong:
            spans[-1:] = [(spans[-1][0], at)] if last and spans else [*spans[-1:], (found, at)]
        last = is_wrong
    return claim, tuple(spans)


def _without(claim: str, spans: Sequence[Span]) -> str:
    """``claim`` without one stretch at its end that is not supported; empty when it is somewhere else or too much."""
    start, end = spans[0]
    kept = claim[:start].rstrip(" ,;:")
    whole = len(spans) == 1 and end >= len(claim.rstrip(" ."))
    dangling = kept.rpartition(" ")[2].casefold() in {
        "the", "a", "an", "of", "in", "on", "at", "and", "or", "for", "with", "to", "by", "from", "as", "that", "which",
        "who", "is", "was", "were", "are", "his", "her", "its", "their", "where", "when", "but", "had", "has", "not",
    }  # fmt: skip
    return f"{kept}." if whole and not dangling and len(kept.split()) >= 5 else ""
