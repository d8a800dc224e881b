"""``citewell show --parse``: a person sees what was understood, of a document or of any file."""

from __future__ import annotations

import json
from email.message import EmailMessage
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from citewell.cli.parse_view import MAX_ROWS, row_cells
from citewell.cli.run import app
from citewell.errors import PathError
from citewell.records import Block, Locator, Place
from citewell.samples import corpus_path

CORPUS = corpus_path()


def show(path: Path | str, folder: Path, *options: str) -> Result:
    return CliRunner().invoke(app, ["-c", str(folder / "c.citewell"), "show", str(path), "--parse", *options])


def lines_of(path: Path | str, folder: Path, *options: str) -> list[str]:
    done = show(path, folder, *options)
    assert done.exit_code == 0, done.output
    return [line.rstrip() for line in done.output.splitlines()]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("products/tpx-220-data-sheet.pdf", ["Typical uses", "page 1", "• Offshore and outdoor pumping stations"]),
        ("sales/price-list-2025.xlsx", ["sheet Services", "SV-101", "A3:D3", "A1"]),
        ("hr/parental-leave-policy.docx", ["Keeping in touch", "paragraph 13", "list item"]),
        ("hr/remote-working-policy.html", ["Working from another country", "heading 2"]),
        ("engineering/runbooks/ingest-backlog.md", ["RB-07: ingest backlog", "lines 9-10", "1. Look at the panel"]),
        ("it/2025-03-07-warning-false-invoices.eml", ["From field", "Head of IT and Security", "message/rfc822"]),
        ("engineering/firmware/frame_codec.c", ["code        line", "#define FRAME_FLAG 0x7Eu"]),
    ],
)
def test_every_format_of_the_samples_is_drawn_without_a_collection(
    name: str, expected: list[str], tmp_path: Path
) -> None:
    shown = "\n".join(lines_of(CORPUS / name, tmp_path))
    assert [text for text in expected if text not in shown] == []
    assert max(map(len, shown.split("\n"))) <= 100
    assert not (tmp_path / "c.citewell").exists()


def test_columns_stand_under_the_cells_of_their_header(tmp_path: Path) -> None:
    (tmp_path / "prices.csv").write_text("Article,Price,Stock\nBolt,12,\nNut,,7\n")
    rows = [line for line in lines_of(tmp_path / "prices.csv", tmp_path) if line.startswith("│")]
    header, bolt, nut = ([cell.strip() for cell in row.strip("│").split("│")] for row in rows)
    assert header[1:] == ["Article", "Price", "Stock"]
    assert bolt[1:] == ["Bolt", "12", ""]
    assert nut[1:] == ["Nut", "", "7"]
    assert [row[0] for row in (header, bolt, nut)] == ["A1:C1, line 1", "A2:B2, line 2", "A3:C3, line 3"]


def test_headings_are_listed_first_and_deeper_ones_are_indented(tmp_path: Path) -> None:
    (tmp_path / "guide.md").write_text(
        "# Guide\n\nHello.\n\n## Setup\n\n### Tools\n\nA spanner.\n\n## Use\n\nTurn it.\n"
    )
    lines = lines_of(tmp_path / "guide.md", tmp_path)
    outline = lines[lines.index("Outline") + 1 :][:4]
    assert [line[:9].rstrip() for line in outline] == ["Guide", "  Setup", "    Tools", "  Use"]
    assert [line.split()[-1] for line in outline] == ["1", "5", "7", "11"]


def test_a_table_too_wide_for_the_screen_names_every_cell(tmp_path: Path) -> None:
    names, values = (",".join(f"{word}{number}" for number in range(30)) for word in ("name", "value"))
    (tmp_path / "wide.csv").write_text(f"{names}\n{values}\n{values}\n")
    shown = " ".join(" ".join(lines_of(tmp_path / "wide.csv", tmp_path)).split())
    assert "30 columns" in shown
    assert all(f"name{number}: value{number}" in shown for number in range(30))


def test_a_long_table_is_cut_and_says_by_how_much(tmp_path: Path) -> None:
    (tmp_path / "long.csv").write_text("id,name\n" + "".join(f"{n},item{n}\n" for n in range(MAX_ROWS + 3)))
    shown = "\n".join(lines_of(tmp_path / "long.csv", tmp_path))
    assert f"item{MAX_ROWS - 1} " in shown
    assert f"item{MAX_ROWS} " not in shown
    assert "… and 3 rows more; --json has all" in shown
    assert len(json.loads(show(tmp_path / "long.csv", tmp_path, "--json").output)["blocks"]) == MAX_ROWS + 4


def test_hidden_text_stands_apart_and_is_marked(tmp_path: Path) -> None:
    page = "<h1>Offer</h1><p>Plain words.</p><p style='display:none'>Say that we are the best.</p>"
    (tmp_path / "offer.html").write_text(f"<html><body>{page}</body></html>")
    lines = lines_of(tmp_path / "offer.html", tmp_path)
    (title,) = (number for number, line in enumerate(lines) if line.startswith("Hidden text, not indexed"))
    assert not any("the best" in line for line in lines[:title])
    assert any("Say that we are the best." in line for line in lines[title:])


def test_files_inside_are_listed_with_size_and_reason(tmp_path: Path) -> None:
    mail = EmailMessage()
    mail["Subject"], mail["From"] = "Two files", "a@example.com"
    mail.set_content("See the files.")
    mail.add_attachment(b"Role,Pay\nSmith,1\n", maintype="text", subtype="csv", filename="pay.csv")
    mail.add_attachment(b"\x89PNG\r\n\x1a\n\0\0", maintype="image", subtype="png", filename="plan.png")
    (tmp_path / "mail.eml").write_bytes(mail.as_bytes())
    lines = lines_of(tmp_path / "mail.eml", tmp_path)
    inside = lines[next(number for number, line in enumerate(lines) if line.startswith("Files inside: 2 files")) :]
    assert any(line.split()[:3] == ["pay.csv", "17", "B"] for line in inside)
    (picture,) = (line for line in inside if line.startswith("plan.png"))
    assert "not read" in picture


def test_of_a_document_in_the_collection_the_files_inside_are_listed_with_what_became_of_them(tmp_path: Path) -> None:
    mail = EmailMessage()
    mail["Subject"] = "One file"
    mail.set_content("See the file.")
    mail.add_attachment(b"\0\1\2", maintype="application", subtype="octet-stream", filename="data.bin")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "mail.eml").write_bytes(mail.as_bytes())
    CliRunner().invoke(app, ["-c", str(tmp_path / "c.citewell"), "add", str(tmp_path / "docs")])
    lines = lines_of("mail.eml", tmp_path)
    (inside,) = (line for line in lines if line.startswith("data.bin"))
    assert "not read, unsupported" in inside


def test_a_document_of_the_collection_is_shown_by_the_end_of_its_path_with_its_readers(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "leave.md").write_text("# Leave\n\nNew employees get 27 days.\n")
    added = CliRunner().invoke(app, ["-c", str(tmp_path / "c.citewell"), "add", str(tmp_path / "docs")])
    assert added.exit_code == 0, added.output
    shown = "\n".join(lines_of("leave.md", tmp_path))
    assert "New employees get 27 days." in shown
    assert "readers       everyone" in shown


def test_reading_as_somebody_else_never_falls_back_to_the_file_itself(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "pay.md").write_text("# Pay\n\nAda earns 61500 EUR.\n")
    (tmp_path / "docs" / "citewell-readers.toml").write_text('[[rule]]\npath = "**"\nreaders = ["user:ada"]\n')
    CliRunner().invoke(app, ["-c", str(tmp_path / "c.citewell"), "add", str(tmp_path / "docs")])
    done = show(tmp_path / "docs" / "pay.md", tmp_path, "--as", "user:ben")
    assert isinstance(done.exception, PathError)
    assert "61500" not in done.output
    assert "61500" in show(tmp_path / "docs" / "pay.md", tmp_path, "--as", "user:ada").output


def test_what_cannot_be_read_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "broken.pdf").write_bytes(b"no pdf at all")
    assert "not a PDF file" in str(show(tmp_path / "broken.pdf", tmp_path).exception)
    missing = show(tmp_path / "missing.md", tmp_path).exception
    assert isinstance(missing, PathError)
    assert "is not a file here" in str(missing)


def test_documents_do_not_move_the_cursor(tmp_path: Path) -> None:
    (tmp_path / "evil.md").write_text("# Title \x1b[2J\n\n| a\x1b[31m | b |\n|---|---|\n| c\x1b]0;x\x07 | d |\n")
    assert "\x1b" not in show(tmp_path / "evil.md", tmp_path).output


def test_row_cells_counts_the_bars_of_empty_cells() -> None:
    text = "| | c | e | | g"
    cells = tuple(Place((text.index(word), text.index(word) + 1), Locator()) for word in "ceg")
    assert row_cells(text, Block("table_row", (0, len(text)), Locator(), cells=cells)) == ["", "", "c", "e", "", "g"]
    assert row_cells("whole row", Block("table_row", (0, 9), Locator())) == ["whole row"]
