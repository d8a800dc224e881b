"""AsciiDoc and Org: headings, paragraphs, lists, code, tables and quotes, each with its lines.

Both are read line by line, by the marks their writers use every day; what is rarer stays as the words it is written
with. Other files that a file includes are noted, not followed. Comments are kept apart.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from citewell.cleaning import clean_line
from citewell.parsing.builder import Builder, Cell
from citewell.parsing.dates import iso_date
from citewell.parsing.encoding import decode
from citewell.parsing.light_inline import asciidoc_words, org_words
from citewell.parsing.spans import Spread
from citewell.records import BlockKind, Locator

_ASCIIDOC_HEADING = re.compile(r"(={1,6}|#{1,6})\s+(\S.*?)(?:\s+\1)?\s*")
_ASCIIDOC_ATTRIBUTE = re.compile(r":([\w!][\w-]*)!?:(?:\s+(.*))?")
_ASCIIDOC_FENCE = re.compile(r"(-{4,}|\.{4,}|\+{4,}|={4,}|\*{4,}|_{4,}|/{4,}|--|`{3,}|~{4,})(?:[\w+-]*)\s*")
_ASCIIDOC_ITEM = re.compile(r"\s*(?:(\*{1,5}|-|\.{1,5}|•)|(\d{1,4}|[a-zA-Z])[.)]|<(\d+|\.)>)\s+(?=\S)")
_ASCIIDOC_TERM = re.compile(r"\s*(\S.*?)(:{2,4}|;;)(?:\s+(.*))?")
_ASCIIDOC_MACRO = re.compile(r"(include|image|video|audio|toc|ifdef|ifndef|ifeval|endif)::([^\[\]]*)\[(.*)\]\s*")
_ASCIIDOC_STARTS = (_ASCIIDOC_ITEM, _ASCIIDOC_MACRO, re.compile(r"\[.*\]\s*$|//|[|,:!]={3,}|={2,6} "))
_ASCIIDOC_UNDERLINES = {"=": 1, "-": 2, "~": 3, "^": 4, "+": 5}
_ASCIIDOC_CELL = re.compile(r"(?:(?<=\s)|^)(?:(\d+)?(?:\.(\d+))?([+*]))?[<^>.]*[a-z]?(?<!\\)\|")
_REVISION = re.compile(r"(?:v[\d.]+,?\s*)?(\d{4}-\d{2}-\d{2}).*")
_AUTHOR = re.compile(r"([^<>:=|]{3,100}?)\s*(?:<[^<>]+>)?\s*")

_ORG_HEADING = re.compile(r"(\*+)\s+(.*?)(?:\s+:([\w@#%:]+):)?\s*")
_ORG_PRIORITY = re.compile(r"\[#\w\]\s*")
_ORG_KEYWORD = re.compile(r"\s*#\+(\w+)(?:\[[^\]]*\])?:\s*(.*)")
_ORG_BEGIN = re.compile(r"\s*#\+begin_(\w+)(?:\s+.*)?", re.IGNORECASE)
_ORG_ITEM = re.compile(r"(\s*)(?:([-+])|((?<=\s)\*)|(\d{1,4}|[a-zA-Z])[.)])\s+(?:\[@\d+\]\s*)?(?=\S)")
_ORG_DRAWER = re.compile(r"\s*:([\w-]+):\s*")
_ORG_PLANNING = re.compile(r"\s*(?:SCHEDULED|DEADLINE|CLOSED):\s.*")
_ORG_RULE = re.compile(r"\s*\|[-+|]+\s*")
_ORG_CODE = frozenset(("src", "example", "export"))


@dataclass
class _Page:
    """A file's lines, what is read of them, and where reading stands."""

    out: Builder
    lines: list[str]
    position: int = 0
    attributes: dict[str, str] = field(default_factory=dict)
    not_followed: list[str] = field(default_factory=list)

    @property
    def line(self) -> str:
        return self.lines[self.position]

    @property
    def more(self) -> bool:
        return self.position < len(self.lines)

    def add(self, kind: BlockKind, words: str, first: int, level: int = 0) -> None:
        """A block that ends right before the current line."""
        self.out.add(kind, words, self.since(first), level=level)

    def since(self, first: int) -> Locator:
        return Locator(lines=(first + 1, max(first + 1, self.position)))

    def until(self, end: re.Pattern[str]) -> list[str]:
        """The lines before the one that matches, which is passed as well."""
        first = self.position
        while self.more and not end.fullmatch(self.line):
            self.position += 1
        found = self.lines[first : self.position]
        self.position += 1
        return found

    def finish(self) -> None:
        if self.not_followed:
            shown = ", ".join(dict.fromkeys(self.not_followed))[:500]
            self.out.notes.append(f"Content that this file takes from elsewhere is not part of it: {shown}.")


def _page(data: bytes, out: Builder) -> _Page:
    return _Page(
        out, decode(data, out.name).replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff").split("\n")
    )


def read_asciidoc(data: bytes, out: Builder) -> None:
    out.media_type = "text/asciidoc"
    page = _page(data, out)
    while page.more:
        _asciidoc_block(page)
    page.finish()


def _asciidoc_block(page: _Page) -> None:
    first, line = page.position, page.line
    page.position += 1
    stripped = line.strip()
    if not stripped or stripped == "+" or re.fullmatch(r"'{3,}|<{3,}", stripped):
        return
    if match := _ASCIIDOC_HEADING.fullmatch(line):
        _asciidoc_heading(page, match[2], len(match[1]), first)
    elif match := _ASCIIDOC_FENCE.fullmatch(line):
        _asciidoc_delimited(page, match[1], first)
    elif stripped.startswith("//"):
        page.out.hide(stripped.lstrip("/"), "comment", page.since(first))
    elif re.fullmatch(r"[|,:!]={3,}", stripped):
        _asciidoc_table(page, stripped, first)
    elif not _asciidoc_mark(page, line, first):
        _asciidoc_text(page, line, first)


def _asciidoc_mark(page: _Page, line: str, first: int) -> bool:
    """Lines that say something about the file or the block below."""
    if match := _ASCIIDOC_ATTRIBUTE.fullmatch(line):
        page.attributes[match[1].lower()] = clean_line(match[2] or "")
        _asciidoc_facts(page, match[1].lower(), clean_line(match[2] or ""))
    elif match := _ASCIIDOC_MACRO.fullmatch(line):
        _asciidoc_macro(page, match, first)
    elif re.match(r"\.[^\s.]", line):
        page.add("caption", asciidoc_words(line[1:], page.attributes), first)
    else:
        return re.fullmatch(r"\[.*\]", line.strip()) is not None  # attributes
    return True


def _asciidoc_text(page: _Page, line: str, first: int) -> None:
    if line.lstrip().startswith("|") and line.count("|") > 1:  # rows without the fence that makes them a table
        while page.more and page.line.lstrip().startswith("|"):
            page.position += 1
        _plain_rows(page, first)
    elif match := _ASCIIDOC_ITEM.match(line):
        _asciidoc_item(page, match, first)
    elif (match := _ASCIIDOC_TERM.fullmatch(line)) and "://" not in match[1]:
        page.add("list_item", asciidoc_words(match[1], page.attributes), first, level=len(match[2]) - 1)
        rest = " ".join([match[3] or "", *_asciidoc_rest(page)])
        page.add("list_item", asciidoc_words(rest, page.attributes), first, level=len(match[2]))
    elif line[0].isspace():
        while page.more and page.line.strip():
            page.position += 1
        page.add("code", "\n".join(page.lines[first : page.position]), first)
    elif page.more and _is_underline(line, page.line):
        page.position += 1
        _asciidoc_heading(page, line, _ASCIIDOC_UNDERLINES[page.lines[first + 1][0]], first)
    else:
        page.add("paragraph", asciidoc_words("\n".join([line, *_asciidoc_rest(page)]), page.attributes), first)


def _is_underline(line: str, below: str) -> bool:
    below = below.rstrip()
    return bool(re.fullmatch(r"([=~^+-])\1{2,}", below)) and abs(len(below) - len(line.rstrip())) <= 2


def _asciidoc_heading(page: _Page, words: str, level: int, first: int) -> None:
    words = asciidoc_words(words, page.attributes)
    page.out.heading(words, level, page.since(first))
    if level == 1 and not page.out.title:
        page.out.title = words
        for number in range(2):  # author and revision right below
            if not page.more or not (line := page.line.strip()) or _ASCIIDOC_ATTRIBUTE.fullmatch(line):
                return
            if match := _REVISION.fullmatch(line):
                page.out.modified_at = iso_date(match[1])
            elif number == 0 and (match := _AUTHOR.fullmatch(line)):
                page.out.metadata["author"] = clean_line(match[1])
            else:
                return
            page.position += 1
            page.add("field", line, page.position - 1)


def _asciidoc_facts(page: _Page, name: str, value: str) -> None:
    if name == "author" and value:
        page.out.metadata["author"] = value[:300]
    elif name in {"revdate", "date"} and (date := iso_date(value)):
        page.out.modified_at = date
    elif name == "description" and value:
        page.out.metadata["description"] = value[:500]


def _asciidoc_delimited(page: _Page, fence: str, first: int) -> None:
    """A block between two equal lines. Blocks of prose are read on as if the fence was not there."""
    if fence[0] in "=*_~" or fence == "--":
        return
    content = "\n".join(page.until(re.compile(re.escape(fence) + r"\s*")))
    if fence[0] == "/":
        page.out.hide(content, "comment", page.since(first))
    elif fence[0] == "+":  # passed through as it is, most often HTML
        page.add("paragraph", re.sub(r"<[^>]*>", " ", content), first)
    else:
        page.out.add("code", content, Locator(lines=(first + 2, max(first + 2, page.position - 1))))


def _asciidoc_macro(page: _Page, match: re.Match[str], first: int) -> None:
    name, target, attributes = match.groups()
    if name == "include":
        page.not_followed.append(f"include {clean_line(target)[:100]}")
    elif name in {"image", "video", "audio"}:
        words = attributes.split(",")[0].strip().strip('"')
        page.add("caption", "" if "=" in words else asciidoc_words(words, page.attributes), first)
    elif name in {"ifdef", "ifndef"} and attributes:
        page.add("paragraph", asciidoc_words(attributes, page.attributes), first)


def _asciidoc_item(page: _Page, match: re.Match[str], first: int) -> None:
    mark, number, callout = match.groups()
    words = page.lines[first][match.end() :]
    rest = _asciidoc_rest(page)
    before = f"{number}. " if number else f"({callout}) " if callout else ""
    text = asciidoc_words(" ".join([words, *rest]), page.attributes)
    indent = len(page.lines[first]) - len(page.lines[first].lstrip())
    level = max(len(mark) if mark else 1, 1 + min(indent // 2, 8))
    page.add("list_item", before + re.sub(r"^\[[ x*]\] ", "", text), first, level=level)


def _asciidoc_rest(page: _Page) -> list[str]:
    """The further lines of a paragraph or item."""
    first = page.position
    while page.more and (line := page.line).strip() not in {"", "+"}:
        if _ASCIIDOC_FENCE.fullmatch(line) or any(each.match(line) for each in _ASCIIDOC_STARTS):
            break
        if (term := _ASCIIDOC_TERM.fullmatch(line)) and "://" not in term[1]:
            break
        page.position += 1
    return [line.strip() for line in page.lines[first : page.position]]


def _asciidoc_table(page: _Page, fence: str, first: int) -> None:
    attributes = page.lines[first - 1] if first and page.lines[first - 1].startswith("[") else ""
    start, lines = page.position, page.until(re.compile(re.escape(fence) + r"\s*"))
    csv = fence[0] == "," or "format=csv" in attributes
    found: list[tuple[str, int, int, int]] = []  # text, columns, rows, line
    width = _declared_columns(attributes)
    headed = "header" in attributes
    for number, line in enumerate(lines):
        cells = [(each, 1, 1, 1) for each in line.split(",")] if csv and line.strip() else _asciidoc_cells(line)
        if cells and not found and len(re.findall(r"(?:^|\s)[<^>.]*h\|", line)) == len(cells):
            headed = True
        if not cells and line.strip() and found:
            found[-1] = (f"{found[-1][0]} {line.strip()}", *found[-1][1:])  # a cell of several lines
        if cells and not found and number == 0 and not headed and len(lines) > 1 and not lines[1].strip():
            headed = len(cells) > 1
        found += [(text, columns, rows, start + number) for text, columns, rows, times in cells for _ in range(times)]
        width = width or sum(columns * times for _, columns, _, times in cells)
    _asciidoc_rows(page, found, max(1, width), headed)


def _asciidoc_rows(page: _Page, found: list[tuple[str, int, int, int]], width: int, headed: bool) -> None:
    table, spread, taken = page.out.table(), Spread(page.out), 0
    row: list[tuple[Cell, int, int]] = []
    for number, (text, columns, rows, line) in enumerate(found, start=1):
        place = Locator(lines=(line + 1, line + 1))
        row.append(((asciidoc_words(text, page.attributes), place), min(columns, width), rows))
        taken += min(columns, width)
        if taken + spread.covered >= width or number == len(found):
            (table.header if headed else table.row)(spread.row(row, width), row[0][0][1])
            row, taken, headed = [], 0, False


def _declared_columns(attributes: str) -> int:
    match = re.search(r'cols\s*=\s*"?([^"\]]+)', attributes)
    parts = [part for part in match[1].split(",") if part.strip()] if match else []
    times = (re.match(r"\s*(\d{1,3})\*", part) for part in parts)
    return sum(int(found[1]) if found else 1 for found in times)


def _plain_rows(page: _Page, first: int) -> None:
    table = page.out.table()
    for number in range(first, page.position):
        place = Locator(lines=(number + 1, number + 1))
        cells = (asciidoc_words(text, page.attributes) for text in page.lines[number].strip().strip("|").split("|"))
        (table.header if number == first else table.row)([(text, place) for text in cells], place)


def _asciidoc_cells(line: str) -> list[tuple[str, int, int, int]]:
    """(text, columns and rows it spans, times it is repeated) of the cells that begin in a line."""
    marks = list(_ASCIIDOC_CELL.finditer(line))
    found: list[tuple[str, int, int, int]] = []
    for mark, after in zip(marks, [*marks[1:], None], strict=False):
        count = min(int(mark[1] or 1), 100)
        text = line[mark.end() : after.start() if after else len(line)].replace("\\|", "|").strip()
        rows = min(int(mark[2] or 1), 100) if mark[3] == "+" else 1
        found.append((text, count if mark[3] == "+" else 1, rows, count if mark[3] == "*" else 1))
    return found


def read_org(data: bytes, out: Builder) -> None:
    out.media_type = "text/org"
    page = _page(data, out)
    while page.more:
        _org_block(page)
    page.finish()


def _org_block(page: _Page) -> None:
    first, line = page.position, page.line
    page.position += 1
    if not line.strip() or re.fullmatch(r"\s*-{5,}\s*", line):
        return
    if match := _ORG_HEADING.fullmatch(line):
        page.out.heading(org_words(_ORG_PRIORITY.sub("", match[2], count=1)), len(match[1]), page.since(first))
        page.add("field", f"tags: {', '.join(match[3].split(':'))}" if match[3] else "", first)
    elif match := _ORG_BEGIN.fullmatch(line):
        _org_delimited(page, match[1].lower(), first)
    elif match := _ORG_KEYWORD.fullmatch(line):
        _org_keyword(page, match[1].lower(), match[2].strip(), first)
    elif re.match(r"\s*#(?:\s|$)", line):
        page.out.hide(line.strip().lstrip("#"), "comment", page.since(first))
    elif (match := _ORG_DRAWER.fullmatch(line)) and match[1].lower() != "end":
        _org_drawer(page, first)
    else:
        _org_text(page, line, first)


def _org_drawer(page: _Page, first: int) -> None:
    page.out.hide("\n".join(page.until(re.compile(r"(?i)\s*:end:\s*|\*+ .*"))), "drawer", page.since(first))
    if page.position <= len(page.lines) and page.lines[page.position - 1].startswith("*"):
        page.position -= 1  # a drawer without an end stops at the next heading


def _org_text(page: _Page, line: str, first: int) -> None:
    if _ORG_PLANNING.fullmatch(line):
        page.add("field", line, first)
    elif line.lstrip().startswith("|"):
        _org_table(page, first)
    elif re.match(r"\s*:(?:\s|$)", line):
        while page.more and re.match(r"\s*:(?:\s|$)", page.line):
            page.position += 1
        page.add("code", "\n".join(re.sub(r"^\s*: ?", "", each) for each in page.lines[first : page.position]), first)
    elif match := _ORG_ITEM.match(line):
        _org_item(page, match, first)
    else:
        page.add("paragraph", org_words("\n".join([line.strip(), *_org_rest(page, 0)])), first)


def _org_delimited(page: _Page, name: str, first: int) -> None:
    """Blocks of prose other than quotes are read on as if the marks were not there."""
    if name in _ORG_CODE or name in {"comment", "quote", "verse"}:
        lines = page.until(re.compile(rf"(?i)\s*#\+end_{re.escape(name)}\s*"))
        content = "\n".join(re.sub(r"^,(?=[*#])", "", line) for line in lines)
        inner = Locator(lines=(first + 2, max(first + 2, page.position - 1)))
        if name == "comment":
            page.out.hide(content, "comment", inner)
        elif name in _ORG_CODE:
            page.out.add("code", content, inner)
        else:
            page.out.add("quote", content if name == "verse" else org_words(content), inner, level=1)


def _org_keyword(page: _Page, name: str, value: str, first: int) -> None:
    if name == "title":
        page.out.title = clean_line(f"{page.out.title} {org_words(value)}")
        page.add("title", org_words(value), first)
    elif name == "author" and value:
        page.out.metadata["author"] = value[:300]
        page.add("field", f"author: {value}", first)
    elif name == "date":
        page.out.modified_at = iso_date(value.strip("<>[]"))
        page.add("field", f"date: {value}", first)
    elif name == "caption":
        page.add("caption", org_words(value), first)
    elif name == "include":
        page.not_followed.append(f"include {clean_line(value)[:100]}")
    elif name in {"subtitle", "description", "keywords"}:
        page.add("field", f"{name}: {value}" if value else "", first)


def _org_table(page: _Page, first: int) -> None:
    while page.more and page.line.lstrip().startswith("|"):
        page.position += 1
    rows = [(number, page.lines[number]) for number in range(first, page.position)]
    rule = next((number for number, line in rows if _ORG_RULE.fullmatch(line) and number > first), first)
    table = page.out.table()
    for number, line in rows:
        if _ORG_RULE.fullmatch(line):
            continue
        place = Locator(lines=(number + 1, number + 1))
        cells: list[Cell] = [(org_words(cell.strip()), place) for cell in line.strip().strip("|").split("|")]
        (table.header if number < rule else table.row)(cells, place)


def _org_item(page: _Page, match: re.Match[str], first: int) -> None:
    indent = len(match[1].expandtabs(8))
    words = org_words(" ".join([page.lines[first][match.end() :], *_org_rest(page, indent + 1)]))
    words = re.sub(r"^\[[ xX-]\] ", "", words)
    page.add("list_item", (f"{match[4]}. " if match[4] else "") + words, first, level=1 + min(indent // 2, 8))


def _org_rest(page: _Page, indent: int) -> list[str]:
    """The further lines of a paragraph, or those of an item that stand deeper than its mark."""
    first = page.position
    while page.more and (line := page.line).strip():
        depth = len(line.expandtabs(8)) - len(line.expandtabs(8).lstrip())
        if depth < indent or _ORG_ITEM.match(line) or re.match(r"\*+ |\s*(?:#\+|#\s|\||:\s|:\w+:\s*$)", line):
            break
        page.position += 1
    return [line.strip() for line in page.lines[first : page.position]]
