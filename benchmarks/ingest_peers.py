"""Ingesting a folder of mixed files: Citewell beside LangChain + Chroma and LlamaIndex, in one run.

    python -m benchmarks.ingest_peers --files DIR… --peers PYTHON --model MODEL_DIR [--count 500] [--out RESULT.json]

--files: folders with files to pick from; --peers: the interpreter of a virtual environment with the peers (README.md
lists its packages); --model: a local sentence-transformers directory of all-MiniLM-L6-v2, the model of all three
(Citewell runs its own shipped quantisation of it).

Method. Files are picked by content hash, round-robin over the extensions that all three read, without duplicates, and
copied to a fresh folder. Each system runs in its own process, one after the other, and is given that folder. The wall
clock runs from the start of the process until everything is on disk, imports and model included. CPU is that of the
process and its children; it changes less than the wall clock when other programs use the machine. Memory is sampled ten
times a second from /proc (Linux): resident sizes added over the process tree, and proportional sizes (PSS), which count
pages that forked parsers share once. "Not searchable" are files without a single passage in the index, whatever the
reason. Tokens are those of all passages as the model reads them, before it cuts any. "Busy elsewhere" is the share of
the machine's cores that other programs used meanwhile: above a few per cent, read the ratios of seconds with care.

Settings of the peers, chosen in their favour. Both: PDFs by pypdf, passages of about 200 tokens without overlap and
without metadata in the encoded text, all cores, ``OMP_WAIT_POLICY=passive`` (without it torch's threads wait for each
other actively, and on a machine that others used encoding took four to six times as long). LangChain: a loader per
extension, the recursive splitter counting characters (counting tokens is slower), all passages in one ``encode``, which
sorts them by length, Chroma on disk. LlamaIndex: ``SimpleDirectoryReader`` with its own readers (``num_workers`` starts
processes that import everything again, so it is off), ``SentenceSplitter`` counting the model's tokens,
``embed_batch_size=10``, its default and the fastest (larger batches pad more, as it does not sort), its default vector
store, persisted.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

EXTENSIONS = (".md", ".txt", ".html", ".pdf", ".docx", ".xlsx", ".csv", ".json", ".py")
PASSAGE_TOKENS = 200
PASSAGE_CHARACTERS = 800  # of the recursive splitter: about 200 tokens of English
LANGCHAIN_BATCH = 8  # rows of one forward pass, sorted by length; on one core 27 % faster than its default 32
CHROMA_BATCH = 5000  # Chroma takes at most 5,461 rows at once
SAMPLE_SECONDS = 0.1
MEBIBYTE = 1 << 20


def main() -> None:
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--files", type=Path, nargs="+", required=True)
    parser.add_argument("--peers", type=Path, help="python of the peers' environment; without it only Citewell runs")
    parser.add_argument("--model", type=Path, help="sentence-transformers directory for the peers")
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--max-kb", type=int, default=100, help="larger files are not picked")
    parser.add_argument("--order", default="citewell,langchain,llamaindex,citewell")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    order = [name for name in arguments.order.split(",") if name == "citewell" or arguments.peers]
    print(f"$ python -m benchmarks.ingest_peers --count {arguments.count} --max-kb {arguments.max_kb}")
    with tempfile.TemporaryDirectory(prefix="cw-") as temporary:
        folder = Path(temporary) / "files"
        picked = pick(arguments.files, arguments.count, arguments.max_kb)
        names = copy(picked, folder)
        megabytes = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
        print(f"{len(names)} files, {megabytes:.1f} MB: {kinds(names)}")
        runs = []
        for number, system in enumerate(order):
            python = Path(sys.executable) if system == "citewell" else arguments.peers
            run = measure(python, system, folder, Path(temporary) / f"{number}-{system}", arguments.model)
            runs.append({"system": system, **run})
            print(f"  {system}: {run['seconds']:.1f} s", file=sys.stderr, flush=True)
    print_table(runs, len(names))
    for run in runs:
        if "stages" in run:
            print_stages(run)
    if arguments.out:
        result = {
            "files": len(names),
            "max_kb": arguments.max_kb,
            "kinds": kinds(names),
            "cores": os.cpu_count(),
            "runs": runs,
        }
        arguments.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


# -- the files -----------------------------------------------------------------------------------------------------


def pick(folders: list[Path], count: int, max_kb: int) -> list[Path]:
    """``count`` files, one of each extension in turn while there are any, in order of their content's hash."""
    groups: dict[str, dict[str, Path]] = {extension: {} for extension in EXTENSIONS}
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.suffix in groups and path.is_file() and 0 < path.stat().st_size <= max_kb * 1024:
                groups[path.suffix].setdefault(hashlib.sha256(path.read_bytes()).hexdigest(), path)
    queues = [iter(sorted(group.items())) for group in groups.values() if group]
    picked: list[Path] = []
    while queues and len(picked) < count:
        for queue in list(queues):
            entry = next(queue, None)
            if entry is None:
                queues.remove(queue)
            elif len(picked) < count:
                picked.append(entry[1])
    return picked


def copy(picked: list[Path], folder: Path) -> list[str]:
    folder.mkdir()
    names = [f"{number:04}-{path.name}" for number, path in enumerate(picked)]
    for name, path in zip(names, picked, strict=True):
        shutil.copyfile(path, folder / name)
        os.utime(folder / name, (1.7e9, 1.7e9))
    return names


def kinds(names: list[str]) -> str:
    counts = {extension: sum(name.endswith(extension) for name in names) for extension in EXTENSIONS}
    return " ".join(f"{extension} {count}" for extension, count in counts.items() if count)


# -- measuring, in the parent --------------------------------------------------------------------------------------


def measure(python: Path, system: str, folder: Path, work: Path, model: Path | None) -> dict[str, Any]:
    """Runs this file once for ``system`` and watches the memory of its processes."""
    work.mkdir()
    offline = {
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "true",
        "ANONYMIZED_TELEMETRY": "false",
        "OMP_WAIT_POLICY": "passive",
    }
    environment = {**os.environ, **offline}
    task = [system, str(folder), str(work), str(model or ""), str(time.monotonic())]
    command = [str(python), "-P", __file__, "--child", *task]
    samples: list[tuple[float, int, int]] = []
    before = machine_seconds() - children_seconds(), time.monotonic()
    with (work / "log").open("w") as log:
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=log, text=True)
        watcher = threading.Thread(target=watch, args=(process, samples))
        watcher.start()
        output, _ = process.communicate()
        watcher.join()
    elsewhere = machine_seconds() - children_seconds() - before[0]
    share = elsewhere / (time.monotonic() - before[1]) / (os.cpu_count() or 1)
    if process.returncode:
        sys.exit(f"{system} failed:\n{(work / 'log').read_text()[-3000:]}")
    run = json.loads(output.splitlines()[-1])
    finished = run.pop("finished")
    timely = [sample for sample in samples if sample[0] <= finished]
    return {
        **run,
        "peak_rss_mb": max(rss for _, rss, _ in timely) / MEBIBYTE,
        "peak_pss_mb": max(pss for _, _, pss in timely) / MEBIBYTE,
        "busy_elsewhere": max(0.0, share),
        "disk_mb": sum(path.stat().st_size for path in work.rglob("*") if path.is_file()) / MEBIBYTE,
    }


def machine_seconds() -> float:
    """CPU seconds that all programs have used since the machine started."""
    fields = [int(word) for word in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")  # all but idle and waiting for disks


def children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def watch(process: subprocess.Popen[str], samples: list[tuple[float, int, int]]) -> None:
    while process.poll() is None:
        tree = list(descendants(process.pid))
        samples.append((time.monotonic(), sum(map(resident, tree)), sum(map(proportional, tree))))
        time.sleep(SAMPLE_SECONDS)


def descendants(pid: int) -> Iterator[int]:
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = task.read_text().split()
        except OSError:
            continue  # it ended meanwhile
        for child in children:
            yield from descendants(int(child))


def resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()
    except (OSError, IndexError):
        return 0


def proportional(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)


# -- the systems, each in its own process --------------------------------------------------------------------------


def child(system: str, folder: str, work: str, model: str, started: str) -> None:
    """Ingests ``folder`` and prints one line of JSON. Passages are counted and tokenised after the clock stopped."""
    ingest = {"citewell": run_citewell, "langchain": run_langchain, "llamaindex": run_llamaindex}[system]
    texts_of, stages = ingest(Path(folder), Path(work), model)
    finished = time.monotonic()
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    pairs = texts_of()
    from tokenizers import Tokenizer

    if model:
        tokenizer = Tokenizer.from_file(str(Path(model) / "tokenizer.json"))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        tokens = sum(len(each.ids) for each in tokenizer.encode_batch([text for _, text in pairs]))
    else:
        tokens = 0
    result = {
        "finished": finished, "seconds": finished - float(started),
        "cpu_seconds": sum(each.ru_utime + each.ru_stime for each in used),
        "passages": len(pairs), "tokens": tokens, "lost": lost(Path(folder), {Path(name).name for name, _ in pairs}),
        "stages": stages,
    }  # fmt: skip
    print(json.dumps(result))


def lost(folder: Path, searchable: set[str]) -> dict[str, int]:
    """Files without a passage, by extension."""
    missing = [path.suffix for path in folder.iterdir() if path.name not in searchable]
    return {extension: missing.count(extension) for extension in EXTENSIONS if extension in missing}


Texts = Callable[[], list[tuple[str, str]]]  # (file, text as the model reads it) of every stored passage


class Stopwatch:
    """Seconds spent in functions of the main thread, by name; ``parse`` adds up over threads that wait for parsers."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def wrap(self, owner: Any, attribute: str, name: str) -> None:
        inner = getattr(owner, attribute)

        def timed(*arguments: Any, **keywords: Any) -> Any:
            started = time.perf_counter()
            try:
                return inner(*arguments, **keywords)
            finally:
                self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - started

        setattr(owner, attribute, timed)


def run_citewell(folder: Path, work: Path, model: str) -> tuple[Texts, dict[str, float]]:
    watch = Stopwatch()
    started = time.perf_counter()
    import citewell
    from citewell import ingest
    from citewell.access import Scope
    from citewell.catalog import Catalog
    from citewell.index.passages import PassageTable
    from citewell.models.encoder import OnnxEncoder
    from citewell.parsing.sandbox import ParserPool

    watch.seconds["import"] = time.perf_counter() - started
    for owner, attribute, name in (
        (ingest, "chunk", "chunk"), (OnnxEncoder, "encode", "encode"), (PassageTable, "vectors_for", "look up vectors"),
        (PassageTable, "commit", "commit"), (PassageTable, "optimize", "optimize"), (Catalog, "record", "catalog"),
        (ParserPool, "parse", "parse (all threads)"),
    ):  # fmt: skip
        watch.wrap(owner, attribute, name)
    started = time.perf_counter()
    collection = citewell.open(work / "c.citewell", create=True)
    watch.seconds["create"] = time.perf_counter() - started
    started = time.perf_counter()
    collection.add(folder)
    watch.seconds["add"] = time.perf_counter() - started
    own = ("chunk", "encode", "look up vectors", "commit", "optimize", "catalog")
    busy = sum(watch.seconds.get(name, 0.0) for name in own)
    watch.seconds["wait for parsers, and the rest"] = watch.seconds["add"] - busy
    for item in collection.items():
        name = f"parse {Path(item.uri).suffix} (all threads)"
        watch.seconds[name] = watch.seconds.get(name, 0.0) + item.seconds

    def texts() -> list[tuple[str, str]]:
        index = collection.store.index
        found = (index.of_document(each, Scope.owner()) for each in index.document_versions())
        uris = {item.document_id: item.uri for item in collection.items()}
        return [(uris[passage.document_id], passage.searchable) for passages in found for passage in passages]

    return texts, watch.seconds


def run_langchain(folder: Path, work: Path, model: str) -> tuple[Texts, dict[str, float]]:
    started = time.perf_counter()
    from langchain_chroma import Chroma
    from langchain_community.document_loaders import BSHTMLLoader, CSVLoader, Docx2txtLoader, PyPDFLoader, TextLoader
    from langchain_core.documents import Document
    from langchain_huggingface import HuggingFaceEmbeddings
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    options = {"batch_size": LANGCHAIN_BATCH}
    embeddings = HuggingFaceEmbeddings(model_name=model, model_kwargs={"device": "cpu"}, encode_kwargs=options)
    stages = {"import and model": time.perf_counter() - started}
    loaders: dict[str, Callable[[str], Any]] = {
        ".pdf": PyPDFLoader, ".docx": Docx2txtLoader, ".csv": CSVLoader,
        ".html": partial(BSHTMLLoader, open_encoding="utf-8"),
    }  # fmt: skip
    started = time.perf_counter()
    documents: list[Any] = []
    for path in sorted(folder.iterdir()):
        try:
            if path.suffix == ".xlsx":
                documents += [Document(page_content=text, metadata={"source": str(path)}) for text in sheets(path)]
            else:
                loader = loaders.get(path.suffix, partial(TextLoader, autodetect_encoding=True))
                documents += loader(str(path)).load()
        except Exception as error:  # noqa: BLE001 — as DirectoryLoader(silent_errors=True): any loader may raise anything
            print(f"{path.name}: {type(error).__name__}: {error}", file=sys.stderr)
    stages["load files"] = time.perf_counter() - started
    started = time.perf_counter()
    splitter = RecursiveCharacterTextSplitter(chunk_size=PASSAGE_CHARACTERS, chunk_overlap=0)
    pieces = [piece for piece in splitter.split_documents(documents) if piece.page_content.strip()]
    stages["split"] = time.perf_counter() - started
    started = time.perf_counter()
    store = Chroma(persist_directory=str(work / "chroma"), embedding_function=embeddings)
    for start in range(0, len(pieces), CHROMA_BATCH):
        store.add_documents(pieces[start : start + CHROMA_BATCH])
    stages["encode and store"] = time.perf_counter() - started
    return lambda: [(piece.metadata["source"], piece.page_content) for piece in pieces], stages


def sheets(path: Path) -> list[str]:
    """A workbook's sheets as tab-separated text: LangChain's own loader for it needs the unstructured package."""
    from openpyxl import load_workbook

    book = load_workbook(path, read_only=True, data_only=True)
    tables = [list(sheet.iter_rows(values_only=True)) for sheet in book.worksheets]
    return ["\n".join("\t".join(str(value or "") for value in row) for row in table) for table in tables]


def run_llamaindex(folder: Path, work: Path, model: str) -> tuple[Texts, dict[str, float]]:
    started = time.perf_counter()
    from llama_index.core import SimpleDirectoryReader, VectorStoreIndex
    from llama_index.core.node_parser import SentenceSplitter
    from llama_index.core.schema import MetadataMode
    from llama_index.embeddings.huggingface import HuggingFaceEmbedding
    from llama_index.readers.file import HTMLTagReader

    embedding = HuggingFaceEmbedding(model_name=model, device="cpu")
    tokenizer = embedding._model.tokenizer
    stages = {"import and model": time.perf_counter() - started}
    started = time.perf_counter()
    reader = SimpleDirectoryReader(str(folder), file_extractor={".html": HTMLTagReader(tag="body")})
    documents = reader.load_data()
    stages["load files"] = time.perf_counter() - started
    started = time.perf_counter()
    splitter = SentenceSplitter(
        chunk_size=PASSAGE_TOKENS, chunk_overlap=0, tokenizer=tokenizer.tokenize, include_metadata=False
    )
    nodes = [node for node in splitter.get_nodes_from_documents(documents) if node.get_content().strip()]
    stages["split"] = time.perf_counter() - started
    started = time.perf_counter()
    index = VectorStoreIndex(nodes, embed_model=embedding)
    index.storage_context.persist(str(work / "storage"))
    stages["encode and store"] = time.perf_counter() - started
    files = {document.id_: document.metadata["file_path"] for document in documents}
    return lambda: [(files[node.ref_doc_id], node.get_content(MetadataMode.EMBED)) for node in nodes], stages


# -- the report ----------------------------------------------------------------------------------------------------


def print_table(runs: list[dict[str, Any]], files: int) -> None:
    """Ratios are to the mean of Citewell's runs in this same run."""
    ours = [run for run in runs if run["system"] == "citewell"]
    measured = {"seconds": 1, "cpu_seconds": 1, "peak_rss_mb": 0, "peak_pss_mb": 0}  # key → decimals
    base = {key: sum(run[key] for run in ours) / len(ours) for key in measured}
    heads = ("seconds", "CPU s", "RSS MiB", "PSS MiB")
    counts = ("files/s", "passages", "tokens", "not searchable", "disk MiB", "busy elsewhere")
    print(f"{'system':<11}" + "".join(f"{head:>9} ratio" for head in heads) + "".join(f"{head:>15}" for head in counts))
    for run in runs:
        cells = [f"{run[key]:9.{places}f}{run[key] / base[key]:6.2f}" for key, places in measured.items()]
        cells += [f"{files / run['seconds']:15.2f}{run['passages']:15}{run['tokens']:15}"]
        cells += [f"{sum(run['lost'].values()):15}{run['disk_mb']:15.1f}{run['busy_elsewhere']:15.0%}"]
        print(f"{run['system']:<11}" + "".join(cells))


def print_stages(run: dict[str, Any]) -> None:
    print(f"\n{run['system']}, seconds by stage")
    for name, seconds in sorted(run["stages"].items(), key=lambda entry: -entry[1]):
        print(f"  {name:<34}{seconds:8.1f}  {100 * seconds / run['seconds']:5.1f} %")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(*sys.argv[2:])
    else:
        main()
