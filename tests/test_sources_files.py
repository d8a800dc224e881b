"""Listing files and deciding who may read them."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from citewell.errors import ParseError, PathError, SettingsError
from citewell.sources.files import ReadersRules, Unlisted, glob_pattern, read_bytes, resolve, scan


def listed(folder: Path) -> list[str]:
    return [Path(entry.uri).relative_to(folder).as_posix() for entry in scan(folder, [])]


def test_hidden_files_caches_collections_and_linked_folders_are_left_out(tmp_path: Path) -> None:
    for name in ("a.md", "sub/b.md", ".git/c.md", ".env", "node_modules/d.md", "x.citewell/collection.toml",
                 "x.citewell/e.md", "citewell-readers.toml"):  # fmt: skip
        path = tmp_path / "root" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("text")
    (tmp_path / "root" / "loop").symlink_to(tmp_path / "root", target_is_directory=True)
    (tmp_path / "root" / "dangling.md").symlink_to(tmp_path / "nowhere.md")
    assert listed(tmp_path / "root") == ["a.md", "sub/b.md"]


def test_one_file_is_a_source_too(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("text")
    assert [entry.uri for entry in scan(tmp_path / "a.md", [])] == [str(tmp_path / "a.md")]


def test_a_missing_path_names_the_nearest_folder(tmp_path: Path) -> None:
    with pytest.raises(PathError, match=f"nearest folder that does is {tmp_path}"):
        resolve(tmp_path / "nope" / "deeper")


@pytest.mark.parametrize(
    ("glob", "path", "matches"),
    [
        ("**", "a/b.md", True),
        ("hr/**", "hr/x/y.pdf", True),
        ("hr/**", "hrx/y.pdf", False),
        ("**/secret.*", "secret.md", True),
        ("**/secret.*", "a/b/secret.md", True),
        ("*.md", "a/b.md", False),
        ("a?.md", "ab.md", True),
        ("a[1].md", "a[1].md", True),
    ],
)
def test_globs(glob: str, path: str, matches: bool) -> None:
    assert bool(glob_pattern(glob).fullmatch(path)) is matches


def test_first_matching_rule_decides_and_no_match_means_nobody(tmp_path: Path) -> None:
    assert ReadersRules.load(tmp_path).readers(str(tmp_path / "any.md")) == ("everyone",)
    (tmp_path / "citewell-readers.toml").write_text(
        '[[rule]]\npath = "hr/**"\nreaders = ["group:hr", "user:kim"]\n'
        '[[rule]]\npath = "**.md"\nreaders = ["everyone"]\n'
    )
    rules = ReadersRules.load(tmp_path)
    assert rules.readers(str(tmp_path / "hr" / "a.md")) == ("group:hr", "user:kim")
    assert rules.readers(str(tmp_path / "a.md")) == ("everyone",)
    assert rules.readers(str(tmp_path / "a.pdf")) == ()


def test_a_part_of_a_folder_keeps_the_rules_of_the_whole(tmp_path: Path) -> None:
    (tmp_path / "hr").mkdir()
    (tmp_path / "hr" / "pay.md").write_text("text")
    (tmp_path / "citewell-readers.toml").write_text('[[rule]]\npath = "hr/**"\nreaders = ["group:hr"]\n')
    for location in (tmp_path, tmp_path / "hr", tmp_path / "hr" / "pay.md"):
        assert ReadersRules.load(location).readers(str(tmp_path / "hr" / "pay.md")) == ("group:hr",)


def test_a_link_that_leaves_the_source_is_listed_and_not_read(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "a.md").write_text("text")
    (tmp_path / "outside.md").write_text("private")
    (tmp_path / "root" / "out.md").symlink_to(tmp_path / "outside.md")
    (tmp_path / "root" / "in.md").symlink_to(tmp_path / "root" / "a.md")
    unlisted: list[Unlisted] = []
    assert [Path(entry.uri).name for entry in scan(tmp_path / "root", unlisted)] == ["a.md", "in.md"]
    ((uri, reason, message),) = [(each.uri, each.reason, each.message) for each in unlisted]
    assert (uri, reason) == (str(tmp_path / "root" / "out.md"), "link")
    assert "outside the source" in message


def test_what_is_no_file_is_listed_and_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s.md"))
        (tmp_path / "self.md").symlink_to(tmp_path / "self.md")
        (tmp_path / "folder").symlink_to(tmp_path, target_is_directory=True)
        (tmp_path / "gone.md").symlink_to(tmp_path / "nowhere.md")
        unlisted: list[Unlisted] = []
        assert list(scan(tmp_path, unlisted)) == []
    found = {Path(each.uri).name: (each.reason, each.message) for each in unlisted}
    assert found["pipe.txt"] == ("special", "It is a named pipe, not a file; nothing is read from it.")
    assert found["s.md"][0] == "special" and "a socket" in found["s.md"][1]
    assert found["self.md"][1] == "It is a link that leads back to itself."
    assert found["gone.md"][1] == "It is a link that points to nothing that is there."
    assert found["folder"][1].startswith("It is a link to a folder")


def test_a_name_that_is_not_utf8_can_be_listed_stored_and_read(tmp_path: Path) -> None:
    raw = os.fsencode(tmp_path) + b"/caf\xe9.md"
    with open(raw, "wb") as file:  # noqa: PTH123 - a name that pathlib has no text for
        file.write(b"Opening hours")
    (entry,) = scan(tmp_path, [])
    assert entry.uri == str(tmp_path / "caf\\xe9.md")
    entry.uri.encode("utf-8")
    assert read_bytes(entry, 1) == b"Opening hours"


def test_a_pipe_in_the_place_of_a_file_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("text")
    (entry,) = scan(tmp_path, [])
    (tmp_path / "a.md").unlink()
    os.mkfifo(tmp_path / "a.md")
    with pytest.raises(ParseError, match="named pipe now"):
        read_bytes(entry, 1)


def test_a_file_that_keeps_growing_is_left_for_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "log.txt"
    path.write_text("line\n")
    (entry,) = scan(tmp_path, [])
    really = os.fstat

    def writing_meanwhile(descriptor: int) -> os.stat_result:
        with path.open("a") as file:
            file.write("another line\n")
        return really(descriptor)

    monkeypatch.setattr(os, "fstat", writing_meanwhile)
    with pytest.raises(ParseError, match="changed each time") as caught:
        read_bytes(entry, 1)
    assert caught.value.retryable


def test_only_a_part_of_a_source_can_be_listed(tmp_path: Path) -> None:
    for name in ("a.md", "sub/b.md", "sub/deep/c.md", ".git/d.md", "own.citewell/collection.toml", "own.citewell/e.md"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("text")

    def part(name: str) -> list[str]:
        return [Path(entry.uri).relative_to(tmp_path).as_posix() for entry in scan(tmp_path, [], tmp_path / name)]

    assert part("sub") == ["sub/b.md", "sub/deep/c.md"]
    assert part("a.md") == ["a.md"]
    assert (
        part("gone.md") == part(".git/d.md") == part(".git") == part("own.citewell/e.md") == part("own.citewell") == []
    )


@pytest.mark.parametrize("text", ["rule = 3", '[[rule]]\npath = "x"', "[[rule", '[[rule]]\npath="x"\nreaders="all"',
                                  '[[rule]]\npath="x"\nreaders=["hr"]'])  # fmt: skip
def test_a_broken_readers_file_stops_everything(tmp_path: Path, text: str) -> None:
    (tmp_path / "citewell-readers.toml").write_text(text)
    with pytest.raises(SettingsError, match=r"citewell-readers\.toml cannot be used"):
        ReadersRules.load(tmp_path)


def test_reading_explains_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_bytes(b"x" * 2_000_000)
    (entry,) = scan(path, [])
    with pytest.raises(ParseError, match="2 MB") as caught:
        read_bytes(entry, 1)
    assert caught.value.reason == "too_large"
    path.unlink()
    with pytest.raises(ParseError) as caught:
        read_bytes(entry, 10)
    assert (caught.value.reason, caught.value.retryable) == ("vanished", True)
