"""Token recall, precision and IoU of what five retrieved chunks hold of the gold spans, for several ways to cut text.

    python -m benchmarks.chunking --data DIR    # DIR holds questions_df.csv and corpora/*.md

The method is Smith and Troynikov, "Evaluating Chunking Strategies for Retrieval" (Chroma, 2024): questions with exact
character spans; chunks are ranked by the shipped encoder; tokens of the retrieved chunks are compared with tokens of
the gold spans. The corpora are read raw, so that the spans stay exact: what is compared is cutting alone. LangChain's
recursive splitter runs with this encoder's own token count.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
from bisect import bisect_left
from collections.abc import Callable
from pathlib import Path

import numpy as np

from citewell.chunking import chunk
from citewell.models.encoder import Encoder, load_encoder
from citewell.records import Block, Document, Locator, Span
from citewell.sentences import stripped
from citewell.settings import ChunkingSettings

Cutter = Callable[[str], list[tuple[Span, str]]]  # text → spans with what the encoder reads for each


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--retrieved", type=int, default=5)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/chunking.json"))
    arguments = parser.parse_args()
    encoder = load_encoder()
    questions = read_questions(arguments.data / "questions_df.csv")
    texts = {path.stem: path.read_text(encoding="utf-8") for path in (arguments.data / "corpora").glob("*.md")}
    vectors = encoder.encode([question for question, _, _ in questions])
    rows = {}
    for name, cut in cutters(encoder).items():
        rows[name] = measure(cut, texts, questions, vectors, encoder, arguments.retrieved)
        print(f"{name:<28} " + "  ".join(f"{key} {value:6.3f}" for key, value in rows[name].items()), flush=True)
    arguments.out.write_text(json.dumps({"questions": len(questions), "rows": rows}, indent=1) + "\n")


def read_questions(path: Path) -> list[tuple[str, str, list[Span]]]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    golds = [[(gold["start_index"], gold["end_index"]) for gold in json.loads(row["references"])] for row in rows]
    return [(row["question"], row["corpus_id"], gold) for row, gold in zip(rows, golds, strict=True)]


def cutters(encoder: Encoder) -> dict[str, Cutter]:
    found: dict[str, Cutter] = {}
    for size in (100, 150, 200, 250):
        settings = ChunkingSettings(max_tokens=size, min_tokens=24, context_tokens=48)
        found[f"citewell {size}"] = lambda text, settings=settings: structured(text, encoder, settings)
    for size in (100, 200, 250):
        found[f"fixed {size}"] = lambda text, size=size: fixed(text, encoder, size)
        found[f"recursive {size}"] = lambda text, size=size: recursive(text, encoder, size)
    return found


def structured(text: str, encoder: Encoder, settings: ChunkingSettings) -> list[tuple[Span, str]]:
    """Citewell's chunker over raw Markdown: paragraphs and ``#`` headings, offsets untouched."""
    blocks, path = [], []
    for match in re.finditer(r"[^\n]+(?:\n(?!\s*\n|#)[^\n]+)*", text):
        span = stripped(text, match.span())
        line = text[span[0] : span[1]]
        heading = re.match(r"(#+)\s+(.*)", line) or re.match(r"(=+) (.+?) =+$", line)
        if heading and "\n" not in line:
            path = [*path[: len(heading[1]) - 1], heading[2]]
            blocks.append(Block("heading", span, Locator(), tuple(path[:-1])))
        elif span[0] < span[1]:
            blocks.append(Block("paragraph", span, Locator(), tuple(path)))
    document = Document("d", "v", "u", "", "text/markdown", text, tuple(blocks))
    return [(passage.span, passage.searchable) for passage in chunk(document, encoder, settings)]


def fixed(text: str, encoder: Encoder, size: int) -> list[tuple[Span, str]]:
    tokens = encoder.token_spans(text)
    spans = [(part[0][0], part[-1][1]) for part in (tokens[i : i + size] for i in range(0, len(tokens), size))]
    return [(span, text[span[0] : span[1]]) for span in spans]


def recursive(text: str, encoder: Encoder, size: int) -> list[tuple[Span, str]]:
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    splitter = RecursiveCharacterTextSplitter(
        chunk_size=size, chunk_overlap=0, length_function=lambda part: len(encoder.token_spans(part)),
        add_start_index=True, separators=["\n\n", "\n", ".", "?", "!", " ", ""],
    )  # fmt: skip
    pieces = splitter.create_documents([text])
    starts = [piece.metadata["start_index"] for piece in pieces]
    return [
        ((start, start + len(piece.page_content)), piece.page_content)
        for start, piece in zip(starts, pieces, strict=True)
    ]


def measure(
    cut: Cutter, texts: dict[str, str], questions: list[tuple[str, str, list[Span]]], vectors: np.ndarray,
    encoder: Encoder, retrieved: int,
) -> dict[str, float]:  # fmt: skip
    scores = []
    sizes = []
    for corpus, text in texts.items():
        pieces = cut(text)
        matrix = encoder.encode([read for _, read in pieces])
        starts = [start for start, _ in encoder.token_spans(text)]
        sizes += [len(tokens_in(starts, span)) for span, _ in pieces]
        for index, (_, owner, gold_spans) in enumerate(questions):
            if owner == corpus:
                best = np.argsort(-(matrix @ vectors[index]), kind="stable")[:retrieved]
                taken = set().union(*(tokens_in(starts, pieces[i][0]) for i in best))
                gold = set().union(*(tokens_in(starts, span) for span in gold_spans))
                both = len(taken & gold)
                scores.append((both / len(gold), both / len(taken), both / len(taken | gold)))
    recall, precision, overlap = np.mean(scores, axis=0)
    tokens = float(np.mean(sizes))
    return {"recall": recall, "precision": precision, "IoU": overlap, "chunks": len(sizes), "tokens": tokens}


def tokens_in(starts: list[int], span: Span) -> set[int]:
    return set(range(bisect_left(starts, span[0]), bisect_left(starts, span[1])))


if __name__ == "__main__":
    main()
