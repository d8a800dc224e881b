"""How much memory an ingest takes, its parsers included: many files, large ones, and whether it grows with how many.

    python -m benchmarks.memory --work FOLDER                      10,000 files, 2 GB, one of 500 MB
    python -m benchmarks.memory --work FOLDER --pictures 200000    as many pictures in one folder as well

The files are made under ``--work`` (hard links save no reading: each is another file): office, HTML and PDF documents
with large embedded pictures, plain notes, pictures that are refused by their first bytes, and one log of 500 MB, which
is over the limit of a file by default and is read when ``--read-log`` raises it. The real command ingests them; every
half second the resident and the proportional size (a page that n processes share counts 1/n) of it and all its
descendants are read from /proc. Writes results/memory.{json,svg,png}.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import subprocess
import sys
import time
import zipfile
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
COMMAND = [sys.executable, "-c", "from citewell.cli import main; main()"]
SAMPLE_SECONDS = 0.5
ALLOWED_MEBIBYTES = 1536
LINKS = 50_000  # of one file; a file system may allow no more than 65,000
WORDS = "valve pump hall night shift report plan tank line motor water steam gauge press bolt seal".split()  # noqa: SIM905


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--megabytes", type=int, default=2000)
    parser.add_argument("--log-megabytes", type=int, default=500)
    parser.add_argument("--pictures", type=int, default=0, help="so many more, hard links of one, in one folder")
    parser.add_argument("--read-log", action="store_true", help="read the log too: raises the limit of a file")
    arguments = parser.parse_args()
    docs = arguments.work / "docs"
    if not docs.exists():
        make(docs, arguments.files, arguments.megabytes, arguments.log_megabytes, arguments.pictures)
    environment = dict(os.environ)
    if arguments.read_log:
        environment["CITEWELL_PARSING_MAX_FILE_MEGABYTES"] = str(arguments.log_megabytes + 100)
    collection = arguments.work / f"memory-{int(time.time())}.citewell"
    began = time.monotonic()
    with (arguments.work / "out.txt").open("w") as out:
        process = subprocess.Popen(
            [*COMMAND, "-c", str(collection), "add", str(docs), "--json"], env=environment, stdout=out,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        curve = watch(process)
    seconds = time.monotonic() - began
    (report,) = json.loads((arguments.work / "out.txt").read_text())["sources"]
    half = len(curve) // 2
    tree = [each["tree_pss"] for each in curve]
    result = {
        "command": f"python -m benchmarks.memory --files {arguments.files} --megabytes {arguments.megabytes}"
        + f" --pictures {arguments.pictures}" * bool(arguments.pictures) + " --read-log" * arguments.read_log,
        "status": process.returncode, "seconds": round(seconds), "cores": os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 1), "added": report["added"],
        "problems": len(report["problems"]), "passages": report["passages"],
        "peak_parent_rss": max(each["parent_rss"] for each in curve),
        "peak_tree_pss": max(tree), "peak_tree_rss": max(each["tree_rss"] for each in curve),
        "allowed": ALLOWED_MEBIBYTES, "unit": "MiB",
        "first_half_median_tree_pss": median(tree[:half]), "second_half_median_tree_pss": median(tree[half:]),
        "first_half_peak_tree_pss": max(tree[:half]), "second_half_peak_tree_pss": max(tree[half:]),
        "curve": curve[:: max(1, len(curve) // 300)],
    }  # fmt: skip
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "memory.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps({key: value for key, value in result.items() if key != "curve"}, indent=1), flush=True)
    plot(curve)
    return int(bool(process.returncode) or max(tree) > ALLOWED_MEBIBYTES)


# -- the files ---------------------------------------------------------------------------------------------------------


def make(docs: Path, files: int, megabytes: int, log_megabytes: int, pictures: int) -> None:
    """Half pictures; of the others half notes, the rest office, HTML and PDF documents with a picture each."""
    chance = random.Random(20261120)
    docs.mkdir(parents=True)
    heavy = files // 4
    weight = (megabytes - log_megabytes) * 1_000_000 // (heavy + files // 2)
    picture = b"\x89PNG\r\n\x1a\n" + chance.randbytes(weight)
    for number in range(files - 1):
        folder = docs / f"{number // 200:03d}"
        folder.mkdir(exist_ok=True)
        kind = number % 4
        if kind < 2:
            (folder / f"{number}.png").write_bytes(picture[:8] + number.to_bytes(4, "big") + picture[12:])
        elif kind == 2:
            (folder / f"{number}.md").write_text(f"# Note {number}\n\n{sentences(chance, 4)}\n")
        else:
            maker, ending = ((docx, "docx"), (html, "html"), (pdf, "pdf"))[number // 4 % 3]
            data = picture[:8] + number.to_bytes(4, "big") + picture[12:]
            (folder / f"{number}.{ending}").write_bytes(maker(f"Report {number}. {sentences(chance, 5)}", data))
    with (docs / "access.log").open("w") as log:
        line = 0
        while log.tell() < log_megabytes * 1_000_000:
            log.write("".join(f"2026-11-20 10:{n % 60:02d} 10.0.0.{n % 250} GET /page/{n} 200\n"
                              for n in range(line, line + 20_000)))  # fmt: skip
            line += 20_000
    if pictures:
        (docs / "many").mkdir()
        for number in range(pictures):
            path = docs / "many" / f"{number}.png"
            if number % LINKS == 0:
                first = path
                first.write_bytes(picture[:100])
            else:
                os.link(first, path)


def sentences(chance: random.Random, count: int) -> str:
    return " ".join(
        f"The {' '.join(chance.choices(WORDS, k=12))} is at {chance.randrange(10**6)}." for _ in range(count)
    )


def docx(text: str, picture: bytes) -> bytes:
    main = (
        '<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
        f"<w:body><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:body></w:document>"
    )
    kinds = (
        '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="png" ContentType="image/png"/><Override PartName="/word/document.xml" ContentType='
        '"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
    )
    relations = (
        '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"'
        ' Target="word/document.xml"/></Relationships>'
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", kinds)
        archive.writestr("_rels/.rels", relations)
        archive.writestr("word/document.xml", main)
        archive.writestr("word/media/image1.png", picture)
    return out.getvalue()


def html(text: str, picture: bytes) -> bytes:
    import base64

    image = base64.b64encode(picture).decode()
    return f'<html><body><p>{text}</p><img src="data:image/png;base64,{image}"></body></html>'.encode()


def pdf(text: str, picture: bytes) -> bytes:
    """One page of text, and a picture that no page shows."""
    shown = f"BT /F 10 Tf 40 700 Td ({text[:90]}) Tj ET".encode()
    parts = [
        b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        b"/Resources << /Font << /F 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(shown), shown),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(picture), picture),
    ]  # fmt: skip
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, part in enumerate(parts, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(parts) + 1) + b"".join(b"%010d 00000 n \n" % at for at in places)
    return bytes(out + b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(parts) + 1, start))


# -- measuring ---------------------------------------------------------------------------------------------------------


def watch(process: subprocess.Popen[bytes]) -> list[dict[str, float]]:
    """Sizes in MiB at each sample, until the process ends."""
    began, curve = time.monotonic(), []
    while process.poll() is None:
        parent, *children = (sizes(each) for each in family(process.pid))
        every = [parent, *children]
        curve.append({
            "seconds": round(time.monotonic() - began, 1), "parent_rss": parent[0], "processes": len(every),
            "tree_rss": sum(rss for rss, _ in every), "tree_pss": sum(pss for _, pss in every),
        })  # fmt: skip
        time.sleep(SAMPLE_SECONDS)
    return curve[:-1] or curve


def family(pid: int) -> list[int]:
    """A process and its descendants."""
    found = [pid]
    for each in found:
        for task in Path(f"/proc/{each}/task").glob("*/children"):
            try:
                found += [int(child) for child in task.read_text().split()]
            except OSError:
                continue
    return found


def sizes(pid: int) -> tuple[int, int]:
    """Resident and proportional size in MiB; 0 for a process that has just ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0, 0
    values = {line.split(":")[0]: int(line.split()[1]) for line in lines[1:] if line.endswith("kB")}
    return values.get("Rss", 0) >> 10, values.get("Pss", 0) >> 10


def median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


def plot(curve: list[dict[str, float]]) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6.4, 4))
    seconds = [each["seconds"] for each in curve]
    for name, label in (("tree_pss", "all processes (proportional)"), ("parent_rss", "the command itself (resident)")):
        axes.plot(seconds, [each[name] for each in curve], label=label)
    axes.axhline(ALLOWED_MEBIBYTES, linestyle="--", color="grey", label="allowed")
    axes.set(xlabel="seconds", ylabel="MiB", title="Memory of one ingest", ylim=(0, None))
    axes.grid(alpha=0.3)
    axes.legend()
    figure.tight_layout()
    for ending in ("svg", "png"):
        figure.savefig(RESULTS / f"memory.{ending}", dpi=120)


if __name__ == "__main__":
    sys.exit(main())
