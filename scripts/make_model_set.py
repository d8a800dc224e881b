"""Describes the weights that ship as one model set: ``src/citewell/models/weights/modelset.json``.

    python -m scripts.make_model_set
    python -m scripts.make_model_set --role reader=reader-l6-int8 --role reranker=reader-l6-int8 --calibration FILE

Run after any file below weights/ changed; a test compares the hashes. Roles and calibration of the present file are
kept where nothing else is said. A calibration file is one JSON object.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from citewell.durable import write_durably
from citewell.models.encoder import load_directory
from citewell.models.files import WEIGHTS
from citewell.models.modelset import ENCODER, ROLES, SET_FILE, describe_models, description, read_model_set
from citewell.models.pair_model import PairModel
from citewell.settings import BUILTIN_ENCODER

NAME = "citewell"


def main() -> None:
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--role", action="append", default=[], metavar="ROLE=DIRECTORY", help=", ".join(ROLES))
    parser.add_argument("--calibration", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    before = read_model_set(WEIGHTS) if (WEIGHTS / SET_FILE).is_file() else None
    paths = {role: entry.path for role, entry in before.models.items()} if before else {ENCODER: BUILTIN_ENCODER}
    paths |= dict(each.split("=", 1) for each in arguments.role)
    calibration = before.calibration if before else {}
    if arguments.calibration:
        calibration = json.loads(arguments.calibration.read_text(encoding="utf-8"))
    models = {role: (paths[role], identity(role, WEIGHTS / paths[role])) for role in ROLES if role in paths}
    found = describe_models(WEIGHTS, NAME, models, calibration=calibration)
    if before and before.id == found.id:
        print("nothing changed")
        return
    write_durably(WEIGHTS / SET_FILE, description(found))
    print(f"{found.id}: {', '.join(each.identity for each in found.models.values())}, {found.bytes / 1e6:.1f} MB")


def identity(role: str, directory: Path) -> str:
    return load_directory(directory, directory.name).identity if role == ENCODER else PairModel(directory).identity


if __name__ == "__main__":
    main()
