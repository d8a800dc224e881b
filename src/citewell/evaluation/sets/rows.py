"""Files as rows: JSON, JSON lines and CSV, decoded strictly, each row with the place it came from.

A row is a dictionary whose names are written one way (``expectedOutput``, ``Expected Output`` and ``expected-output``
are all ``expected_output``). What a row means is not known here.
"""

from __future__ import annotations

import ast
import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from citewell.errors import DataError
from citewell.evaluation.sets.problems import Problems
from citewell.records import Json

MAX_CELL = 1 << 24
"""Characters of one CSV cell; Python's own limit of 131,072 is less than a document."""

DELIMITERS = (",", ";", "\t", "|")

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NO_WORD = re.compile(r"[^0-9a-z]+")


class Row(NamedTuple):
    """place: for messages, such as ``questions.csv line 7``."""

    place: str
    values: Json


def plain_name(name: str) -> str:
    """``Expected Output``, ``expected-output`` and ``expectedOutput`` → ``expected_output``; ``_id`` stays."""
    lower = _NO_WORD.sub("_", _CAMEL.sub("_", name.strip()).lower()).rstrip("_")
    return lower if name.strip().startswith("_") else lower.strip("_")


def decode(path: Path, problems: Problems) -> str:
    """The file's text: UTF-8 with or without a byte order mark, or UTF-16 with one."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from None
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return data.decode("utf-16")
        except UnicodeDecodeError as error:
            raise DataError(f"{path} begins like UTF-16 and is not ({error}). Save it as UTF-8.") from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").splitlines(), start=1):
        try:
            line.decode("utf-8")
        except UnicodeDecodeError as error:
            found = f"byte {line[error.start]:#04x} at column {error.start + 1} is not UTF-8"
            problems.add(f"{path} line {number}", f"{found}. Save the file as UTF-8.")
    problems.stop()
    raise DataError(f"{path} is not UTF-8. Save it as UTF-8.")


def read_json(path: Path, text: str) -> Any:
    """The one value in a JSON file."""
    try:
        return parsed(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} is not JSON: {error}. Expected one JSON value, or one object per line.") from None


def parsed(text: str) -> Any:
    """A JSON value, or :class:`ValueError`. Halves of characters (``\\ud800`` alone), which no file can hold, become
    U+FFFD, as they do in documents."""
    value = json.loads(text, parse_constant=_no_number)
    return _whole(value) if "\\ud" in text or "\\uD" in text else value


def _whole(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_whole(each) for each in value]
    if isinstance(value, dict):
        return {_whole(name): _whole(each) for name, each in value.items()}
    return value


def json_lines(path: Path, text: str, problems: Problems) -> Iterator[Row]:
    """One object per line; empty lines are passed over."""
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        place = f"{path} line {number}"
        try:
            row = parsed(line)
        except (ValueError, RecursionError) as error:
            problems.add(place, f"not JSON ({error}). Expected one JSON object per line.")
            continue
        if isinstance(row, dict):
            yield Row(place, named(row))
        else:
            problems.add(place, f"not a JSON object but {_kind(row)}. Expected an object with a question.")


def objects(path: Path, values: Sequence[Any], at: str, problems: Problems) -> Iterator[Row]:
    """The objects of a JSON list; ``at`` is the list's own JSON path."""
    for number, value in enumerate(values):
        place = f"{path} {at}[{number}]"
        if isinstance(value, dict):
            yield Row(place, named(value))
        else:
            problems.add(place, f"not a JSON object but {_kind(value)}. Expected an object with a question.")


def columns(path: Path, data: Json, problems: Problems) -> Iterator[Row]:
    """Rows of a table that is written by columns, as data frames are: ``{"question": [...], "answer": [...]}`` or with
    an object of row number and value in each column."""
    lists = {name: list(each.values()) if isinstance(each, dict) else each for name, each in data.items()}
    lengths = {name: len(each) for name, each in lists.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} {length}" for name, length in lengths.items())
        problems.add(str(path), f"columns of different length ({told}). Expected one value of each for every question.")
        return
    for number in range(next(iter(lengths.values()), 0)):
        yield Row(f"{path} row {number + 1}", named({name: each[number] for name, each in lists.items()}))


def are_columns(data: Any) -> bool:
    """Whether a JSON object is a table written by columns."""
    return isinstance(data, dict) and bool(data) and (
        all(isinstance(each, list) for each in data.values())
        or all(isinstance(each, dict) and all(key.isdigit() for key in each) for each in data.values())
    )  # fmt: skip


def csv_rows(path: Path, text: str, is_known: Callable[[str], bool], problems: Problems) -> Iterator[Row]:
    """Rows below a header line, separated by whatever gives the header the most names that are known. Empty cells are
    left out: they say nothing."""
    delimiter = csv_delimiter(text, is_known)
    previous = csv.field_size_limit(MAX_CELL)
    try:
        yield from _csv_rows(path, text, delimiter, problems)
    finally:
        csv.field_size_limit(previous)


def csv_delimiter(text: str, is_known: Callable[[str], bool]) -> str:
    header = text.lstrip("\n").split("\n", 1)[0].rstrip("\r")
    return max(DELIMITERS, key=lambda each: sum(is_known(name) for name in set(csv_header(header, each))))


def csv_header(line: str, delimiter: str) -> list[str]:
    try:
        return [plain_name(cell) for cell in next(csv.reader([line], delimiter=delimiter), [])]
    except csv.Error:
        return []


def _csv_rows(path: Path, text: str, delimiter: str, problems: Problems) -> Iterator[Row]:
    file = io.StringIO(text, newline="")
    if delimiter == "\t" and not _is_quoted(text, delimiter):
        reader = csv.reader(file, delimiter=delimiter, strict=True, quoting=csv.QUOTE_NONE)
    else:
        reader = csv.reader(file, delimiter=delimiter, strict=True)
    header: list[str] = []
    line = 0
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            problems.add(f"{path} line {reader.line_num}", f"not readable as CSV: {error}.")
            return  # where the next row begins is unknown
        place, line = f"{path} line {line + 1}", reader.line_num
        if not any(cell.strip() for cell in cells):
            continue
        if not header:
            header = [plain_name(cell) for cell in cells]
            if twice := sorted({name for name in header if name and header.count(name) > 1}):
                problems.add(place, f"the column '{twice[0]}' is there twice. Expected each column once.")
                return
            continue
        if len(cells) != len(header):
            problems.add(place, f"{len(cells)} cells, but the header names {len(header)} columns. Expected as many.")
            continue
        yield Row(place, {name: cell for name, cell in zip(header, cells, strict=True) if name and cell.strip()})


def _is_quoted(text: str, delimiter: str) -> bool:
    """Whether quotation marks enclose cells throughout; in tab-separated files they are often just characters."""
    try:
        for _ in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True):
            pass
    except csv.Error:
        return False
    return True


def unpacked(cell: Any) -> Any:
    """A cell that holds a JSON value, or a list or object as Python writes it (data frames save lists so)."""
    if not isinstance(cell, str) or not cell.strip().startswith(("[", "{")):
        return cell
    try:
        return parsed(cell)
    except (ValueError, RecursionError):
        pass
    try:
        return _whole(ast.literal_eval(cell.strip()))
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return cell


def named(row: Json) -> Json:
    """The row with plain names, without what says nothing (``null``)."""
    return {plain_name(str(name)): value for name, value in row.items() if value is not None}


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is not a number JSON has")


def _kind(value: Any) -> str:
    names = {
        str: "a text",
        list: "a list",
        dict: "an object",
        bool: "true or false",
        int: "a number",
        float: "a number",
    }
    return names.get(type(value), "null")
