"""Questions about table cells (row and column give the value), records of keys and values, and named fields."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator

from citewell.evaluation.making.drafts import Draft, Material, plain, small
from citewell.evaluation.making.shapes import looks_like_person, shape_of
from citewell.records import Block

LONGEST_LABEL, LONGEST_COLUMN, LONGEST_VALUE = 7, 6, 25  # words

_NO_VALUE = re.compile(r"(?i)[-–—.?x✓✗*\s]*|n/?a|none|null|nan|yes|no|true|false|tbd|ja|nein|oui|non|sí|si|não")
_VALUE_COLUMN = re.compile(
    r"(?i)(?:values?|amounts?|results?|details?|descriptions?|data|information|answers?|wert|valeur|valor|valore|"
    r"waarde)"
)
_NAMELESS = re.compile(
    r"(?i)(?:|names?|items?|measures?|topics?|parameters?|property|properties|#|no\.?|nr\.?|what|field|key|"
    r"characteristics?|features?|.*\b(?:and|or)\b.*)"
)
_TERM_COLUMN = re.compile(r"(?i)(?:terms?|words?|abbreviations?|acronyms?|expressions?|begriff|terme|término|termine)")
_MEANING_COLUMN = re.compile(
    r"(?i)(?:meanings?|definitions?|explanations?|descriptions?|stands for|full (?:name|form)|bedeutung|définition|"
    r"definición|significato|definizione|definição|betekenis)"
)
_PARTICIPLE = re.compile(r"(?i)\w{3,}ed")
_DONE = re.compile(
    r"(?i)(?:last )?(?:purchased|issued|updated|created|opened|closed|delivered|signed|published|ordered|received|"
    r"approved|founded|installed|released|modified|reviewed|revised|discovered|built|established)"
)
_WHO = re.compile(
    r"(?i)(?:.*\b(?:owner|contact|manager|lead|author|agent|instructor|trainer|approver|chair|head|employee|person|"
    r"supervisor|coordinator|representative|buyer|engineer|director|sponsor|by|to|teacher|partner|deciders?|editor|"
    r"officer))"
)
_LISTED = re.compile(r"(?i)(?:items?|events?|descriptions?|details?|what|activity|activities|topics?|contents?)")
_YEAR = re.compile(r"(?:19|20)\d\d")
_UNIT = re.compile(
    r"^(?P<what>.+?),? (?P<unit>(?i:GBP|EUR|USD|CHF|JPY|CZK|SGD)|kg|mm|cm|km|kW|kWh|bar|mbar|MB|GB|days|hours|months|"
    r"weeks|years|minutes|seconds|percent)$"
)
_CODE = re.compile(r"(?i).*\b(?:id|no|nr|number|code|key|#)\.?")
_IDENTIFIERS = ("name", "title", "id", "key", "code", "label", "sku", "number", "term", "word")


def table_drafts(given: Material) -> Iterator[Draft]:
    """Every cell of every row that has a label of its own, under every column that has a name."""
    tables: dict[tuple[str, tuple[str, ...]], list[Block]] = defaultdict(list)
    for block in given.blocks:
        if block.kind == "table_row" and block.header and len(block.cells) > 1:
            tables[block.header, block.heading_path].append(block)
    for (header, _), rows in tables.items():
        columns = [plain(each) for each in header.split(" | ")]
        split = [[plain(cell) for cell in given.text(row).split(" | ")] for row in rows]
        labels = Counter(cells[0].casefold() for cells in split)
        for row, cells in zip(rows, split, strict=True):
            if len(cells) == len(columns) and labels[cells[0].casefold()] == 1 and _good_label(cells[0], columns[0]):
                yield from _row(given, row, columns, cells)


def _row(given: Material, row: Block, columns: list[str], cells: list[str]) -> Iterator[Draft]:
    for column, value in zip(columns[1:], cells[1:], strict=True):
        if not _good_value(value, cells[0]) or not _good_column(column) or columns.count(column) > 1:
            continue
        if _TERM_COLUMN.fullmatch(columns[0]) and _MEANING_COLUMN.fullmatch(column):
            question = given.phrases.means.format(term=cells[0])
            yield _draft(given, row, question, value, "definition", "row of a glossary", cells[0], "mean")
            continue
        template = cell_question(given, columns, column, value)
        if template:
            about = _row_name(given, columns[0], cells[0])
            question = template.format(about=about, asked=_asked(given, column))
            rule = f"table cell: row '{cells[0]}', column '{column}'"
            yield _draft(given, row, question, value, "table", rule, cells[0], column, about)


def cell_question(given: Material, columns: list[str], column: str, value: str) -> str:  # noqa: PLR0911 — a list of cases
    """The question with ``{about}`` for the row and ``{asked}`` for the column."""
    if not given.english:
        cell = given.phrases.cell
        return cell.replace("{row}", "{about}").replace("{column}", "{asked}") if cell else ""
    asked = column.casefold()
    if len(columns) == 2 and _VALUE_COLUMN.fullmatch(column):
        return "What is the {about}?" if _NAMELESS.fullmatch(columns[0]) else "What is the {asked} of {about}?"
    if _YEAR.fullmatch(column):
        return "What was the figure for {about} in {asked}?"
    if _MEANING_COLUMN.fullmatch(column) and asked.startswith("meaning"):
        return "What does {about} mean?"
    if shape_of(value) == "date" and _DONE.fullmatch(column):
        return "When was {about} {asked}?"
    if asked == "responsible" and shape_of(value) in {"name", "text"}:
        return "Who is responsible for {about}?"
    if looks_like_person(value) and _WHO.fullmatch(column):
        return "Who is {about} {asked}?" if asked.endswith((" by", " to")) else "Who is the {asked} for {about}?"
    if _LISTED.fullmatch(column):
        return (
            "What is {about}?"
            if "number" in columns[0].lower() or "id" in columns[0]
            else "What is listed for {about}?"
        )
    if value.isdigit() and _plural(column) and column.replace("_", " ").islower():
        return "How many {asked} does {about} have?"
    if _as_it_stands(column):
        return "What does the table give as “{asked}” for {about}?"
    return "What {be} the {asked} for {about}?".replace("{be}", "are" if _plural(column) else "is")


_PREPOSITIONS = frozenset("for to by of in at from with on as per than since until".split())  # noqa: SIM905


def _as_it_stands(column: str) -> bool:
    """Whether a column's name does not fit into a sentence, so that it is quoted: a question, a participle, a name
    with a number or a second capital at its end."""
    words = column.replace("_", " ").split()
    last = words[-1]
    named = last[:1].isupper() and not last.isupper() and len(words) > 1 and not words[0].istitle()
    return bool(
        re.match(r"(?i)(?:who|whom|for whom|when|where|why|how|what|which|if|do|does|is|are|can)\b", column)
        or _PARTICIPLE.match(words[0]) or last.lower() in _PREPOSITIONS or re.search(r" per [A-Z]+$", column)
        or last.isdigit() or named or (len(words) > 1 and last.istitle() and words[0].islower())
    )  # fmt: skip


def record_drafts(given: Material) -> Iterator[Draft]:
    """Rows that carry their own keys (``name: Kiln | seats: 14``), as records of JSON and the like do."""
    rows = [block for block in given.blocks if block.kind == "table_row" and not block.header and block.cells]
    read = [(block, _pairs(given.text(block))) for block in rows]
    named = Counter(next(iter(pairs.items())) for _, pairs in read if pairs)
    for block, pairs in read:
        if len(pairs) < 2:
            continue
        key = next((key for key in pairs if key.rpartition(".")[2].lower() in _IDENTIFIERS), next(iter(pairs)))
        label = pairs[key]
        if named[key, label] > 1 or not _good_label(label, key):
            continue
        for asked, value in pairs.items():
            deep = asked.count(".") > 1 or any(part.isdigit() for part in asked.split("."))
            if asked == key or deep or not _good_value(value, label) or not given.phrases.cell:
                continue
            words = asked.replace("_", " ")
            template = given.phrases.cell.replace("{row}", "{about}").replace("{column}", "{asked}")
            if given.english:
                template = _record_question(words, value)
            question = template.format(about=_row_name(given, key, label), asked=words)
            rule = f"record: '{label}', key '{asked}'"
            yield _draft(given, block, question, value, "field", rule, label, words)


def _record_question(key: str, value: str) -> str:
    if "." in key or not key.replace(" ", "").isalpha():
        return "What is “{asked}” for {about}?"
    if value.isdigit() and _plural(key) and key.islower():
        return "How many {asked} does {about} have?"
    if _DONE.fullmatch(key) and shape_of(value) == "date":
        return "When was {about} {asked}?"
    if _PARTICIPLE.fullmatch(key):
        return "What is “{asked}” for {about}?"
    return "What {be} the {asked} for {about}?".replace("{be}", "are" if _plural(key) else "is")


_FIELD = re.compile(r"(?P<key>[^\W\d_][\w /-]{2,40}?): (?P<value>\S.{1,160})")
_MAIL = {
    "From": ("Who sent {name}?", "name"), "To": ("Who was {name} sent to?", "name"),
    "Date": ("When was {name} sent?", "date"),
}  # fmt: skip


def field_drafts(given: Material) -> Iterator[Draft]:
    """Lines ``Key: value`` that are a block of their own: fields of a file, the head of a mail, facts in a list."""
    for block in given.blocks:
        if block.kind not in {"field", "list_item", "paragraph"}:
            continue
        text = given.text(block)
        found = _FIELD.fullmatch(text.rstrip("."))
        if not found or not _good_field(block, found["key"], found["value"]):
            continue
        key, value = found["key"], plain(found["value"])
        mail = given.name.startswith("the e-mail ")
        key = key.title() if mail else key
        if mail and key not in _MAIL:
            continue
        template = _MAIL[key][0] if mail and given.english else given.phrases.field
        if not template or not given.name or not _good_value(value, key):
            continue
        words = small(key.replace("_", " "))
        if given.english and not mail:
            template = _field_question(words, value)
        question = template.format(field=words, name=given.name)
        value = value.split(" <")[0].strip('"') if mail else value
        rule = f"field '{key}'"
        yield Draft(
            question, question, (value,), block.span, "field", rule, keys=f"{key} {given.name}",
            shape=shape_of(value), about=given.name, asked=words,
        )  # fmt: skip


def _field_question(key: str, value: str) -> str:
    if _DONE.fullmatch(key) and shape_of(value) == "date":
        return "When was {name} {field}?"
    if not _FACT.fullmatch(key):
        return "What is given as “{field}” in {name}?"
    who = looks_like_person(value.split(",", maxsplit=1)[0])
    return f"{'Who' if who else 'What'} {'are' if _plural(key) else 'is'} the {{field}} of {{name}}?"


_FACT = re.compile(
    r"(?i)(?:document |file |policy |project |product |contract |incident )?(?:owners?|authors?|status|date|version|"
    r"contacts?|approvers?|deciders?|location|address|price|phone|telephone|e-?mail|hours|opening hours|duration|"
    r"severity|alarm|category|department|deadline|due date|valid (?:from|until)|next review|customer|language|level|"
    r"size|weight|capacity|budget|sponsor|lead|chair|participants?|attendees|supplier|manager|effective date|"
    r"review date|start date|end date|job title|title|team|client|partner|priority|frequency|cost|site|venue|"
    r"subject area|revision|number|id|code)"
)


def _good_field(block: Block, key: str, value: str) -> bool:
    """Whether this is a fact with a name, not a sentence with a colon in it."""
    short = len(key.split()) <= 4 and len(value.split()) <= (25 if block.kind == "field" else 14)
    note = key.lower() in {
        "note",
        "tip",
        "warning",
        "example",
        "reminder",
        "subject",
        "yes",
        "no",
        "for example",
        "update",
    }
    known = _FACT.fullmatch(key) or _DONE.fullmatch(key)
    return short and not note and (block.kind == "field" or bool(known)) and not value.endswith(("?", ":"))


def _draft(
    given: Material, row: Block, question: str, value: str, kind: str, rule: str, label: str, asked: str,
    about: str = "",
) -> Draft:  # fmt: skip
    telling = any(each.isdigit() or each.isupper() for each in label[1:])
    return Draft(
        question, given.named(question), (value,), row.span, kind, rule, keys=f"{label} {asked}",
        shape=shape_of(value), alone=telling, about=about or label, asked=asked,
    )  # fmt: skip


def _row_name(given: Material, column: str, label: str) -> str:
    """``the model Standard 14``, ``asset id IT-10451``, or the label alone where its column has no telling name."""
    if not given.english or _NAMELESS.fullmatch(column) or len(column.split()) > 2:
        return label
    noun = column.replace("_", " ")
    noun = noun if noun.isupper() else noun[:1].lower() + noun[1:]
    last = noun.split()[-1]
    if _plural(noun) or label.casefold().startswith(last) or last in label.casefold().split():
        return label
    if noun.lower() in {"id", "key", "code", "number", "no", "no.", "nr", "nr."}:
        return label
    return f"{noun} {label}" if _CODE.fullmatch(noun) else f"the {noun} {label}"


def _asked(given: Material, column: str) -> str:
    """A column's name as it stands in a sentence: ``Price GBP`` → ``price in GBP``."""
    if not given.english:
        return column
    words = column.replace("_", " ").replace("(s)", "").strip()
    if _as_it_stands(column):
        return words
    if unit := _UNIT.match(words):
        known = unit["unit"].upper() if len(unit["unit"]) == 3 and unit["unit"] != "bar" else unit["unit"]
        words = f"{unit['what']} in {known}" if unit["what"].lower() not in {"number of", "no. of"} else words
    return small(words)


_MACHINE = re.compile(r"(?i)[0-9a-f]{12,}|[0-9a-f]{8}-[0-9a-f]{4}-.*|\S{23,}")
"""Ids and paths that programs write for programs; nobody asks for them."""


def _pairs(row: str) -> dict[str, str]:
    """Keys and values of a record; empty when a cell has no key."""
    pairs = [cell.partition(": ") for cell in row.split(" | ")]
    return {} if any(not middle for _, middle, _ in pairs) else {key: plain(value) for key, _, value in pairs}


def _good_label(label: str, column: str) -> bool:
    words = label.split()
    number = not any(each.isalpha() for each in label)
    if any(_MACHINE.fullmatch(word) for word in words):
        return False
    total = re.match(r"(?i)(?:sub)?total|sum|gesamt|summe|all |other|any ", label) or re.search(
        r"[“”\"?!…:;]|\.$|[.,]{2}", label
    )
    return 0 < len(words) <= LONGEST_LABEL and not total and (not number or bool(_CODE.fullmatch(column)))


def _good_column(column: str) -> bool:
    if any(len(word) > 22 for word in column.split()):
        return False
    if re.search(r"(?i)\b(?:col|column|header|cell)\b|=|^[A-Z]\d*$", column):
        return False
    known = _YEAR.fullmatch(column) or any(each.isalpha() for each in column)
    odd = re.match(r"(?i)(?:notes?|remarks?|comments?|links?|url|column \d)$", column) or re.search(
        r"[?!…]|\.\.|[a-z]\d$|/", column
    )
    return bool(known) and 0 < len(column.split()) <= LONGEST_COLUMN and not odd


def _good_value(value: str, label: str) -> bool:
    return (
        bool(value) and not _NO_VALUE.fullmatch(value) and len(value.split()) <= LONGEST_VALUE
        and (len(value) > 1 or value.isdigit()) and "http" not in value and "|" not in value
        and not any(_MACHINE.fullmatch(word) for word in value.split())
        and value.casefold() not in label.casefold() and "{" not in value
    )  # fmt: skip


def _plural(words: str) -> bool:
    """Whether an English noun phrase is plural, by its head: the last word before a preposition."""
    head = re.split(r" (?:of|for|in|per|on|to|at|with|by)\b|,|\(", words.lower())[0].split()
    last = head[-1] if head else ""
    return last.endswith("s") and not last.endswith(("ss", "us", "is", "series", "basis", "ings"))
