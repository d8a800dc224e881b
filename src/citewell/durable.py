"""Files that survive a power cut: written beside their name, synced, renamed, and the folder synced after them.

Everything that must not be half there goes through here. A rename alone is atomic for other processes, but until the
file and its folder are synced a power cut may undo it, or leave a name with nothing in it.
"""

from __future__ import annotations

import os
import shutil
import uuid
from pathlib import Path

PARTIAL = ".partial"
"""Ending of files that are being written; whoever writes next deletes those a killed process left."""


def write_durably(path: Path, data: bytes, *, sync: bool = True) -> None:
    """Puts ``data`` at ``path`` in one step: other processes, and a disk after a power cut, have all of it or none.

    sync: without it only other processes do; for many files that :func:`sync_tree` makes durable together.
    """
    partial = path.with_name(f"{path.name}.{uuid.uuid4().hex}{PARTIAL}")  # equal files may be written at the same time
    try:
        with partial.open("wb") as file:
            file.write(data)
            if sync:
                file.flush()
                os.fsync(file.fileno())
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise
    if sync:
        sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Makes the names in a folder durable."""
    sync_file(path)


def sync_file(path: Path) -> None:
    """Makes the content of a file (or the names in a folder) durable."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_tree(root: Path, since_ns: int = 0) -> None:
    """Makes a folder with everything below it durable; since_ns: only what was changed at this time or later."""
    for folder, _, names in os.walk(root):
        touched = Path(folder).stat().st_mtime_ns >= since_ns
        for name in names:
            try:
                path = Path(folder, name)
                if path.stat().st_mtime_ns >= since_ns:
                    sync_file(path)
            except FileNotFoundError:
                pass  # cleaned up meanwhile
        if touched:
            sync_directory(Path(folder))


def link_tree(source: Path, target: Path) -> None:
    """A copy of a folder whose files are never changed in place: hard links, so it costs no space and no time.

    Where links are not possible (another device, a file system without them) the files are copied.
    """
    for folder, _, names in os.walk(source):
        copy = target / Path(folder).relative_to(source)
        copy.mkdir(parents=True)
        for name in names:
            _link(Path(folder, name), copy / name)


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, target, follow_symlinks=False)
