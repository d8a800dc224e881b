"""Write the corpus and its questions below ``src/citewell/samples``."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from .content.mails import mails
from .content.sheets import books
from .markup import Page, read_page
from .questions import write_questions
from .write_mail import write_mail
from .write_media import write_scan, write_speech
from .write_office import write_docx, write_pptx, write_xlsx
from .write_pdf import write_pdf
from .write_web import write_epub, write_html, write_notebook, write_text

CONTENT = Path(__file__).parent / "content"
SAMPLES = Path(__file__).parents[2] / "src" / "citewell" / "samples"

WRITERS: dict[str, Callable[[Page, Path], object]] = {
    ".docx": write_docx,
    ".epub": write_epub,
    ".html": write_html,
    ".ipynb": write_notebook,
    ".pdf": write_pdf,
    ".pptx": write_pptx,
    ".txt": write_text,
    ".wav": write_speech,
}


def _target(corpus: Path, relative: str) -> Path:
    target = corpus / relative
    target.parent.mkdir(parents=True, exist_ok=True)
    return target


def build(samples: Path) -> list[str]:
    """Write every file below ``samples`` and return what could not be made."""
    corpus = samples / "corpus"
    made: set[Path] = set()
    missing: list[str] = []
    for source in sorted((CONTENT / "verbatim").rglob("*")):
        if source.is_file():
            target = _target(corpus, source.relative_to(CONTENT / "verbatim").as_posix())
            shutil.copyfile(source, target)
            made.add(target)
    for source in sorted((CONTENT / "pages").rglob("*.md")):
        page = read_page(source, CONTENT / "pages")
        scan = page.path.endswith(".scan.pdf")
        target = _target(corpus, page.path)
        writer = write_scan if scan else WRITERS[target.suffix]
        if writer(page, target) is False:
            missing.append(page.path)
        made.add(target)
    for book in books():
        target = _target(corpus, book.path)
        write_xlsx(book, target)
        made.add(target)
    with tempfile.TemporaryDirectory() as folder:
        source = CONTENT / "attachments" / "order-confirmation-OC-24-1187.pdf.md"
        attached = Path(folder) / "attached.pdf"
        write_pdf(read_page(source, source.parent), attached)
        for mail in mails(attached.read_bytes()):
            target = _target(corpus, mail.path)
            write_mail(mail, target)
            made.add(target)
    for old in corpus.rglob("*"):
        if old.is_file() and old not in made:
            old.unlink()
    missing += write_questions(CONTENT / "questions", corpus, samples / "questions.jsonl")
    return missing


def main() -> int:
    """Build everything; report what is missing."""
    missing = build(SAMPLES)
    for line in missing:
        print(line, file=sys.stderr)
    print(f"{sum(1 for p in (SAMPLES / 'corpus').rglob('*') if p.is_file())} files in {SAMPLES / 'corpus'}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
