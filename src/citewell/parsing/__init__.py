"""Bytes of a file → text with exact, located blocks, in a disposable process.

Importing this package loads no parser library: those live in the child process (:mod:`citewell.parsing.child`).
"""

from citewell.parsing.detect import supported
from citewell.parsing.parsed import PARSER_VERSION, Parsed
from citewell.parsing.sandbox import ParserPool

__all__ = ["PARSER_VERSION", "Parsed", "ParserPool", "supported"]
