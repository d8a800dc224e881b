"""Source code cut at its definitions by the grammar of its language, and without the grammars."""

from __future__ import annotations

import subprocess
import sys

import pytest

from citewell.parsing import code_definitions
from tests.parsing.conftest import find, text_of

needs_grammars = pytest.mark.skipif(
    not code_definitions.available("js"), reason="the extra `code` is not installed"
)  # fmt: skip

FILLER = "  // nothing\n" * 20
SOURCES = {
    "shop.ts": (
        "import a from 'b';\n\n/** Sells. */\n@Decorated()\nexport class Shop {\n" + FILLER
        + "\n  /** One. */\n  sell(): number {\n    return 1;\n  }\n  buy() {}\n}\n"
        "export const make = () => {\n  return 2;\n};\n",
        {"return 1": ("class Shop", "method sell"), "buy()": ("class Shop", "method buy"),
         "return 2": ("function make",)},
    ),
    "shop.go": (
        "package shop\n\n// Sell sells.\nfunc (s *Shop) Sell() int {\n\treturn 1\n}\n\n"
        "type Shop struct {\n\tname string\n}\n",
        {"return 1": ("method Shop.Sell",), "name string": ("type Shop",)},
    ),
    "shop.rs": (
        "#[derive(Debug)]\npub struct Shop { a: i32 }\n\nimpl Sell for Shop {\n" + FILLER
        + "  fn one(&self) { 1 }\n}\n",
        {"a: i32": ("struct Shop",), "{ 1 }": ("impl Sell for Shop", "function one")},
    ),
    "Shop.java": (
        "package x;\n\npublic class Shop {\n" + FILLER + "  int sell() {\n    return 1;\n  }\n}\n",
        {"return 1": ("class Shop", "method sell")},
    ),
    "Shop.cs": (
        "namespace N {\n" + FILLER + "class Shop {\n" + FILLER + "  int Sell() { return 1; }\n}\n}\n",
        {"return 1": ("namespace N", "class Shop", "method Sell")},
    ),
    "shop.c": (
        "#include <a.h>\n#ifdef X\nstatic int *sell(int a)\n{\n  return 1;\n}\n#endif\nstruct shop { int n; };\n",
        {"return 1": ("function sell",), "int n": ("struct shop",)},
    ),
    "shop.cpp": (
        "template<class T>\nT sell(T a) { return 1; }\nint Shop::buy() const { return 2; }\n",
        {"return 1": ("function sell",), "return 2": ("function Shop::buy",)},
    ),
    "shop.rb": (
        "class Shop\n" + "  x = 1\n" * 20 + "  def sell\n    12\n  end\nend\n",
        {"12": ("class Shop", "method sell")},
    ),
    "shop.php": ("<?php\nfunction sell() {\n  return 1;\n}\n", {"return 1": ("function sell",)}),
    "shop.sh": ("#!/bin/sh\nset -e\nsell() {\n  echo 1\n}\n", {"echo 1": ("function sell",)}),
}  # fmt: skip


@needs_grammars
@pytest.mark.parametrize("name", SOURCES)
def test_definitions(parse, name: str) -> None:
    source, expected = SOURCES[name]
    parsed = parse(source, name)
    for words, path in expected.items():
        block = find(parsed, words)
        assert block.heading_path == path
        first, last = block.locator.lines
        assert words in "\n".join(source.split("\n")[first - 1 : last])
    covered = {line for block in parsed.blocks for line in range(block.locator.lines[0], block.locator.lines[1] + 1)}
    assert all(number in covered for number, line in enumerate(source.split("\n"), start=1) if line.strip())
    assert not parsed.notes


@needs_grammars
def test_comments_and_brackets_stay_with_their_definition(parse) -> None:
    source, _ = SOURCES["shop.ts"]
    parsed = parse(source, "shop.ts")
    assert text_of(parsed, find(parsed, "return 1")).startswith("/** One. */")
    assert text_of(parsed, find(parsed, "buy()")).endswith("}")
    assert text_of(parsed, find(parsed, "class Shop")).startswith("/** Sells. */\n@Decorated()")


@needs_grammars
def test_code_that_does_not_parse_is_kept(parse) -> None:
    parsed = parse("{{ template }} function ( [[[\nwords = here\n", "page.js")
    assert "words = here" in parsed.text


def test_without_the_grammars() -> None:
    program = (
        "import sys; sys.modules['tree_sitter'] = None\n"
        "from citewell.parsing.reader import read\n"
        "parsed = read(b'// Adds.\\nfunction add(a) {\\n  return a;\\n}\\n', 'math.js')\n"
        "print(parsed.blocks[0].heading_path, parsed.notes)\n"
        "print(read(b'a: 1\\n', 'a.yaml').notes)\n"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    first, second = ran.stdout.splitlines()
    assert first.startswith("(('add',)" if first.startswith("((") else "('add',)")
    assert "pip install 'citewell[code]'" in first
    assert second == "()"
