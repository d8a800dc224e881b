"""The command line. Each command parses its arguments, calls one function and prints what it returns."""

from __future__ import annotations


def main() -> None:
    """Entry point of the ``citewell`` command."""
    from citewell.cli.run import run

    run()
