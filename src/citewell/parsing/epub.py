"""EPUB books: the chapters in reading order, read as HTML.

``container.xml`` names the package file, which lists the chapters. A locator's ``part`` is the chapter's file with the
nearest anchor (``ch2.xhtml#s1``). Books whose chapters are encrypted are refused; scrambled fonts do not matter.
"""

from __future__ import annotations

import posixpath
import zipfile
from typing import Any
from urllib.parse import unquote

from citewell.cleaning import clean_line
from citewell.errors import ParseError
from citewell.parsing import html
from citewell.parsing.builder import Builder
from citewell.parsing.dates import iso_date
from citewell.parsing.html_page import characters, parse
from citewell.parsing.packages import BROKEN, open_package, xml_root
from citewell.parsing.xml_shapes import local
from citewell.records import Locator

MAX_CHAPTERS = 5_000
_PAGES = frozenset(("application/xhtml+xml", "text/html", "application/x-dtbook+xml", "text/x-oeb1-document"))


def read(data: bytes, out: Builder) -> None:
    out.media_type = "application/epub+zip"
    archive = open_package(data, out.name)
    package_path = _package_path(archive, out.name)
    package = xml_root(_part(archive, package_path, out.name), out.name)
    _describe(package, out)
    files = _files(package, posixpath.dirname(package_path))
    chapters = _spine(package, files) or [path for path, kind in files.values() if kind in _PAGES]
    encrypted = _encrypted(archive, out.name)
    if any(path in encrypted for path in chapters):
        raise ParseError(
            "encrypted",
            f"'{out.name}' is protected against copying (DRM): its chapters are encrypted. Only the program of the "
            "shop it was bought in can open it; ask for a copy without protection.",
        )
    titles = _titles(archive, files, out.name) | _navigation(archive, package, files, out.name)
    missing = 0
    for path in chapters[:MAX_CHAPTERS]:
        try:
            page = archive.read(path)
        except (KeyError, *BROKEN):
            missing += 1
            continue
        _chapter(page, posixpath.basename(path), titles.get(path, ""), out)
    if missing:
        out.notes.append(f"{missing} chapters that the book lists are damaged or not in it.")


def _part(archive: zipfile.ZipFile, path: str, name: str) -> bytes:
    try:
        return archive.read(path)
    except (KeyError, *BROKEN) as error:
        raise ParseError(
            "corrupt", f"'{name}' is not a complete EPUB book: its part '{path[:100]}' cannot be read ({error})."
        ) from None


def _package_path(archive: zipfile.ZipFile, name: str) -> str:
    root = xml_root(_part(archive, "META-INF/container.xml", name), name)
    found = next((each.get("full-path") for each in root.iter() if local(each) == "rootfile"), None)
    if not found:
        raise ParseError("corrupt", f"'{name}' is not a complete EPUB book: its container.xml names no package file.")
    return str(found)


def _describe(package: Any, out: Builder) -> None:
    """Title, authors, date and language from the package's metadata."""
    authors: list[str] = []
    dates: dict[str, str] = {}
    for each in package.iter():
        words = clean_line(each.text or "") if isinstance(each.tag, str) else ""
        match local(each) if words else "":
            case "title" if not out.title:
                out.title = words[:300]
            case "creator":
                authors.append(words)
            case "date":
                dates.setdefault("date", words)
            case "meta" if each.get("property") == "dcterms:modified":
                dates["modified"] = words
            case "description" | "publisher" as name:
                out.metadata.setdefault(name, words[:500])
    if authors:
        out.metadata["author"] = ", ".join(authors)[:300]
    out.modified_at = iso_date(dates.get("modified", "")) or iso_date(dates.get("date", ""))


def _files(package: Any, folder: str) -> dict[str, tuple[str, str]]:
    """Path in the archive and media type of every file of the manifest, by its id."""
    return {
        each.get("id", ""): (_resolved(folder, each.get("href", "")), each.get("media-type", ""))
        for each in package.iter()
        if local(each) == "item" and each.get("href")
    }


def _resolved(folder: str, href: str) -> str:
    return posixpath.normpath(posixpath.join(folder, unquote(href.partition("#")[0])))


def _spine(package: Any, files: dict[str, tuple[str, str]]) -> list[str]:
    found = (files.get(each.get("idref", "")) for each in package.iter() if local(each) == "itemref")
    return list(dict.fromkeys(path for path, kind in filter(None, found) if kind in _PAGES or not kind))


def _encrypted(archive: zipfile.ZipFile, name: str) -> frozenset[str]:
    """Paths of the parts that are encrypted."""
    if "META-INF/encryption.xml" not in archive.namelist():
        return frozenset()
    root = xml_root(_part(archive, "META-INF/encryption.xml", name), name)
    return frozenset(_resolved("", each.get("URI", "")) for each in root.iter() if local(each) == "cipherreference")


def _titles(archive: zipfile.ZipFile, files: dict[str, tuple[str, str]], name: str) -> dict[str, str]:
    """What the table of contents calls each chapter file; books without one have none."""
    found: dict[str, str] = {}
    for path, kind in files.values():
        if kind == "application/x-dtbncx+xml":
            try:
                root = xml_root(archive.read(path), name)
            except (KeyError, ParseError, *BROKEN):
                continue
            for point in (each for each in root.iter() if local(each) == "navpoint"):
                label = next((each for each in point.iter() if local(each) == "text"), None)
                target = next((each for each in point.iter() if local(each) == "content"), None)
                if label is not None and target is not None and "#" not in target.get("src", ""):
                    chapter = _resolved(posixpath.dirname(path), target.get("src", ""))
                    found.setdefault(chapter, clean_line(label.text or "")[:300])
    return found


def _navigation(archive: zipfile.ZipFile, package: Any, files: dict[str, tuple[str, str]], name: str) -> dict[str, str]:
    """The same from the navigation page of EPUB 3."""
    found: dict[str, str] = {}
    for item in package.iter():
        if local(item) == "item" and "nav" in (item.get("properties") or "").split() and item.get("id") in files:
            path = files[item.get("id")][0]
            try:
                page = parse(characters(archive.read(path), name), name)
            except (KeyError, *BROKEN):
                continue
            for link in page.css("nav a[href]"):
                href = link.attributes.get("href") or ""
                if "#" not in href:
                    found.setdefault(_resolved(posixpath.dirname(path), href), clean_line(link.text())[:300])
    return found


def _chapter(page: bytes, file: str, title: str, out: Builder) -> None:
    """One chapter. When it has no heading of its own, it goes under the title from the table of contents."""
    out.close_sections(1)
    text = characters(page, out.name)
    if title and not html.has_heading(text):
        out.heading(title, 1, Locator(part=file))
    html.write_fragment(text, out, file, book=True)
