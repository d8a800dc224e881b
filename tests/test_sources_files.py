"""Listing files and deciding who may read them."""

from __future__ import annotations

from pathlib import Path

import pytest

from citewell.errors import ParseError, PathError, SettingsError
from citewell.sources.files import ReadersRules, glob_pattern, read_bytes, resolve, scan


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
    unreadable: list[tuple[str, str]] = []
    assert [Path(entry.uri).name for entry in scan(tmp_path / "root", unreadable)] == ["a.md", "in.md"]
    assert unreadable == [(str(tmp_path / "root" / "out.md"), "it is a link to a file outside the source")]


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
