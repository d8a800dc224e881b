"""What an installation weighs: bytes on disk by distribution, how many dependencies, and which must not be there.

    python -m benchmarks.size [--out benchmarks/results/size.json]

A fresh virtual environment gets ``pip install REPOSITORY`` without extras. Sizes are those of the files that each
distribution's own record lists, compiled bytecode included; pip itself is left out. Needs the
network or a package mirror.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import tomllib
import venv
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
TARGET_MB, TARGET_DIRECT = 700, 25
HEAVY = ("torch", "transformers", "sentence-transformers", "pandas", "scipy", "scikit-learn", "tensorflow")
TELEMETRY = (
    "posthog", "sentry-sdk", "analytics-python", "segment-analytics-python", "mixpanel", "amplitude-analytics", "scarf",
    "openvino-telemetry", "opentelemetry-sdk", "opentelemetry-exporter-otlp", "opentelemetry-exporter-otlp-proto-http",
    "opentelemetry-exporter-otlp-proto-grpc", "opentelemetry-exporter-otlp-proto-common", "datadog", "newrelic",
)  # fmt: skip

INVENTORY = """
import importlib.metadata, json, re
found = {}
for distribution in importlib.metadata.distributions():
    name = re.sub(r"[-_.]+", "-", distribution.metadata["Name"]).lower()
    sizes = {}
    for file in distribution.files or ():
        path = file.locate()
        if path.is_file():
            sizes[str(file)] = path.stat().st_size
    found[name] = {"version": distribution.version, "files": sizes}
print(json.dumps(found))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    print("$ python -m benchmarks.size")
    with tempfile.TemporaryDirectory(prefix="cw-") as temporary:
        found = install(Path(temporary) / "venv")
    result = summary(found)
    print_report(result)
    if arguments.out:
        arguments.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def install(path: Path) -> dict[str, Any]:
    """Distribution → version and sizes by file, of a fresh core installation."""
    venv.create(path, with_pip=True)
    python = str(path / "bin" / "python")
    subprocess.run([python, "-m", "pip", "install", "-qq", "--no-input", str(REPOSITORY)], check=True)
    done = subprocess.run([python, "-P", "-c", INVENTORY], check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return {name: entry for name, entry in found.items() if name not in {"pip", "setuptools"}}


def summary(found: dict[str, Any]) -> dict[str, Any]:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    own = found["citewell"]["files"]
    code = {name: size for name, size in own.items() if name.startswith("citewell/") and name.endswith((".py", ".pyc"))}
    data = {name: size for name, size in own.items() if name.startswith("citewell/") and name not in code}
    folders: dict[str, int] = {}
    for name, size in data.items():
        folder = "/".join(Path(name).parts[1:3])
        folders[folder] = folders.get(folder, 0) + size
    sizes = {name: sum(entry["files"].values()) for name, entry in found.items()}
    return {
        "total_mb": sum(sizes.values()) / 1e6,
        "direct": len(project["dependencies"]),
        "with_transitive": len(found) - 1,
        "mb_by_distribution": {name: sizes[name] / 1e6 for name in sorted(sizes, key=sizes.__getitem__, reverse=True)},
        "versions": {name: found[name]["version"] for name in sorted(found)},
        "own_code_mb": sum(code.values()) / 1e6,
        "own_data_mb": sum(data.values()) / 1e6,
        "own_data_mb_by_folder": {
            name: size / 1e6 for name, size in sorted(folders.items(), key=lambda item: -item[1])
        },
        "heavy": sorted(set(found) & set(HEAVY)),
        "telemetry": sorted(set(found) & set(TELEMETRY)),
    }


def print_report(result: dict[str, Any]) -> None:
    print(f"\n{'':<34}{'found':>9}{'target':>9}")
    print(f"{'MB on disk':<34}{result['total_mb']:>9.1f}{TARGET_MB:>9}")
    print(f"{'direct dependencies':<34}{result['direct']:>9}{TARGET_DIRECT:>9}")
    print(f"{'with what they need':<34}{result['with_transitive']:>9}")
    print(f"{'torch, transformers, pandas …':<34}{', '.join(result['heavy']) or 'none':>9}{'none':>9}")
    print(f"{'telemetry packages':<34}{', '.join(result['telemetry']) or 'none':>9}{'none':>9}")
    print(f"\nCitewell itself: code {result['own_code_mb']:.1f} MB, data {result['own_data_mb']:.1f} MB")
    for name, size in list(result["own_data_mb_by_folder"].items())[:6]:
        print(f"  {name:<32}{size:>9.2f}")
    print("\nMB by distribution")
    for name, size in result["mb_by_distribution"].items():
        if size >= 0.1:
            print(f"  {name:<32}{size:>9.1f}  {result['versions'][name]}")
    small = [name for name, size in result["mb_by_distribution"].items() if size < 0.1]
    print(f"  and {len(small)} below 0.1 MB each: {', '.join(small)}")


if __name__ == "__main__":
    main()
