"""Tables and a picture of what :mod:`benchmarks.parsing` measured."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

US = "citewell"
MEASURES = ("text recall", "text precision", "order", "cell recall", "cell precision", "shape", "no false table",
            "heading recall", "heading precision", "heading level", "strings")  # fmt: skip
PICTURED = ("text recall", "text precision", "order", "cell recall")
RESAMPLES = 2000

Row = dict[str, Any]
"""One system on one file: system, file, format, kind, error, pages, seconds, cpu, peak, scores."""


def values(rows: list[Row], name: str, measure: str) -> dict[str, dict[str, float]]:
    """Format → file → value. Files in which no system can have a value are not there."""
    found: dict[str, dict[str, float]] = {}
    for row in rows:
        value = row["scores"][measure]
        if row["system"] == name and value is not None:
            found.setdefault(row["format"], {})[f"{row['kind']} {row['file']}"] = value
    return found


def table(rows: list[Row], names: Sequence[str], measure: str) -> list[Row]:
    """A row per format: n, the mean of each system, the interval of our difference to the best peer."""
    by_system = {name: values(rows, name, measure) for name in names}
    formats = sorted({format_ for found in by_system.values() for format_ in found})
    found = []
    for format_ in formats:
        means = {name: (float(np.mean(list(each[format_].values()))), len(each[format_]))
                 for name, each in by_system.items() if each.get(format_)}  # fmt: skip
        entry: dict[str, Any] = {
            "format": format_, "n": max(count for _, count in means.values()),
            "means": {name: round(mean, 4) for name, (mean, _) in means.items()},
            "counts": {name: count for name, (_, count) in means.items()},
        }  # fmt: skip
        peers = [name for name in means if name != US]
        if peers and US in means:
            best = max(peers, key=lambda name: means[name])
            ours, theirs = by_system[US][format_], by_system[best][format_]
            both = [file for file in ours if file in theirs]
            if both:
                entry |= {"best_peer": best, "pairs": len(both), **interval([ours[f] - theirs[f] for f in both])}
        found.append(entry)
    return found


def interval(differences: list[float]) -> dict[str, float]:
    """Mean and, from three files on, its 95 % bootstrap interval."""
    found = {"difference": round(float(np.mean(differences)), 4)}
    if len(differences) >= 3:
        random = np.random.default_rng(1)
        drawn = random.choice(differences, size=(RESAMPLES, len(differences))).mean(axis=1)
        low, high = np.percentile(drawn, [2.5, 97.5])
        found |= {"low": round(float(low), 4), "high": round(float(high), 4)}
    return found


def speed(rows: list[Row], names: Sequence[str]) -> list[Row]:
    """Per format: files and pages per second, CPU seconds, largest memory, files that failed."""
    found = []
    for format_ in sorted({row["format"] for row in rows}):
        entry: dict[str, Any] = {"format": format_, "systems": {}}
        for name in names:
            own = [row for row in rows if row["format"] == format_ and row["system"] == name]
            seconds = sum(row["seconds"] for row in own)
            if own and seconds:
                entry["systems"][name] = {
                    "files": len(own), "failed": sum(bool(row["error"]) for row in own),
                    "files_per_second": round(len(own) / seconds, 2),
                    "pages_per_second": round(sum(row["pages"] for row in own) / seconds, 2),
                    "cpu_seconds": round(sum(row["cpu"] for row in own), 2),
                    "peak_mb": round(max(row["peak"] for row in own) / (1 << 20)),
                }  # fmt: skip
        found.append(entry)
    return found


# -- for people ------------------------------------------------------------------------------------------------------


def report(result: dict[str, Any], names: Sequence[str]) -> None:
    """One table per measure; the best of each row has a star."""
    for measure, entries in result["tables"].items():
        print(f"\n{measure:<18}{'n':>5}" + "".join(f"{name:>12}" for name in names) + "   ours - best peer")
        for entry in entries:
            means = entry["means"]
            best = max(means.values())
            cells = [
                f"{means[name]:11.3f}{'*' if means[name] == best > 0 else ' '}" if name in means else f"{'':>12}"
                for name in names
            ]
            print(f"  {entry['format']:<16}{entry['n']:>5}" + "".join(cells) + difference(entry))
    print(
        f"\n{'speed':<12}{'system':<12}{'files':>6}{'failed':>7}{'files/s':>9}{'pages/s':>9}{'CPU s':>8}{'peak MB':>9}"
    )
    for entry in result["speed"]:
        for name, found in entry["systems"].items():
            print(f"  {entry['format']:<10}{name:<12}{found['files']:>6}{found['failed']:>7}"
                  f"{found['files_per_second']:>9.1f}{found['pages_per_second']:>9.1f}"
                  f"{found['cpu_seconds']:>8.1f}{found['peak_mb']:>9}")  # fmt: skip


def difference(entry: Row) -> str:
    if "difference" not in entry:
        return ""
    bounds = f" [{entry['low']:+.3f}, {entry['high']:+.3f}]" if "low" in entry else ""
    return f"   {entry['difference']:+.3f}{bounds} to {entry['best_peer']}"


def worst(rows: list[Row], names: Sequence[str], measure: str, count: int) -> None:
    """Files in which we are furthest behind the best peer."""
    by_system = {name: values(rows, name, measure) for name in names}
    found = []
    for format_, ours in by_system[US].items():
        for file, value in ours.items():
            peers = {name: each.get(format_, {}).get(file) for name, each in by_system.items() if name != US}
            best = max(((value, name) for name, value in peers.items() if value is not None), default=None)
            if best and best[0] > value + 0.005:
                found.append((best[0] - value, file, value, *best))
    if found and count:
        print(f"\nfurthest behind in {measure}")
    for behind, file, value, best_value, name in sorted(found, reverse=True)[:count]:
        print(f"  -{behind:.3f}  {value:.3f} against {best_value:.3f} of {name:<12}{file}")


def plot(result: dict[str, Any], folder: Path) -> None:
    """Bars per format for a few measures, formats with at least two files."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    names = [US, *(name for name in result["versions"] if name != US)]
    figure, axes = pyplot.subplots(len(PICTURED), 1, figsize=(10, 10.5))
    for axis, measure in zip(axes, PICTURED, strict=True):
        entries = [entry for entry in result["tables"][measure] if entry["n"] >= 2 and any(entry["means"].values())]
        for number, name in enumerate(names):
            places = [place + (number - (len(names) - 1) / 2) * 0.2 for place in range(len(entries))]
            heights = [entry["means"].get(name, 0.0) for entry in entries]
            axis.bar(places, heights, 0.19, label=name, color=("#1b5e9e", "#e08a2e", "#7aa874", "#b0b0b0")[number])
        labels = [f"{entry['format']}\n{entry['n']}" for entry in entries]
        axis.set_xticks(range(len(entries)), labels, fontsize=8)
        axis.set(ylim=(0.4 if measure == "order" else 0, 1.02), ylabel=measure)
        axis.grid(axis="y", alpha=0.3)
        axis.set_axisbelow(True)
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].legend(ncols=len(names), loc="lower center", bbox_to_anchor=(0.5, 1.02), frameon=False)
    axes[-1].set_xlabel("format, number of files; order begins at 0.4, because chance is 0.5")
    figure.tight_layout()
    for ending in ("svg", "png"):
        figure.savefig(folder / f"parsing.{ending}", dpi=120)
