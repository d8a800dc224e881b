"""Who may see what, over random histories of files, rules, scopes and snapshots, against a model that is a few lines.

The model knows each document's text and readers as of the last time the collection looked. After every step, each of
several askers must find exactly the documents that the model gives them, and nothing that they are told (hits, copies,
citations, counts, groups, messages of errors) may come from another one. ``benchmarks/scopes.py`` runs thousands.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Verbosity, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

import citewell
from citewell.access import EVERYONE, Scope
from citewell.collection import Collection
from citewell.errors import PathError
from citewell.models.encoder import load_encoder
from citewell.parsing.sandbox import ParserPool
from citewell.settings import Settings
from citewell.sources.files import READERS_FILE

NAMES = ("pump.txt", "valve.txt", "hr/pay.txt", "hr/leave.txt", "shared/plan.txt", "tank.txt")
BROKEN = ("empty.txt", "hr/empty.txt")
NUMBERS = st.integers(1, 5)  # few, so that documents are often copies of each other
READERS = st.sampled_from(
    [("everyone",), ("user:ann",), ("user:bob",), ("group:hr",), ("group:hr", "user:bob"), ()]
)  # fmt: skip
PATTERNS = {"**": lambda name: True, "hr/**": lambda name: name.startswith("hr/"),
            "*.txt": lambda name: "/" not in name, **{each: each.__eq__ for each in NAMES}}  # fmt: skip
SCOPES = {
    "owner": Scope.owner(), "nobody": Scope.of([]), "ann": Scope.of(["user:ann"]), "bob": Scope.of(["user:bob"]),
    "hr": Scope.of(["group:hr"]), "ann of hr": Scope.of(["user:ann", "group:hr"]),
}  # fmt: skip

Rules = tuple[tuple[str, tuple[str, ...]], ...]


@dataclass
class Model:
    """documents: name → number in its text. readers: of everything known, documents or not."""

    documents: dict[str, int] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)
    excluded: set[str] = field(default_factory=set)
    readers: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def copy(self) -> Model:
        return Model(dict(self.documents), set(self.failed), set(self.excluded), dict(self.readers))

    def visible(self, scope: Scope, names: Any) -> set[str]:
        return {name for name in names if scope.allows(self.readers[name])}


def text_of(number: int) -> str:
    return f"The common code of cabinet {number} is {number * 7919}."


def readers_of(name: str, rules: Rules | None) -> tuple[str, ...]:
    if rules is None:
        return (EVERYONE,)
    return next((readers for pattern, readers in rules if PATTERNS[pattern](name)), ())


class Histories(RuleBasedStateMachine):
    """One folder, one collection, and the model of it. The class is given what is made once for all histories."""

    template: ClassVar[Path]
    pool: ClassVar[ParserPool]
    encoder: ClassVar[Any]
    views: ClassVar[int] = 0

    @initialize()
    def begin(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="citewell-scopes-"))
        self.docs = self.root / "docs"
        self.docs.mkdir()
        shutil.copytree(self.template, self.root / "c.citewell")
        self.collection = citewell.open(self.root / "c.citewell")
        self.collection.store.__dict__["encoder"] = self.encoder
        self.files: dict[str, int] = {}
        self.broken: set[str] = set()
        self.rules: Rules | None = None
        self.model = Model()
        self.snapshots: dict[str, Model] = {}
        self.clock = 1_700_000_000
        self.write("pump.txt", 1)
        self.collection.add(self.docs)
        self.sync()

    # -- what happens to files and rules: nothing of it is in the collection until it looks ---------------------------

    @rule(name=st.sampled_from(NAMES), number=NUMBERS)
    def write(self, name: str, number: int) -> None:
        self._put(name, text_of(number) + "\n")
        self.files[name] = number

    @rule(name=st.sampled_from(BROKEN))
    def write_what_cannot_be_read(self, name: str) -> None:
        self._put(name, "")
        self.broken.add(name)

    @precondition(lambda self: len(self.files) > 1)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.files)))
        (self.docs / name).unlink()
        del self.files[name]

    @precondition(lambda self: self.files)
    @rule(data=st.data(), place=st.sampled_from(NAMES))
    def rename(self, data: st.DataObject, place: str) -> None:
        name = data.draw(st.sampled_from(sorted(self.files)))
        (self.docs / place).parent.mkdir(exist_ok=True)
        (self.docs / name).rename(self.docs / place)
        self.files[place] = self.files.pop(name)

    @rule(rules=st.none() | st.lists(st.tuples(st.sampled_from(sorted(PATTERNS)), READERS), max_size=3).map(tuple))
    def change_rules(self, rules: Rules | None) -> None:
        self.rules = rules
        path = self.docs / READERS_FILE
        if rules is None:
            path.unlink(missing_ok=True)
        else:
            tables = (f'[[rule]]\npath = "{pattern}"\nreaders = {list(readers)}\n' for pattern, readers in rules)
            path.write_text("\n".join(tables))

    def _put(self, name: str, text: str) -> None:
        path = self.docs / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        self.clock += 1
        os.utime(path, (self.clock, self.clock))

    # -- what the collection does -------------------------------------------------------------------------------------

    @rule()
    def sync(self) -> None:
        self.collection.sync(pool=self.pool, confirmed=True)
        self._looked()
        self.look()

    @precondition(lambda self: self.model.documents)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.model.documents)))
        self.collection.remove(self.docs / name)
        del self.model.documents[name]
        self.model.excluded.add(name)
        self.look()

    @precondition(lambda self: self.model.excluded & self.files.keys())
    @rule(data=st.data())
    def add_again(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.model.excluded & self.files.keys())))
        self.collection.add(self.docs / name, confirmed=True)
        self.model.excluded.discard(name)
        self._looked()
        self.look()

    @precondition(lambda self: len(self.snapshots) < 2)
    @rule()
    def snapshot(self) -> None:
        name = f"s{len(self.snapshots)}"
        self.collection.snapshot(name)
        self.snapshots[name] = self.model.copy()

    @precondition(lambda self: self.snapshots)
    @rule(data=st.data())
    def restore(self, data: st.DataObject) -> None:
        """Documents come back, rights do not; what was taken out stays out, then as now."""
        past = self.snapshots[data.draw(st.sampled_from(sorted(self.snapshots)))]
        name = next(key for key, value in self.snapshots.items() if value is past)
        self.collection.restore(name, keep_present=False)
        excluded = self.model.excluded | past.excluded
        unknown = {each: self.model.readers[each] for each in self.model.excluded if each not in past.readers}
        self.model = Model(
            {each: number for each, number in past.documents.items() if each not in excluded},
            past.failed - excluded, excluded,
        )  # fmt: skip
        self._apply_rules()
        self.model.readers.update(unknown)  # what the snapshot does not know stays as the last sync left it
        self.look()

    def _looked(self) -> None:
        self.model = Model(
            {name: number for name, number in self.files.items() if name not in self.model.excluded},
            set(self.broken), self.model.excluded & self.files.keys(),
        )  # fmt: skip
        self._apply_rules()

    def _apply_rules(self) -> None:
        known = {*self.model.documents, *self.model.failed, *self.model.excluded}
        self.model.readers = {name: readers_of(name, self.rules) for name in known}

    # -- what everybody sees ------------------------------------------------------------------------------------------

    def look(self) -> None:
        for asker, scope in SCOPES.items():
            type(self).views += 1
            documents = self.model.visible(scope, self.model.documents)
            self._search(asker, scope, documents)
            self._ask(asker, scope, documents)
            self._list(asker, scope, documents)
            self._open(asker, scope, documents)

    def _name(self, uri: str) -> str:
        return str(Path(uri).relative_to(self.docs))

    def _search(self, asker: str, scope: Scope, documents: set[str]) -> None:
        found = [each for hit in self.collection.search("common code of a cabinet", scope=scope, hits=100)
                 for each in (hit.passage, *hit.copies)]  # fmt: skip
        assert sorted(self._name(each.uri) for each in found) == sorted(documents), asker
        for each in found:
            assert each.text == text_of(self.model.documents[self._name(each.uri)]), asker

    def _ask(self, asker: str, scope: Scope, documents: set[str]) -> None:
        answer = self.collection.ask("What is the common code of cabinet 3?", scope=scope)
        named = set(re.findall(rf"{re.escape(str(self.docs))}/([\w/]+\.txt)", str(answer.to_json())))
        assert named <= documents, asker
        told = set(re.findall(r"\b(?:7919|15838|23757|31676|39595)\b", str(answer.to_json())))
        assert told <= {str(self.model.documents[name] * 7919) for name in documents}, asker
        if any(self.model.documents[name] == 3 for name in documents):
            assert "23757" in answer.text, asker

    def _list(self, asker: str, scope: Scope, documents: set[str]) -> None:
        status = self.collection.status(scope)
        failed = self.model.visible(scope, self.model.failed)
        assert (status.documents, status.passages) == (len(documents), len(documents)), asker
        assert {self._name(item.uri) for item in status.problems} == failed, asker
        listed = {self._name(item.uri) for item in self.collection.items(scope)}
        assert listed == documents | failed | self.model.visible(scope, self.model.excluded), asker
        copies = {frozenset(self._name(each.uri) for each in group.documents)
                  for group in self.collection.duplicates(scope)}  # fmt: skip
        numbers = {self.model.documents[name] for name in documents}
        same = ({name for name in documents if self.model.documents[name] == number} for number in numbers)
        assert copies == {frozenset(names) for names in same if len(names) > 1}, asker

    def _open(self, asker: str, scope: Scope, documents: set[str]) -> None:
        for name in documents:
            assert self.collection.document(str(self.docs / name), scope=scope).text == text_of(
                self.model.documents[name]
            ), asker
        for name in {*NAMES, *BROKEN} - documents:
            path = str(self.docs / name)
            assert self._refused(self.collection.document, path, scope) == self._refused(
                self.collection.document, "/never/there.txt", scope
            ), asker
            if name not in self.model.visible(scope, self.model.failed):
                assert self._refused(self.collection.failure, path, scope) == self._refused(
                    self.collection.failure, "/never/there.txt", scope
                ), asker

    def _refused(self, call: Any, name: str, scope: Scope) -> str:
        with pytest.raises(PathError) as error:
            call(name, scope=scope)
        return str(error.value).replace(name, "NAME")

    def teardown(self) -> None:
        if hasattr(self, "root"):
            problems = self.collection.check()
            shutil.rmtree(self.root)
            assert problems == []


def run_histories(template: Path, examples: int, steps: int, *, verbose: bool = False) -> int:
    """Runs random histories on copies of the empty collection ``template``; gives how many views were compared."""
    with ParserPool(Settings().parsing) as pool:
        kind = type("Case", (Histories,), {"template": template, "pool": pool, "encoder": load_encoder(), "views": 0})
        run_state_machine_as_test(
            kind,
            settings=settings(
                max_examples=examples, stateful_step_count=steps, deadline=None, database=None,
                suppress_health_check=list(HealthCheck), verbosity=Verbosity.normal, print_blob=verbose,
            ),
        )  # fmt: skip
        return int(kind.views)  # type: ignore[attr-defined]


@pytest.mark.integration
def test_nobody_ever_sees_what_the_rules_do_not_give_them(collection: Collection) -> None:
    assert run_histories(collection.store.root, examples=12, steps=7) > 100


def test_what_was_taken_out_follows_changed_rules_too(collection: Collection, tmp_path: Path) -> None:
    """Its text is gone, but its path may tell something as well."""
    docs = tmp_path / "docs"
    docs.mkdir()
    for name in ("merger.txt", "menu.txt"):
        (docs / name).write_text(text_of(3))
    collection.add(docs)
    collection.snapshot("before")
    collection.remove(docs / "merger.txt")
    (docs / READERS_FILE).write_text('[[rule]]\npath = "menu.txt"\nreaders = ["everyone"]\n')
    collection.sync()
    assert [Path(item.uri).name for item in collection.items(Scope.of([]))] == ["menu.txt"]
    collection.restore("before", keep_present=False)
    assert [Path(item.uri).name for item in collection.items(Scope.of([]))] == ["menu.txt"]


def test_rules_may_take_everything_from_everybody(collection: Collection, tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "menu.txt").write_text(text_of(3))
    collection.add(docs)
    (docs / READERS_FILE).write_text('[[rule]]\npath = "**"\nreaders = []\n')
    (report,) = collection.sync()
    assert report.readers_changed == 1
    assert collection.search("common code", scope=Scope.of(["user:ann"])) == []
    assert len(collection.search("common code")) == 1
