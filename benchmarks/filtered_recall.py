"""Searches restricted by filter or readers: how many of the exact nearest they find, and how long they take.

    python benchmarks/filtered_recall.py --data RETRIEVAL_SETS --sets … --cache /tmp/latency --size 100000

Fills a table as ``search_latency.py`` does and gives every passage a random number in [0, 1): ``source_id`` and readers
name the smallest of the shares below that holds it. A share is asked for as a filter on source and, the same passages,
as a scope. Recall is against comparing every visible passage. Writes results/filtered_recall.json.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np

from citewell.access import Scope
from citewell.index import Filters
from citewell.index.passages import PassageTable
from citewell.models.encoder import load_encoder
from search_latency import (
    COMMIT,
    OWNER,
    clock,
    command,
    grow,
    load_passages,
    load_questions,
    machine,
    parse_arguments,
    recall,
    save,
)

SHARES = (0.001, 0.01, 0.05, 0.2, 1.0)


def main() -> None:
    arguments = parse_arguments(__doc__ or "")
    size, encoder = max(arguments.sizes), load_encoder()
    table = build(arguments, size, encoder.dimension)
    vectors = encoder.encode(load_questions(arguments.data, arguments.sets, arguments.questions))
    rows = []
    print("share  passages  as      recall@10  p50 ms  p99 ms")
    for share in SHARES:
        names = [str(each) for each in SHARES if each <= share]
        restrictions = {"source": {"filters": Filters(sources=tuple(names))},
                        "readers": {"scope": Scope(frozenset(f"group:{name}" for name in names))}}  # fmt: skip
        for kind, restriction in restrictions.items():
            scope, filters = restriction.get("scope", OWNER), restriction.get("filters")
            for vector in vectors[:20]:
                table.rank_dense(vector, 10, scope, filters)
            times = [clock(lambda v=v, s=scope, f=filters: table.rank_dense(v, 10, s, f)) for v in vectors]
            rows.append({"share": share, "passages": table.count(scope, filters), "as": kind,
                         "recall@10": recall(table, vectors, **restriction),
                         "p50_ms": round(float(np.median(times)), 2),
                         "p99_ms": round(float(np.percentile(times, 99)), 2)})  # fmt: skip
            print(*rows[-1].values(), sep="\t", flush=True)
    save("filtered_recall", {"command": command(arguments), "machine": machine(), "rows": rows})
    print(json.dumps(machine()))


def build(arguments: object, size: int, dimension: int) -> PassageTable:
    path = arguments.cache / "filtered.lance"
    shutil.rmtree(path, ignore_errors=True)
    table, supply = (
        PassageTable.create(path, dimension),
        grow(*load_passages(arguments.data, arguments.cache, arguments.sets)),
    )
    random = np.random.default_rng(4)
    for start in range(0, size, COMMIT):
        batch = [next(supply) for _ in range(min(COMMIT, size - start))]
        names = [str(next(share for share in SHARES if number < share)) for number in random.random(len(batch))]
        table.commit(
            [replace(p, source_id=name, readers=(f"group:{name}",)) for (p, _), name in zip(batch, names, strict=True)],
            np.array([row for _, row in batch]), (),
        )  # fmt: skip
    table.optimize()
    return table


if __name__ == "__main__":
    main()
