"""The kernel's walls around a zygote and all its children (Linux): namespaces, an almost empty file system, Landlock,
no capabilities.

Every wall is tried, and one the kernel does not grant is left out; the names of those that stand are returned. In a
container without user namespaces, Landlock usually still works and closes the files.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import struct
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

_NEWNS, _NEWIPC, _NEWUSER, _NEWNET = 0x00020000, 0x08000000, 0x10000000, 0x40000000
_LAYERS = {_NEWUSER: "user namespace", _NEWNET: "network namespace", _NEWNS: "mount namespace",
           _NEWIPC: "IPC namespace"}  # fmt: skip
MOUNTS = _LAYERS[_NEWNS]
_ATTEMPTS = (_NEWUSER | _NEWNET | _NEWNS | _NEWIPC, _NEWUSER | _NEWNET, _NEWNET | _NEWNS | _NEWIPC, _NEWNET)

# linux/mount.h; what statvfs reports as flags has the same numbers but for relatime
_RDONLY, _NOSUID, _NODEV, _NOEXEC, _REMOUNT, _NOATIME, _NODIRATIME = 1, 2, 4, 8, 32, 1024, 2048
_BIND, _REC, _PRIVATE, _RELATIME, _ST_RELATIME = 4096, 16384, 1 << 18, 1 << 21, 4096
_DETACH = 2
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}

# linux/landlock.h
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF, _VERSION, _PATH_BENEATH = 444, 445, 446, 1, 1
_EXECUTE, _READ_FILE, _READ_DIRECTORY = 1, 4, 8
_RIGHTS = ((1, (1 << 13) - 1), (2, 1 << 13), (3, 1 << 14), (5, 1 << 15))  # version, rights over files it knows
_BIND_CONNECT_TCP, _SCOPE_SOCKETS_SIGNALS = 3, 3

_CAPABILITIES = 0x20080522  # _LINUX_CAPABILITY_VERSION_3
_PR_SET_NO_NEW_PRIVS = 38


def leave_namespaces() -> list[str]:
    """Own namespaces for this process, without a network device. Before it has threads."""
    uid, gid = os.getuid(), os.getgid()
    for wanted in _ATTEMPTS:
        if _libc().unshare(wanted) == 0:
            if wanted & _NEWUSER:
                _map_ids(uid, gid)
            return [name for flag, name in _LAYERS.items() if wanted & flag]
    return []


def _map_ids(uid: int, gid: int) -> None:
    """Stay the same user inside, without which nothing can be created in a file system of our own."""
    with contextlib.suppress(OSError):
        Path("/proc/self/setgroups").write_text("deny")
    with contextlib.suppress(OSError):
        Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
        Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")


def enclose(directories: Iterable[str], *, own_mounts: bool) -> list[str]:
    """See only these directories and the libraries in use, unchangeable, for good.

    own_mounts: this process left the mount namespace of its parent, whose mounts must never be touched.
    """
    paths = _outermost([*directories, *_library_directories()])
    layers = []
    if own_mounts and _empty_file_system(paths):
        layers.append("file system view")
    if _libc().prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0:
        layers.append("no new privileges")
    if _landlock(paths):
        layers.append("landlock")
    if _drop_capabilities():
        layers.append("no capabilities")
    return layers


def _library_directories() -> set[str]:
    """Where native libraries are loaded from: those mapped now, and where the system keeps the rest."""
    found = {path for path in ("/lib", "/lib64", "/usr/lib", "/usr/lib64") if Path(path).is_dir()}
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/maps").read_text().splitlines():
            path = line[73:]
            if path.startswith("/") and ".so" in path and Path(path).exists():
                found.add(str(Path(path).parent))
    return found


def _outermost(paths: Iterable[str]) -> list[str]:
    found: list[str] = []
    for path in sorted({str(Path(path)) for path in paths}, key=len):
        if path != "/" and not any(path.startswith(f"{outer}/") for outer in found):
            found.append(path)
    return found


def _empty_file_system(paths: list[str]) -> bool:
    """A new root in memory that shows ``paths`` read-only and nothing else; the old root is gone."""
    libc = _libc()
    root = next((path for path in ("/mnt", "/media", "/srv", "/opt", "/var", "/sys") if _usable(path, paths)), None)
    if root is None or libc.mount(None, b"/", None, _REC | _PRIVATE, None) != 0:
        return False
    if libc.mount(b"citewell", root.encode(), b"tmpfs", _NOSUID | _NODEV, b"size=64k,mode=755") != 0:
        return False
    try:
        for path in paths:
            inside = f"{root}{path}"
            Path(inside).mkdir(parents=True)
            if not _show(path, inside):
                raise PermissionError(path)
        here = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
        os.fchdir(here)
        os.close(here)
        moved = libc.syscall(_PIVOT_ROOT.get(platform.machine(), -1), b".", b".") == 0
        if moved:
            libc.umount2(b".", _DETACH)  # the old root, which now lies over the new one
        else:
            os.chroot(".")
        os.chdir("/")
    except OSError:
        libc.umount2(root.encode(), _DETACH)
        return False
    libc.mount(None, b"/", None, _REMOUNT | _BIND | _RDONLY | _NOSUID | _NODEV, None)
    return True


def _usable(path: str, paths: list[str]) -> bool:
    return Path(path).is_dir() and not Path(path).is_symlink() and not any(f"{each}/".startswith(f"{path}/")
                                                                           for each in paths)  # fmt: skip


def _show(path: str, inside: str) -> bool:
    libc = _libc()
    if libc.mount(path.encode(), inside.encode(), None, _BIND | _REC, None) != 0:
        return False
    flags = os.statvfs(inside).f_flag
    kept = flags & (_NOSUID | _NODEV | _NOEXEC | _NOATIME | _NODIRATIME) | (_RELATIME if flags & _ST_RELATIME else 0)
    libc.mount(None, inside.encode(), None, _REMOUNT | _BIND | _RDONLY | _NOSUID | _NODEV | kept, None)
    return True


def _landlock(paths: list[str]) -> bool:
    """Files can be read below ``paths`` and nowhere else; where the kernel knows how, no TCP and no signals outside."""
    libc = _libc()
    version = libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION)
    if version < 1:
        return False
    files = sum(rights for since, rights in _RIGHTS if version >= since)
    attributes = struct.pack("=Q", files)
    if version >= 4:
        attributes += struct.pack("=Q", _BIND_CONNECT_TCP)
    if version >= 6:
        attributes += struct.pack("=Q", _SCOPE_SOCKETS_SIGNALS)
    rules = libc.syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0)
    if rules < 0:
        return False
    try:
        for path in paths:
            with contextlib.suppress(OSError):
                below = os.open(path, os.O_PATH | os.O_CLOEXEC)
                rule = struct.pack("=Qi", _READ_FILE | _READ_DIRECTORY | _EXECUTE, below)
                libc.syscall(_ADD_RULE, rules, _PATH_BENEATH, rule, 0)
                os.close(below)
        return bool(libc.syscall(_RESTRICT_SELF, rules, 0) == 0)
    finally:
        os.close(rules)


def _drop_capabilities() -> bool:
    header = struct.pack("=Ii", _CAPABILITIES, 0)
    return bool(_libc().capset(header, bytes(24)) == 0)


@cache
def _libc() -> Any:
    if sys.platform != "linux":
        raise OSError("there are no walls of Linux here")
    return ctypes.CDLL(None, use_errno=True)
