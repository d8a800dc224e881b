"""Kill the writer with SIGKILL in the middle of its commits: what it acknowledged is there, nothing is half there."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from citewell.access import Scope
from citewell.index.passages import PassageTable

WRITER = """
import sys
sys.path.insert(0, sys.argv[2])
import numpy as np
from citewell.index.passages import PassageTable
from conftest import passage, vector, vectors
table = PassageTable.open(sys.argv[1])
for round in range(10_000):
    version = f"v{round}"
    passages = [
        passage(f"d{d}", f"{version} part {i} of d{d}", start=100 * i, document_version=version)
        for d in range(3) for i in range(1 + (round + d) % 7)
    ]
    table.commit(passages, vectors(passages), ["d0", "d1", "d2"])
    print(round, flush=True)
    if round % 9 == 8:
        table.optimize()
"""


@pytest.mark.parametrize("seed", range(4))
def test_kill_nine_leaves_whole_commits(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "t.lance"
    PassageTable.create(path, 16)
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), str(Path(__file__).parent)], stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None and writer.stdout.readline()  # the first commit is acknowledged
    time.sleep(random.Random(seed).uniform(0.05, 1.0))
    writer.kill()
    acknowledged = [0, *map(int, writer.stdout.read().split())][-1]
    writer.wait()
    writer.stdout.close()

    table = PassageTable.open(path)
    versions = table.document_versions()
    assert set(versions) == {"d0", "d1", "d2"} and len(set(versions.values())) == 1
    current = int(versions["d0"].removeprefix("v"))
    assert current in {acknowledged, acknowledged + 1}
    for d in range(3):
        passages = table.of_document(f"d{d}", Scope.owner())
        assert [p.text for p in passages] == [f"v{current} part {i} of d{d}" for i in range(1 + (current + d) % 7)]
    assert {h.passage.document_version for h in table.lexical("part", 99, Scope.owner())} == {f"v{current}"}
    assert table.check() == []
    table.optimize()
    table.delete(["d0", "d1", "d2"])
    assert table.count(Scope.owner()) == 0
