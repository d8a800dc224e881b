"""Where definitions begin and end in source code, by the grammar of its language.

The grammars are tree-sitter's, in the optional extra ``code``; without it, and for languages not listed here,
:func:`stretches` returns ``None`` and code is cut by its looks. Python needs none of this: it has its own grammar.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from citewell.cleaning import clean_line

if TYPE_CHECKING:
    from tree_sitter import Language, Node

Stretch = tuple[int, int, tuple[str, ...]]
"""First line and line after the last, both 0-based, and the names of the definitions it stands in."""

_GRAMMARS = {
    "js mjs cjs jsx": ("tree_sitter_javascript", "language"),
    "ts mts cts": ("tree_sitter_typescript", "language_typescript"),
    "tsx": ("tree_sitter_typescript", "language_tsx"),
    "java": ("tree_sitter_java", "language"),
    "go": ("tree_sitter_go", "language"),
    "rs": ("tree_sitter_rust", "language"),
    "c": ("tree_sitter_c", "language"),
    "h cpp cc cxx hpp hh": ("tree_sitter_cpp", "language"),  # C headers are C++ headers to a reader
    "cs": ("tree_sitter_c_sharp", "language"),
    "rb": ("tree_sitter_ruby", "language"),
    "php": ("tree_sitter_php", "language_php"),
    "sh bash": ("tree_sitter_bash", "language"),
}
EXTENSIONS = frozenset(extension for extensions in _GRAMMARS for extension in extensions.split())
"""Of the languages whose grammar is in the extra ``code``."""

_FUNCTION_VALUES = frozenset(("arrow_function", "function_expression", "generator_function", "class"))
_WORDS = {  # node type of a definition, in any of the grammars → the word before its name
    **dict.fromkeys(("function_declaration", "generator_function_declaration", "function_definition", "function_item"),
                    "function"),
    **dict.fromkeys(("method_definition", "method_declaration", "abstract_method_signature", "method",
                     "singleton_method", "constructor_declaration", "destructor_declaration",
                     "operator_declaration"), "method"),
    **dict.fromkeys(("class_declaration", "abstract_class_declaration", "class_specifier", "class"), "class"),
    **dict.fromkeys(("struct_item", "struct_specifier", "struct_declaration"), "struct"),
    **dict.fromkeys(("enum_declaration", "enum_item", "enum_specifier"), "enum"),
    **dict.fromkeys(("interface_declaration", "annotation_type_declaration"), "interface"),
    **dict.fromkeys(("trait_item", "trait_declaration"), "trait"),
    **dict.fromkeys(("namespace_definition", "namespace_declaration", "internal_module"), "namespace"),
    **dict.fromkeys(("module", "mod_item"), "module"),
    **dict.fromkeys(("type_alias_declaration", "type_spec", "type_item", "type_definition"), "type"),
    **dict.fromkeys(("macro_definition", "preproc_function_def"), "macro"),
    "record_declaration": "record", "union_item": "union", "union_specifier": "union", "impl_item": "impl",
    "delegate_declaration": "delegate",
}  # fmt: skip
_WRAPPERS = frozenset((
    "export_statement", "ambient_declaration", "template_declaration", "type_declaration", "expression_statement",
    "declaration",
))  # fmt: skip
_TRANSPARENT = frozenset((
    "preproc_ifdef", "preproc_if", "preproc_else", "preproc_elif", "linkage_specification", "declaration_list",
    "body_statement", "ERROR",
))  # fmt: skip
_BEFORE = frozenset(("comment", "block_comment", "line_comment", "attribute_item", "decorator", "attribute_list"))
_CLOSING = re.compile(r"\W*(?:end|endif|fi|done|esac)?\W*")
_MAX_NAME = 200
_MAX_DEPTH = 30
_SMALL = 20  # lines; a class with fewer stays in one piece


def _load() -> dict[str, Language]:
    """The installed grammars, by extension. Loaded once, before any file is read: a parser process may load no
    libraries."""
    try:
        from tree_sitter import Language
    except ImportError:
        return {}
    found: dict[str, Language] = {}
    for extensions, (module, function) in _GRAMMARS.items():
        try:
            language = Language(getattr(importlib.import_module(module), function)())
        except (ImportError, AttributeError, ValueError):
            continue  # not installed, or made for another version of tree-sitter
        found.update(dict.fromkeys(extensions.split(), language))
    return found


_LANGUAGES = _load()


def available(extension: str) -> bool:
    return extension in _LANGUAGES


def stretches(source: str, extension: str) -> list[Stretch] | None:
    """The definitions of a source file and what stands between them, in order; ``None`` when no grammar knows it or
    finds no definition."""
    if extension not in _LANGUAGES:
        return None
    from tree_sitter import Parser

    tree = Parser(_LANGUAGES[extension]).parse(source.encode("utf-8", "replace"))
    lines = source.split("\n")
    found: list[Stretch] = []
    for start, end, names in _Cut().level(tree.root_node, 0, len(lines), (), 0):
        if found and all(_CLOSING.fullmatch(line) for line in lines[start:end]):
            found[-1] = (found[-1][0], end, found[-1][2])  # closing brackets stay with what they close
        else:
            found.append((start, end, names))
    return found if any(names for _, _, names in found) else None


@dataclass
class _Cut:
    """One walk over a syntax tree."""

    position: int = 0  # the first line that is in no stretch yet

    def level(self, node: Node, start: int, end: int, names: tuple[str, ...], depth: int) -> Iterator[Stretch]:
        """The definitions among a node's children, and the lines between them."""
        self.position = start
        yield from self.children(node, names, depth)
        if self.position < end:
            yield self.position, end, names
            self.position = end

    def children(self, node: Node, names: tuple[str, ...], depth: int) -> Iterator[Stretch]:
        above: int | None = None  # first line of the comments right above
        previous_end = 0
        for child in node.named_children:
            if child.type in _BEFORE:
                touches = above is not None and previous_end + 1 >= child.start_point[0]
                above = above if touches else child.start_point[0]
                previous_end = _last_line(child)
                continue
            first = child.start_point[0]
            if above is not None and previous_end + 1 >= first:
                first = above
            above = None
            if child.type in _TRANSPARENT and depth < _MAX_DEPTH:
                yield from self.children(child, names, depth + 1)
            elif (found := _definition(child)) is not None:
                yield from self.definition(child, found, max(first, self.position), names, depth)

    def definition(self, whole: Node, node: Node, first: int, names: tuple[str, ...], depth: int) -> Iterator[Stretch]:
        last = _last_line(whole) + 1
        if last <= first:
            return  # several on one line
        if last - first == 1 and _WORDS.get(node.type) in {"macro", "type"}:
            return  # headers have hundreds of them in a row, which are read together
        if self.position < first:
            yield self.position, first, names
        own = (*names, _label(node))
        body = node.child_by_field_name("body")
        if body is not None and last - first > _SMALL and depth < _MAX_DEPTH and _holds_definitions(body):
            yield from self.level(body, first, last, own, depth + 1)
        else:
            yield first, last, own
        self.position = last


def _last_line(node: Node) -> int:
    """The last line a node has characters on; some end with the line break."""
    row, column = node.end_point
    return row - 1 if column == 0 and row > node.start_point[0] else row


def _definition(node: Node, depth: int = 0) -> Node | None:
    """The definition that a statement is, or holds behind ``export``, ``template`` and the like."""
    if node.type in {"lexical_declaration", "variable_declaration"}:
        values = [each.child_by_field_name("value") for each in node.named_children]
        is_function = any(value is not None and value.type in _FUNCTION_VALUES for value in values)
        return node.named_children[0] if is_function else None
    if node.type == "assignment_expression":
        right = node.child_by_field_name("right")
        return node if right is not None and right.type in _FUNCTION_VALUES else None
    if node.type in _WORDS and (node.child_by_field_name("body") or node.type not in _NEED_BODY):
        return node
    if node.type in _WRAPPERS and depth < 4:
        return next((found for each in node.named_children if (found := _definition(each, depth + 1))), None)
    return None


_NEED_BODY = frozenset(("struct_specifier", "class_specifier", "enum_specifier", "union_specifier"))  # else only named


def _holds_definitions(body: Node) -> bool:
    """Whether it is the body of a class or module, not of a function."""
    if body.type in {"statement_block", "block", "compound_statement", "constructor_body"} and (
        body.parent is None or body.parent.type not in {"internal_module", "module"}
    ):
        return False
    return any(_definition(each) for each in body.named_children)


def _label(node: Node) -> str:
    """``function add``, ``class Cart``, ``impl Display for Cart``."""
    if node.type == "impl_item":
        kind, trait = node.child_by_field_name("type"), node.child_by_field_name("trait")
        return _short("impl " + (f"{_text(trait)} for " if trait else "") + _text(kind))
    word = _WORDS.get(node.type, "function")
    receiver = node.child_by_field_name("receiver")  # Go
    owner = re.search(r"(\w+)(?:\[[^\]]*\])?\)$", _text(receiver)) if receiver else None
    return _short(f"{word} {owner[1] + '.' if owner else ''}{_name(node)}")


def _name(node: Node) -> str:
    for field in ("name", "left", "declarator"):
        found = node.child_by_field_name(field)
        if found is None:
            continue
        while (inner := found.child_by_field_name("declarator")) is not None:  # C wraps names in their types
            found = inner
        if found.type == "reference_declarator" and found.named_children:
            found = found.named_children[0].child_by_field_name("declarator") or found
        return _text(found)
    return ""


def _text(node: Node | None) -> str:
    return (node.text or b"").decode("utf-8", "replace") if node is not None else ""


def _short(label: str) -> str:
    return clean_line(label)[:_MAX_NAME]
