"""``import citewell`` stays light."""

from __future__ import annotations

import json
import subprocess
import sys

HEAVY = {"torch", "transformers", "pandas", "lance", "pyarrow", "onnxruntime", "sqlalchemy", "numpy", "rich", "typer",
         "pypdfium2", "docx", "openpyxl", "scipy"}  # fmt: skip


def loaded(statement: str) -> set[str]:
    code = f"import sys, json\n{statement}\nprint(json.dumps([name.partition('.')[0] for name in sys.modules]))"
    return set(json.loads(subprocess.check_output([sys.executable, "-c", code], text=True)))


def test_import_loads_no_heavy_package() -> None:
    assert not loaded("import citewell") & HEAVY


def test_public_names_resolve() -> None:
    import citewell

    for name in citewell.__all__:
        assert getattr(citewell, name) is not None


def test_asking_loads_no_training_or_parsing_package() -> None:
    modules = loaded("import citewell.ask, citewell.store, citewell.models.encoder, citewell.index.passages")
    assert not modules & {"torch", "transformers", "pandas", "pypdfium2", "docx", "openpyxl", "sqlalchemy", "typer"}
