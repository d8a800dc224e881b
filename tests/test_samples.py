"""The sample corpus: every quotation is where the questions say it is, and nothing is left over."""

from __future__ import annotations

import csv
import hashlib
import html
import io
import json
import re
import tomllib
import zipfile
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import docx
import openpyxl
import pypdfium2
import pytest

SAMPLES = Path(__file__).parents[1] / "src" / "citewell" / "samples"
CORPUS = SAMPLES / "corpus"
SOURCES = Path(__file__).parents[1] / "scripts" / "make_samples" / "content" / "pages"
RULES = "citewell-readers.toml"

ITEMS: list[dict[str, Any]] = [
    json.loads(line) for line in (SAMPLES / "questions.jsonl").read_text(encoding="utf-8").splitlines()
]
ANSWERABLE = [item for item in ITEMS if item["answerable"]]
UNANSWERABLE = [item for item in ITEMS if not item["answerable"]]
PLACES = [
    pytest.param(place, id=f"{item['id']}-{number}")
    for item in ANSWERABLE
    for number, place in enumerate([item, *item.get("also", [])])
]
FILES = sorted(p.relative_to(CORPUS).as_posix() for p in CORPUS.rglob("*") if p.is_file() and p.name != RULES)


def squash(text: str) -> str:
    """Reduce white space and table bars to one blank, and undo soft hyphens."""
    return " ".join(text.replace("\u00ad", "").replace("\ufffe", "-").replace("|", " ").split())


def strip_tags(text: str) -> str:
    """Text of a piece of HTML."""
    return html.unescape(re.sub(r"<[^>]+>", " ", text))


def pdf_text(data: bytes, where: dict[str, Any]) -> str:
    """Text of the page named by the locator."""
    document = pypdfium2.PdfDocument(data)
    return str(document[where["page"] - 1].get_textpage().get_text_range())


def csv_text(text: str, where: dict[str, Any]) -> str:
    """Rows named by the locator, cells joined with bars."""
    first, last = where["lines"]
    return "\n".join(" | ".join(row) for row in list(csv.reader(io.StringIO(text)))[first - 1 : last])


def docx_text(path: Path) -> str:
    """Paragraphs and table rows, one a line."""
    document = docx.Document(str(path))
    lines = [paragraph.text for paragraph in document.paragraphs]
    lines += [" | ".join(cell.text for cell in row.cells) for table in document.tables for row in table.rows]
    return "\n".join(lines)


def xlsx_text(path: Path, where: dict[str, Any]) -> str:
    """Cells of the range named by the locator."""
    rows = openpyxl.load_workbook(path)[where["sheet"]][where["cells"]]
    return " | ".join(
        ""
        if cell.value is None
        else cell.value.date().isoformat()
        if isinstance(cell.value, datetime)
        else str(cell.value)
        for row in rows
        for cell in row
    )


def pptx_text(path: Path, where: dict[str, Any]) -> str:
    """Text runs of the slide named by the locator."""
    with zipfile.ZipFile(path) as archive:
        source = archive.read(f"ppt/slides/slide{where['slide']}.xml").decode()
    return html.unescape(" ".join(re.findall(r"<a:t>([^<]*)</a:t>", source)))


def mail_text(path: Path, where: dict[str, Any]) -> str:
    """Plain body of a message, or the attachment named by the locator."""
    message = message_from_bytes(path.read_bytes(), policy=policy.default)
    assert isinstance(message, EmailMessage)
    if "part" not in where:
        body = message.get_body(("plain",))
        assert body is not None
        return re.sub(r"^[> ]+", "", body.get_content(), flags=re.M)
    part = next(p for p in message.iter_attachments() if p.get_filename() == where["part"])
    assert part["Content-Transfer-Encoding"] == "base64"
    data = part.get_payload(decode=True)
    assert isinstance(data, bytes)
    return pdf_text(data, where) if "page" in where else csv_text(data.decode(), where)


def notebook_text(path: Path, where: dict[str, Any]) -> str:
    """Source and printed output of the cell named by the locator."""
    number = int(where["part"].removeprefix("cell "))
    cell = json.loads(path.read_text(encoding="utf-8"))["cells"][number - 1]
    printed = ["".join(output["text"]) for output in cell.get("outputs", [])]
    return "\n".join(["".join(cell["source"]), *printed])


def source_text(document: str) -> str:
    """What a scanned page shows or a recording says, from the text it was made of."""
    return (SOURCES / f"{document}.md").read_text(encoding="utf-8")


def epub_text(path: Path, where: dict[str, Any]) -> str:
    """Text of the chapter named by the locator."""
    with zipfile.ZipFile(path) as archive:
        return strip_tags(archive.read(where["part"]).decode())


def line_text(path: Path, where: dict[str, Any]) -> str:
    """Lines named by the locator, as they stand in the file."""
    first, last = where["lines"]
    lines = path.read_text(encoding="utf-8").splitlines()
    assert 1 <= first <= last <= len(lines)
    return "\n".join(lines[first - 1 : last])


READERS: dict[str, Callable[[Path, dict[str, Any]], str]] = {
    ".pdf": lambda path, where: pdf_text(path.read_bytes(), where),
    ".docx": lambda path, where: docx_text(path),
    ".xlsx": xlsx_text,
    ".pptx": pptx_text,
    ".eml": mail_text,
    ".ipynb": notebook_text,
    ".epub": epub_text,
    ".csv": lambda path, where: csv_text(path.read_text(encoding="utf-8"), where),
    ".html": lambda path, where: strip_tags(line_text(path, where)),
}


def text_at(document: str, where: dict[str, Any]) -> str:
    """Text of ``document`` at the place ``where``."""
    if document.endswith((".scan.pdf", ".wav")):
        return source_text(document)
    path = CORPUS / document
    return READERS.get(path.suffix, line_text)(path, where)


def matches(pattern: str, path: str) -> bool:
    """Glob match in which ``**`` crosses folders."""
    parts = re.split(r"(\*\*|\*)", pattern)
    return re.fullmatch("".join({"**": ".*", "*": "[^/]*"}.get(p, re.escape(p)) for p in parts), path) is not None


def readers(path: str) -> list[str] | None:
    """Readers given by the first rule that matches."""
    rules = tomllib.loads((CORPUS / RULES).read_text(encoding="utf-8"))["rule"]
    return next((rule["readers"] for rule in rules if matches(rule["path"], path)), None)


@pytest.mark.parametrize("place", PLACES)
def test_quote_is_in_its_document(place: dict[str, Any]) -> None:
    """The quotation stands at the place the locator names."""
    assert (CORPUS / place["document"]).is_file()
    assert squash(place["quote"]) in squash(text_at(place["document"], place["locator"]))


def test_ids_and_questions_are_unique() -> None:
    """No id and no question appears twice."""
    assert len({item["id"] for item in ITEMS}) == len(ITEMS)
    assert len({item["question"].casefold().strip(" ?") for item in ITEMS}) == len(ITEMS)


def test_enough_questions_of_each_kind() -> None:
    """The questions cover what a reader of such papers asks about."""
    tags = Counter(tag for item in ANSWERABLE for tag in set(item["tags"]))
    assert len(ANSWERABLE) >= 130
    assert len(UNANSWERABLE) >= 35
    least = {
        "conflict": 10,
        "near-twin": 8,
        "restricted": 8,
        "how-to": 8,
        "definition": 6,
        "code": 6,
        "email": 6,
        "spreadsheet": 12,
        "prose": 60,
        "scan": 1,
        "recording": 1,
    }
    assert {tag: tags[tag] for tag in least if tags[tag] < least[tag]} == {}
    assert tags["table"] >= 0.25 * len(ANSWERABLE)


def test_answerable_questions_are_complete() -> None:
    """Each answerable question has an answer, a quotation and, where access is limited, the people who may see it."""
    for item in ANSWERABLE:
        assert item["answer"] and item["quote"] and item["locator"] is not None, item["id"]
        allowed = readers(item["document"])
        assert allowed is not None
        assert item.get("principals", ["everyone"]) == allowed, item["id"]
        assert ("restricted" in item["tags"]) == (allowed != ["everyone"]), item["id"]
        assert Path(item["document"]).suffix.removeprefix(".") in item["tags"], item["id"]


def test_unanswerable_questions_have_no_answer() -> None:
    """A question without an answer names the reason and nothing else."""
    for item in UNANSWERABLE:
        assert [item[key] for key in ("answer", "document", "quote", "locator")] == [None] * 4, item["id"]
        assert item["reason"] and "unanswerable" in item["tags"], item["id"]
        assert "nearest" not in item or (CORPUS / item["nearest"]).is_file(), item["id"]


def test_split_follows_the_id() -> None:
    """About half of either kind is kept for fitting, and the split can be worked out again."""
    for group in (ANSWERABLE, UNANSWERABLE):
        for item in group:
            assert item["split"] == ("fit", "test")[hashlib.sha256(item["id"].encode()).digest()[0] % 2]
        share = sum(item["split"] == "fit" for item in group) / len(group)
        assert 0.35 <= share <= 0.65


def test_readers_cover_every_file() -> None:
    """No file is readable by nobody, and the closed folders are closed."""
    assert [path for path in FILES if not readers(path)] == []
    assert readers("hr/compensation/salary-bands-2025.xlsx") == ["group:hr", "group:management"]
    assert sum(readers(path) != ["everyone"] for path in FILES) >= 4


def test_formats_and_size() -> None:
    """Every format is there and the whole is small enough to ship."""
    kinds = Counter(Path(path).suffix for path in FILES)
    least = {
        ".pdf": 8,
        ".docx": 6,
        ".pptx": 3,
        ".xlsx": 2,
        ".html": 3,
        ".md": 5,
        ".eml": 4,
        ".csv": 2,
        ".json": 1,
        ".jsonl": 1,
        ".txt": 2,
        ".epub": 1,
        ".py": 1,
        ".c": 1,
        ".ipynb": 1,
        ".wav": 1,
    }
    assert {kind: kinds[kind] for kind in least if kinds[kind] < least[kind]} == {}
    assert len(FILES) >= 60
    sizes = {path: (CORPUS / path).stat().st_size for path in FILES}
    assert sum(sizes.values()) <= 6_000_000
    assert sizes["facilities/notice-lift-hall-b.scan.pdf"] < 200_000
    assert sizes["support/voicemail-pellworth-2025-04-09.wav"] < 400_000
    parts = openpyxl.load_workbook(CORPUS / "products" / "spare-parts-2025.xlsx")["Parts"]
    assert parts.max_row > 200


def test_scan_has_no_text_layer() -> None:
    """The scanned notice is a picture."""
    document = pypdfium2.PdfDocument(CORPUS / "facilities" / "notice-lift-hall-b.scan.pdf")
    assert document[0].get_textpage().get_text_range().strip() == ""


def test_book_is_a_valid_container() -> None:
    """The e-book begins with its uncompressed type and lists chapters that exist."""
    with zipfile.ZipFile(CORPUS / "hr" / "employee-handbook.epub") as archive:
        first = archive.infolist()[0]
        assert (first.filename, first.compress_type) == ("mimetype", zipfile.ZIP_STORED)
        assert archive.read("mimetype") == b"application/epub+zip"
        package = archive.read("OEBPS/content.opf").decode()
        names = re.findall(r'href="([^"]+)"', package)
        assert names and all(f"OEBPS/{name}" in archive.namelist() for name in names)


def test_every_document_is_asked_about_or_plain() -> None:
    """Hardly a document is without a question."""
    asked = {item["document"] for item in ANSWERABLE}
    assert len(asked) >= 0.9 * len(FILES)
