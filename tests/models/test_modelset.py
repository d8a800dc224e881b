"""Model sets: what is in use is one whole set, whatever happens while it is changed."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from benchmarks.faults import NoCompilerError, compile_shim
from tests.models import tiny
from tests.models.sets import make_set

from citewell.durable import PARTIAL
from citewell.errors import UserError
from citewell.models.files import WEIGHTS
from citewell.models.modelset import (
    CURRENT_FILE,
    SET_FILE,
    SHIPPED,
    describe_models,
    description,
    find_model_set,
    load_model_set,
    read_current,
    read_model_set,
)
from citewell.models.switching import compose, installed, rollback, use


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """The ``models`` folder of a collection; not made yet."""
    (tmp_path / "c.citewell").mkdir()
    return tmp_path / "c.citewell" / "models"


@pytest.fixture
def first(tmp_path: Path) -> Path:
    make_set(tmp_path / "first", "first")
    return tmp_path / "first"


@pytest.fixture
def second(tmp_path: Path) -> Path:
    make_set(tmp_path / "second", "second")
    return tmp_path / "second"


# -- what ships --------------------------------------------------------------------------------------------------------


def test_what_ships_is_described_as_it_is() -> None:
    """After a change:  python -m scripts.make_model_set"""
    shipped = load_model_set()
    shipped.check()
    assert shipped.id == SHIPPED
    described = describe_models(
        WEIGHTS, shipped.name, {role: (entry.path, entry.identity) for role, entry in shipped.models.items()},
        calibration=shipped.calibration,
    )  # fmt: skip
    assert described.models == shipped.models


def test_everything_that_ships_is_at_most_60_megabytes() -> None:
    sizes = [path.stat().st_size for path in WEIGHTS.rglob("*") if path.is_file()]
    assert sum(sizes) <= 60_000_000


def test_every_shipped_model_belongs_to_the_set() -> None:
    described = {entry.path for entry in load_model_set().models.values()}
    assert described == {each.name for each in WEIGHTS.iterdir() if each.is_dir()}


def test_the_words_ship_once() -> None:
    assert [path.parent.name for path in WEIGHTS.rglob("words.onnx")] == []
    for role, entry in load_model_set().models.items():
        if role != "encoder":
            about = json.loads((WEIGHTS / entry.path / "citewell-pair.json").read_text(encoding="utf-8"))
            assert about["encoder"] == load_model_set().models["encoder"].path


def test_a_collection_without_sets_uses_what_ships(models: Path) -> None:
    assert load_model_set(models) is load_model_set()
    assert not models.exists()


def test_a_role_that_a_set_does_not_have_is_none(first: Path) -> None:
    assert read_model_set(first).reranker() is None


# -- use and back ------------------------------------------------------------------------------------------------------


def test_a_set_is_copied_and_can_lose_its_source(models: Path, first: Path) -> None:
    (first / "first-reader" / "unlisted.bin").write_bytes(b"not part of the set")
    used = use(models, first)
    shutil.rmtree(first)
    found = load_model_set(models)
    assert (found.id, found.name, found.parent) == (used.id, "first", SHIPPED)
    assert found.calibration == {"threshold": 5}
    found.check()
    assert not list(models.rglob("unlisted.bin"))
    assert found.bytes > 9000


def test_back_goes_where_one_came_from(models: Path, first: Path, second: Path) -> None:
    one, two = use(models, first), use(models, second)
    assert load_model_set(models).name == "second"
    assert use(models, one.id[:6]).name == "first"
    assert rollback(models).name == "second"
    assert (rollback(models).name, rollback(models).id) == ("first", SHIPPED)
    with pytest.raises(UserError, match="no set before it"):
        rollback(models)
    assert installed(models) == [one.id, two.id]
    assert use(models, "second").id == two.id
    assert use(models, SHIPPED).id == SHIPPED
    assert rollback(models).id == two.id


def test_using_the_same_set_twice_keeps_the_way_back(models: Path, first: Path, second: Path) -> None:
    use(models, first)
    use(models, second)
    use(models, second)
    assert rollback(models).name == "first"


def test_the_id_follows_models_and_calibration_only(tmp_path: Path) -> None:
    one = make_set(tmp_path / "a", "same")
    again = describe_models(
        tmp_path / "a", "renamed", {role: (entry.path, entry.identity) for role, entry in one.models.items()},
        calibration=one.calibration, parent="0" * 16, created_at="2020-01-01",
    )  # fmt: skip
    assert again.id == one.id
    other = describe_models(
        tmp_path / "a", "same", {role: (entry.path, entry.identity) for role, entry in one.models.items()},
        calibration={"threshold": 5},
    )  # fmt: skip
    assert other.id != one.id


def test_a_name_of_several_sets_is_asked_about(models: Path, tmp_path: Path) -> None:
    make_set(tmp_path / "a", "same", size=1000)
    make_set(tmp_path / "b", "same", size=2000)
    use(models, tmp_path / "a")
    use(models, tmp_path / "b")
    with pytest.raises(UserError, match="several sets"):
        use(models, "same")
    with pytest.raises(UserError, match=r"No model set 'nothing'.*shipped"):
        use(models, "nothing")


def test_a_set_is_made_from_the_one_in_use(models: Path, first: Path, tmp_path: Path) -> None:
    use(models, first)
    new = tmp_path / "trained" / "my-reader"
    new.mkdir(parents=True)
    (new / "model.onnx").write_bytes(b"a reader that also ranks")
    made = compose(
        models, tmp_path / "made", "mine",
        {"reader": (new, "my-reader@1"), "reranker": (new, "my-reader@1")}, calibration={"reader": {"temperature": 2}},
    )  # fmt: skip
    assert made.parent == load_model_set(models).id
    assert made.calibration == {"threshold": 5, "reader": {"temperature": 2}}
    used = use(models, tmp_path / "made")
    assert used.models["reader"].path == used.models["reranker"].path == "my-reader"
    assert used.models["verifier"].identity == "first-verifier@0123456789ab"


# -- bad input ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["altered", "cut", "gone"])
@pytest.mark.parametrize("name", ["second-reader/model.onnx", "second-verifier/heads.json"])
def test_a_bad_file_is_named_and_the_old_set_stays(
    models: Path, first: Path, second: Path, name: str, how: str
) -> None:
    use(models, first)
    damage(second / name, how)
    with pytest.raises(UserError, match=name.split("/")[1].replace(".", r"\.")):
        use(models, second)
    assert load_model_set(models).name == "first"
    assert len(installed(models)) == 1
    assert not [each for each in models.rglob("*") if each.name.endswith(PARTIAL)]


def damage(path: Path, how: str) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    if how == "gone":
        path.unlink()
    else:
        path.write_bytes(content if how == "altered" else content[: len(content) // 2])


def changed(**values: Any) -> Any:
    return lambda data: {**data, **values}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (changed(format=2), "format 2; this release reads 1"),
        (changed(name="../up"), "name"),
        (changed(parent="../../elsewhere"), "parent"),
        (
            changed(models={"reader": {"path": "../second-reader", "identity": "x", "files": {"a": "0" * 64}}}),
            "plain name",
        ),
        (changed(models={"reader": {"path": "r", "identity": "x", "files": {"../a": "0" * 64}}}), "plain name"),
        (changed(models={"reader": {"path": "r", "identity": "x", "files": {"/etc/x": "0" * 64}}}), "plain name"),
        (changed(models={"reader": {"path": "r", "identity": "x", "files": {"a": "short"}}}), "hashes"),
        (changed(models={"reader": {"path": "r", "identity": "x", "files": {}}}), "hashes"),
        (changed(models={"oracle": {"path": "r", "identity": "x", "files": {"a": "0" * 64}}}), "oracle"),
        (changed(models=[]), "damaged"),
        (changed(calibration=5), "damaged"),
        (lambda data: {"format": 1}, "models"),
        (lambda data: [data], "format None"),
    ],
)
def test_a_description_that_cannot_be_used(models: Path, first: Path, second: Path, change: Any, expected: str) -> None:
    use(models, first)
    data = json.loads((second / SET_FILE).read_text(encoding="utf-8"))
    (second / SET_FILE).write_text(json.dumps(change(data)))
    with pytest.raises(UserError, match=rf"modelset\.json.*{expected}"):
        use(models, second)
    assert load_model_set(models).name == "first"


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[]"])
def test_a_description_that_is_no_json(models: Path, second: Path, content: bytes) -> None:
    (second / SET_FILE).write_bytes(content)
    with pytest.raises(UserError, match=r"modelset\.json"):
        use(models, second)
    assert load_model_set(models).id == SHIPPED


def test_a_folder_without_a_set_is_told(models: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"modelset\.json is missing"):
        use(models, tmp_path / "empty")


@pytest.mark.parametrize("how", ["altered", "cut", "gone"])
def test_a_set_damaged_later_is_not_used_and_can_be_brought_again(models: Path, first: Path, how: str) -> None:
    used = use(models, first)
    damage(models / "sets" / used.id / "first-reader" / "model.onnx", how)
    for refused in (load_model_set(models).reader, load_model_set(models).check, lambda: use(models, "first")):
        with pytest.raises(UserError, match=r"model\.onnx is damaged.*rollback"):
            refused()
    use(models, first)
    load_model_set(models).check()
    assert read_current(models) == (used.id, SHIPPED)
    use(models, SHIPPED)


def test_a_description_changed_in_place_is_noticed(models: Path, first: Path) -> None:
    used = use(models, first)
    path = models / "sets" / used.id / SET_FILE
    data = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**data, "calibration": {"threshold": 0}}))
    with pytest.raises(UserError, match=r"modelset\.json is damaged"):
        load_model_set(models)
    assert rollback(models).id == SHIPPED


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": 2, "set": "shipped"}', '{"format": 1, "set": "../x"}',
                                     '{"format": 1, "set": "shipped", "parent": "/etc"}'])  # fmt: skip
def test_a_broken_pointer_says_how_to_choose_again(models: Path, first: Path, content: str) -> None:
    use(models, first)
    (models / CURRENT_FILE).write_text(content)
    with pytest.raises(UserError, match=r"current\.json.*citewell models use"):
        load_model_set(models)
    assert use(models, "first").name == load_model_set(models).name == "first"
    (models / CURRENT_FILE).write_text(content)
    assert use(models, SHIPPED).id == load_model_set(models).id == SHIPPED


def test_a_pointer_to_a_set_that_is_gone(models: Path, first: Path) -> None:
    used = use(models, first)
    shutil.rmtree(models / "sets" / used.id)
    with pytest.raises(UserError, match=r"modelset\.json is missing"):
        load_model_set(models)
    assert rollback(models).id == SHIPPED


# -- models that run ---------------------------------------------------------------------------------------------------


@pytest.fixture
def running(tmp_path: Path) -> Path:
    """A set whose reader and reranker are one tiny model."""
    pytest.importorskip("onnx")
    from citewell.learning.export import export_pair

    checkpoint = tiny.write_checkpoint(tmp_path / "checkpoint", tiny.tensors(heads=tiny.HEADS), tiny.HEADS)
    made = export_pair(
        checkpoint, tmp_path / "running" / "tiny", tiny.pairs(checkpoint / "tokenizer.json"), own_words=True
    )
    models = {"reader": ("tiny", made.identity), "reranker": ("tiny", made.identity)}
    found = describe_models(tmp_path / "running", "tiny", models)
    (tmp_path / "running" / SET_FILE).write_bytes(description(found))
    return tmp_path / "running"


def test_a_model_is_loaded_once_for_all_who_ask(models: Path, running: Path) -> None:
    use(models, running)
    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(load_model_set(models).reader())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len({id(each) for each in found}) == 1
    assert load_model_set(models).reranker() is found[0]


def test_a_model_that_is_not_what_the_set_says(models: Path, running: Path) -> None:
    found = describe_models(running, "tiny", {"reader": ("tiny", "tiny@000000000000")})
    (running / SET_FILE).write_bytes(description(found))
    use(models, running)
    with pytest.raises(UserError, match=r"expects tiny@000000000000"):
        load_model_set(models).reader()


# -- while it changes --------------------------------------------------------------------------------------------------


def test_whoever_loads_meanwhile_sees_one_whole_set(models: Path, first: Path, second: Path) -> None:
    known = {use(models, first).id: "first", use(models, second).id: "second"}
    stop = threading.Event()
    problems: list[str] = []
    seen: set[str] = set()

    def load() -> None:
        while not stop.is_set():
            found = load_model_set(models)
            found.check()
            names = {found.name, known[found.id], *(entry.path.partition("-")[0] for entry in found.models.values())}
            seen.update(names)
            if len(names) != 1:
                problems.append(str(names))

    readers = [threading.Thread(target=load) for _ in range(3)]
    for thread in readers:
        thread.start()
    for turn in range(60):
        use(models, "first" if turn % 2 else "second")
    stop.set()
    for thread in readers:
        thread.join()
    assert problems == []
    assert seen == {"first", "second"}


KILLED = """
import os, shutil, signal, sys
from pathlib import Path
from citewell.models.modelset import load_model_set, read_model_set
from citewell.models.switching import use
folder, source = sys.argv[1], Path(sys.argv[2])
shutil.copytree(folder, folder + "-before")
for at in range(1, 500):
    shutil.rmtree(folder)
    shutil.copytree(folder + "-before", folder)
    pid = os.fork()
    if pid == 0:
        left = at
        def count(event, _):
            global left
            if event in {"open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "shutil.rmtree"}:
                left -= 1
                if not left:
                    os.kill(os.getpid(), signal.SIGKILL)
        sys.addaudithook(count)
        use(Path(folder), source)
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    found = load_model_set(Path(folder))
    read_model_set(found.directory, found.id).check()
    print(status, found.name, flush=True)
    use(Path(folder), source)
    load_model_set(Path(folder)).check()
    assert not list(Path(folder).rglob("*.partial"))
    if status == 0:
        break
"""


def test_killed_at_any_moment_the_old_set_or_the_new_one_is_in_use(models: Path, first: Path, second: Path) -> None:
    use(models, first)
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(models), str(second)], check=True, capture_output=True, text=True
    )
    statuses, outcomes = zip(*(line.split() for line in done.stdout.splitlines()), strict=True)
    assert set(statuses[:-1]) == {str(-signal.SIGKILL)}
    assert statuses[-1] == "0", "the end was not reached"
    assert len(outcomes) > 20
    assert list(outcomes) == sorted(outcomes), "once the new set is in use it stays"
    assert set(outcomes) == {"first", "second"}


FAULTY = """
import ctypes, os, shutil, sys
from pathlib import Path
from citewell.models.modelset import load_model_set, read_model_set
from citewell.models.switching import use
shim = ctypes.CDLL(None)
shim.fault_fired.restype = ctypes.c_char_p
shim.fault_arm.argtypes = (ctypes.c_char_p, ctypes.c_long, ctypes.c_int, ctypes.c_int)
folder, source, error, stays, last = sys.argv[1], Path(sys.argv[2]), *map(int, sys.argv[3:6])
shutil.copytree(folder, folder + "-before")
for at in range(1, last):
    shutil.rmtree(folder)
    shutil.copytree(folder + "-before", folder)
    pid = os.fork()
    if pid == 0:
        shim.fault_arm(os.fsencode(folder), at, error, stays)
        try:
            use(Path(folder), source)
        except OSError as refused:
            os._exit(7 if refused.errno == error else 9)
        os._exit(0 if shim.fault_fired() == b"" else 1)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    found = load_model_set(Path(folder))
    read_model_set(found.directory, found.id).check()
    print(at, status, found.name, flush=True)
    use(Path(folder), source)
    if status == 0:
        break
"""


@pytest.mark.parametrize(("error", "stays"), [(errno.EIO, 0), (errno.ENOSPC, 1)])
def test_whatever_the_system_refuses_the_old_set_or_the_new_one_is_in_use(
    models: Path, first: Path, second: Path, tmp_path: Path, error: int, stays: int
) -> None:
    try:
        library = compile_shim(tmp_path)
    except NoCompilerError as missing:
        pytest.skip(str(missing))
    use(models, first)
    arguments = [str(models), str(second), str(error), str(stays), "300"]
    done = subprocess.run(
        [sys.executable, "-c", FAULTY, *arguments], check=True, capture_output=True, text=True,
        env={**os.environ, "LD_PRELOAD": str(library)},
    )  # fmt: skip
    lines = [line.split() for line in done.stdout.splitlines()]
    assert {status for _, status, _ in lines} <= {"0", "1", "7"}, done.stdout
    assert lines[-1][1] == "0", "the end was not reached"
    assert {name for _, status, name in lines if status == "7"} <= {"first", "second"}
    assert [name for _, status, name in lines if status != "7"] == ["second"] * sum(each[1] != "7" for each in lines)
    assert sum(status == "7" for _, status, _ in lines) > 10


def test_find_model_set_gives_sets_that_are_not_in_use(models: Path, first: Path, second: Path) -> None:
    one = use(models, first)
    use(models, second)
    assert find_model_set(models, one.id).name == "first"
