"""What snapshots, restores, archives and the integrity check cost.

    python -m benchmarks.snapshots --folder FOLDER [--sizes 10000 100000] [--save]

Fills a collection with invented documents of eight passages (words by Zipf's law, random unit vectors; nothing here
depends on meaning), edits a hundredth of it, and times each verb. Bytes are what the disk has less afterwards.
Writes results/snapshots.json when asked to.
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from citewell.catalog import Item, Source
from citewell.chunking import with_places
from citewell.collection import Collection
from citewell.parsing.parsed import Parsed
from citewell.records import Block, Document, Locator, Passage, content_id
from citewell.reindex import stored_document
from citewell.settings import Settings
from citewell.store import Store
from citewell.transfer import import_archive

PASSAGES_EACH, WORDS_EACH, VOCABULARY = 8, 110, 30_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--folder", type=Path, required=True, help="a folder that may be filled and emptied")
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000], help="passages")
    parser.add_argument("--save", action="store_true")
    arguments = parser.parse_args()
    rows = [measure(arguments.folder / str(size), size) for size in arguments.sizes]
    if arguments.save:
        path = Path(__file__).parent / "results" / "snapshots.json"
        path.write_text(json.dumps({"rows": rows}, indent=1) + "\n", encoding="utf-8")


def measure(folder: Path, size: int) -> dict[str, Any]:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    opened = fill(folder / "bench.citewell", size)
    row: dict[str, Any] = {"passages": opened.status().passages, "collection_mb": megabytes(folder)}

    def timed(name: str, run: Callable[[], Any]) -> None:
        before, started = used(folder), time.perf_counter()
        run()
        row[f"{name}_ms"] = round(1e3 * (time.perf_counter() - started), 1)
        row[f"{name}_bytes"] = used(folder) - before
        print(size, name, row[f"{name}_ms"], "ms", f"{row[f'{name}_bytes']:,}", "bytes", flush=True)

    timed("create", lambda: opened.snapshot("one"))
    edit(opened, size // PASSAGES_EACH // 100)
    timed("create_again", lambda: opened.snapshot("two"))
    timed("diff", lambda: opened.diff("one", "two"))
    timed("restore", lambda: opened.restore("one"))
    timed("check", lambda: print("problems:", opened.check()[:3]))
    timed("drop", lambda: opened.drop_snapshot("two"))
    timed("export", lambda: opened.export(folder / "bench.tar"))
    timed("import", lambda: import_archive(folder / "bench.tar", folder / "copy.citewell"))
    shutil.rmtree(folder)
    return row


def fill(root: Path, size: int) -> Collection:
    store = Store.create(root, Settings())
    place = str(root.parent / "docs")
    source = Source(content_id("files", place), "files", place, "2026-01-01T00:00:00")
    store.catalog.add_source(source)
    numbers = range(size // PASSAGES_EACH)
    for start in range(0, len(numbers), 500):
        commit(store, source, numbers[start : start + 500], edition=0)
    store.index.optimize()
    return Collection(store)


def edit(opened: Collection, documents: int) -> None:
    with opened.store.writing() as store:
        commit(store, store.catalog.sources()[0], range(documents), edition=1)
        store.tidy(erase=True)


def commit(store: Store, source: Source, numbers: range, edition: int) -> None:
    items, passages = [], []
    for number in numbers:
        parsed = invented(number, edition)
        uri = f"{source.location}/{number:07d}.txt"
        item = Item(
            source.id, uri, content_id(source.id, uri), "indexed", version=content_id(parsed.text),
            passages=PASSAGES_EACH, readers=("everyone",), title=parsed.title, media_type=parsed.media_type,
            pipeline="invented",
        )  # fmt: skip
        store.blobs.put(item.version, parsed.to_json())
        items.append(item)
        passages += list(cut(stored_document(item, parsed.to_json())))
    vectors = np.random.default_rng(numbers.start).standard_normal((len(passages), store.index.dimension))
    store.index.commit(passages, vectors.astype(np.float32), [item.document_id for item in items])
    store.catalog.record(items)


def invented(number: int, edition: int) -> Parsed:
    words = np.random.default_rng([number, edition]).zipf(1.3, PASSAGES_EACH * WORDS_EACH) % VOCABULARY
    text, blocks = "", []
    for part in range(PASSAGES_EACH):
        start = len(text)
        text += " ".join(f"word{word}" for word in words[part * WORDS_EACH : (part + 1) * WORDS_EACH]) + f" part{part}"
        blocks.append(Block("paragraph", (start, len(text)), Locator(lines=(part + 1, part + 1))))
        text += "\n\n"
    return Parsed(f"Document {number}", "text/plain", text.rstrip(), tuple(blocks))


def cut(document: Document) -> Iterator[Passage]:
    passages = [
        Passage(
            id=content_id(document.id, document.text[slice(*block.span)], "0"), document_id=document.id,
            document_version=document.version, source_id=document.source_id, uri=document.uri, title=document.title,
            text=document.text[slice(*block.span)], span=block.span, readers=document.readers,
            media_type=document.media_type, metadata=document.metadata,
        )
        for block in document.blocks
    ]  # fmt: skip
    yield from with_places(passages, document.blocks)


def used(folder: Path) -> int:
    """Bytes of all files, each once however many names it has."""
    found = {(state.st_dev, state.st_ino): state.st_size for path in folder.rglob("*") if (state := path.lstat())}
    return sum(found.values())


def megabytes(folder: Path) -> float:
    return round(used(folder) / 1e6, 1)


if __name__ == "__main__":
    main()
