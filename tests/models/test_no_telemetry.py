"""The encoder's runtime starts without the reporting that its official builds switch on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.integration
def test_encoding_leaves_nothing_in_the_home_or_temporary_directory(tmp_path: Path) -> None:
    home, temporary = tmp_path / "home", tmp_path / "tmp"
    home.mkdir()
    temporary.mkdir()
    # The runtime also keeps quiet where CI is set, which would hide what this is about.
    environment = {name: value for name, value in os.environ.items() if name not in {"CI", "ORT_DISABLE_TELEMETRY"}}
    code = "from citewell.models.encoder import load_encoder; print(load_encoder().encode(['pump']).shape)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        env={**environment, "HOME": str(home), "TMPDIR": str(temporary), "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.stdout.startswith("(1, ")
    assert [*home.rglob("*"), *temporary.rglob("*")] == []
