"""Sets and runs inside a collection: their versions, their names, and that a removal reaches into them."""

from __future__ import annotations

import json
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from tests.fakes import settle

from citewell import erasure
from citewell.access import Scope
from citewell.collection import Collection
from citewell.errors import CollectionError, DataError
from citewell.evaluation import library
from citewell.evaluation.anchoring import anchor
from citewell.evaluation.questions import Gold, Question, QuestionSet
from citewell.evaluation.runs import Cited, Figure, Found, Result, Run, Sentence
from citewell.integrity import check

OWNER = Scope.owner()
WORDS = "The vault of branch Quillmere opens with the phrase violet-anvil-5520 at dawn."
QUOTED = 'The “second” key is kept by the harbour master, says the "deed".'
SOUP = "On Fridays there is fish and lentil soup for everybody."


@pytest.fixture
def share(tmp_path: Path) -> Path:
    root = tmp_path / "share"
    root.mkdir()
    (root / "vault.md").write_text(f"# Vault of Quillmere\n\n{WORDS}\n\n{QUOTED}\n")
    (root / "menu.md").write_text(f"# Canteen\n\n{SOUP}\n")
    settle(root)
    return root


def human(name: str = "mine", *questions: Question) -> QuestionSet:
    return QuestionSet(name, questions or (Question("q1", "What is served?", ("soup",), (Gold("menu.md", SOUP),)),))


def run_of(collection: Collection, questions: tuple[Question, ...], name: str = "first", kind: str = "answers") -> Run:
    """A run as an evaluation would make it: hits, citations and sentences of every gold's document."""
    results = []
    for each in anchor(questions, collection.store, OWNER):
        golds = [gold for gold in each.question.golds if gold.span is not None]
        spans = [gold.span or (0, 0) for gold in golds]
        results.append(Result(
            each.question, each.state,
            hits=tuple(
                Found(f"p{n}", gold.document, "/u", spans[n], 1.0, text=gold.quote) for n, gold in enumerate(golds)
            ),
            answer=" ".join(gold.quote for gold in golds),
            sentences=tuple(Sentence(gold.quote, (n,), 1.0, "supported") for n, gold in enumerate(golds)),
            citations=tuple(
                Cited(gold.document, "/u", gold.quote, spans[n], exact=True, gold=True) for n, gold in enumerate(golds)
            ),
            metrics={"correct": 1.0},
        ))  # fmt: skip
    facts = {"name": "mine", "identity": "x", "origin": "human", "questions": len(questions)}
    figure = Figure(1.0, 1.0, 1.0, len(results))
    return Run(kind, name, "2026-11-20T15:00:00+00:00", {"name": "rag"}, facts, {}, tuple(results), {"correct": figure})  # type: ignore[arg-type]


# -- sets --------------------------------------------------------------------------------------------------------------


def test_a_set_comes_back_and_is_for_its_owner_alone(collection):
    path = library.save_set(collection.store, human())
    assert library.load_set(collection.store, "mine") == human()
    assert path == collection.store.root / "evaluations" / "sets" / "mine.json"
    for folder in (path.parent, path.parent.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert check(collection.store) == []


def test_another_set_of_the_same_name_keeps_the_earlier_one_as_a_version(collection):
    one, two = human(), human("mine", Question("q2", "Who?", ("Ada",)))
    for each in (one, one, two, two):
        library.save_set(collection.store, each)
    listed = library.list_sets(collection.store)
    assert [(each.name, each.identity, each.current) for each in listed] == [
        ("mine", two.identity, True),
        ("mine", one.identity, False),
    ]
    assert library.load_set(collection.store, "mine") == two
    for digits in (6, 12, 32):
        assert library.load_set(collection.store, f"mine@{one.identity[:digits]}") == one
    assert library.load_set(collection.store, f"mine@{two.identity[:8]}") == two
    with pytest.raises(DataError, match="names 0 versions"):
        library.load_set(collection.store, "mine@ffff")
    library.drop_set(collection.store, f"mine@{one.identity[:8]}")
    assert [each.current for each in library.list_sets(collection.store)] == [True]
    library.drop_set(collection.store, "mine")
    assert library.list_sets(collection.store) == []


@pytest.mark.parametrize("name", ["", "../up", "Mine", "a/b", "a@b", ".hidden", "x" * 65])
def test_names_that_lead_elsewhere_are_refused(collection, name):
    for save, value in (
        (library.save_set, human(name)),
        (library.save_run, replace(run_of(collection, ()), name=name)),
    ):
        with pytest.raises(DataError, match="is not a name for a"):
            save(collection.store, value)
    assert not (collection.store.root / "evaluations").exists(), "nothing half-written"


def test_an_empty_set_is_refused_and_an_unknown_name_lists_the_others(collection):
    with pytest.raises(DataError, match="holds no question"):
        library.save_set(collection.store, QuestionSet("none", ()))
    with pytest.raises(DataError, match="It holds no set yet"):
        library.load_set(collection.store, "mine")
    library.save_set(collection.store, human())
    with pytest.raises(DataError, match="Sets there: mine"):
        library.load_set(collection.store, "yours")
    with pytest.raises(DataError, match="no file or folder of this name"):
        library.open_set(collection.store, "yours")


def test_a_set_is_opened_by_name_or_by_path(collection, tmp_path):
    library.save_set(collection.store, human())
    (tmp_path / "rows.jsonl").write_text('{"question": "a?", "split": "x"}\n{"question": "b?", "split": "y"}\n')
    (tmp_path / "mine").mkdir()
    assert library.open_set(collection.store, "mine") == human()
    assert len(library.open_set(collection.store, tmp_path / "rows.jsonl").questions) == 2
    assert [each.text for each in library.open_set(None, tmp_path / "rows.jsonl", "y").questions] == ["b?"]
    with pytest.raises(DataError, match="no split 'z'"):
        library.open_set(collection.store, "mine", "z")
    with pytest.raises(DataError, match="holds no question set"):
        library.open_set(collection.store, "./mine")


def test_a_set_says_who_thought_of_its_questions(collection):
    people, rules = Question("q1", "Asked?", ("x",)), Question("m1", "Made?", ("x",), origin="made")
    assert [human("s", *each).origin for each in ((people,), (rules,), (people, rules))] == ["human", "made", "mixed"]
    library.save_set(collection.store, human("both", people, rules))
    assert library.list_sets(collection.store)[0].origin == "mixed"


@pytest.mark.damages_on_purpose
def test_a_damaged_file_is_listed_checked_and_never_overwritten(collection):
    path = library.save_set(collection.store, human())
    path.write_text("{")
    assert "cannot be read" in library.list_sets(collection.store)[0].problem
    for call in (
        lambda: library.load_set(collection.store, "mine"),
        lambda: library.save_set(collection.store, human()),
    ):
        with pytest.raises(DataError, match=r"mine\.json cannot be read"):
            call()
    assert path.read_text() == "{"
    (problem,) = check(collection.store)
    assert "mine.json cannot be read" in problem and problem.repair == "none"
    path.write_text('{"format": 1, "name": "x", "questions": [{}]}')
    assert "is not complete (KeyError" in check(collection.store)[0]
    path.write_text('{"format": 2}')
    assert "is no file of this release" in check(collection.store)[0]


def test_what_a_killed_process_left_is_cleared_by_a_repair(collection):
    path = library.save_set(collection.store, human())
    path.with_name("mine.json.0123.partial").write_text("half")
    (problem,) = collection.check()
    assert problem.repair == "delete"
    assert collection.repair().left == ()
    assert [each.name for each in path.parent.iterdir()] == ["mine.json"]


# -- runs --------------------------------------------------------------------------------------------------------------


def test_a_run_comes_back_and_is_never_replaced(collection, share):
    collection.add(share)
    run = run_of(collection, human().questions)
    path = library.save_run(collection.store, run)
    assert library.load_run(collection.store, "first") == library.load_run(None, path) == Run.from_json(run.to_json())
    with pytest.raises(DataError, match="There is a run 'first' already"):
        library.save_run(collection.store, run)
    (listed,) = library.list_runs(collection.store)
    assert (listed.name, listed.kind, listed.system, listed.set["questions"]) == ("first", "answers", "rag", 1)
    assert library.free_run_name(collection.store, "mine") == "mine-1"
    library.save_run(collection.store, replace(run, name="mine-4"))
    assert library.free_run_name(collection.store, "mine") == "mine-5"
    path.unlink()
    with pytest.raises(DataError, match=r"no run 'first'\. The newest there: mine-4"):
        library.load_run(collection.store, "first")
    with pytest.raises(DataError, match="There is no run"):
        library.load_run(None, "absent.json")


@pytest.mark.damages_on_purpose
def test_a_damaged_run_is_listed_with_its_problem(collection):
    library.save_run(collection.store, run_of(collection, (), "good"))
    (collection.store.root / "evaluations" / "runs" / "bad.json").write_text('{"format": 1}')
    assert [(each.name, bool(each.problem)) for each in library.list_runs(collection.store)] == [
        ("good", False),
        ("bad", True),
    ]


def test_a_snapshot_keeps_no_sets(collection, share):
    collection.add(share)
    collection.snapshot("early")
    store = type(collection.store).open_snapshot(collection.store.root, "early")
    with pytest.raises(CollectionError, match="is a snapshot"):
        library.save_set(store, human())
    library.save_set(collection.store, human())
    collection.restore("early")
    assert library.load_set(collection.store, "mine") == human(), "a restore leaves sets alone"


# -- removal -----------------------------------------------------------------------------------------------------------


def questions_about_both(collection: Collection) -> tuple[Question, ...]:
    """One question of each way a set may speak of a document."""
    ids = {Path(item.uri).name: item.document_id for item in collection.items()}
    return (
        Question(
            "named", "How is it opened?", (WORDS,), (Gold("vault.md", WORDS),), key_points=("violet-anvil-5520",),
            note="dawn",
        ),
        Question("by id", "Who has the key?", ("the harbour master",), (Gold(ids["vault.md"], QUOTED),)),
        Question("loose", "When?", (), (Gold("", WORDS), Gold("menu.md", SOUP))),
        Question("answer only", "What is the phrase?", ("opens with the phrase violet-anvil-5520",)),
        Question("made", f"What does '{WORDS}' say?", ("x",), (Gold(ids["vault.md"], WORDS),), origin="made"),
        Question(
            "twin", "Who lost the violet-anvil-5520?", answerable=False, origin="made", sources=(ids["vault.md"],)
        ),
        Question("soup", "What is served?", ("fish and lentil soup for everybody",), (Gold("menu.md", SOUP),)),
        Question("none", "Who sings?", answerable=False),
    )  # fmt: skip


def _made_runs(collection: Collection) -> Path:
    folder = collection.store.root / "evaluations" / "runs"
    folder.mkdir()
    return folder


def contents(collection: Collection) -> dict[str, str]:
    folder = collection.store.root / "evaluations"
    return {path.name: path.read_text() for path in folder.rglob("*.json")}


def test_a_removal_takes_the_words_out_of_sets_and_runs_and_leaves_the_rest(collection, share):
    collection.add(share)
    questions = questions_about_both(collection)
    anchored = tuple(each.question for each in anchor(questions, collection.store, OWNER))
    for each in (QuestionSet("raw", questions), QuestionSet("anchored", anchored)):
        library.save_set(collection.store, each)
    library.save_run(collection.store, run_of(collection, questions))
    assert sum(text.count("violet") for text in contents(collection).values()) > 10
    receipt = collection.remove(share / "vault.md", prove=True).receipt
    assert receipt is not None and receipt.proved, receipt.to_text()
    for name, text in contents(collection).items():
        assert "violet" not in text and "harbour master" not in text and "dawn" not in text, name
        assert SOUP in text, name
    for name in ("raw", "anchored"):
        kept = {question.id: question for question in library.load_set(collection.store, name).questions}
        assert set(kept) == {"named", "by id", "loose", "answer only", "soup", "none"}, "what was made of it went whole"
        assert kept["soup"] in (*questions, *anchored) and kept["none"] in questions
        assert (
            kept["named"].text == "How is it opened?"
            and kept["named"].note == "Its source was removed from the collection."
        )
        assert [gold.quote for gold in kept["loose"].golds if gold.quote] == [SOUP]
        states = {each.question.id: each.state for each in anchor(tuple(kept.values()), collection.store, OWNER)}
        assert (states["named"], states["by id"], states["loose"]) == ("missing", "missing", "anchored")
    results = {each.question.id: each for each in library.load_run(collection.store, "first").results}
    assert len(results) == 8 and results["made"].question.text == "", "figures stay"
    assert results["twin"].question.text == ""
    assert all(each.metrics == {"correct": 1.0} for each in results.values())
    assert results["soup"].answer == SOUP and results["loose"].hits[1].text == SOUP
    assert collection.check() == []


def test_a_removal_without_proof_and_of_a_whole_source_does_it_too(collection, share):
    collection.add(share)
    library.save_set(collection.store, QuestionSet("raw", questions_about_both(collection)))
    library.save_run(collection.store, run_of(collection, questions_about_both(collection)))
    collection.remove(share)
    for name, text in contents(collection).items():
        assert "violet" not in text and "lentil" not in text, name


def test_words_that_a_document_that_stays_holds_too_stay(collection, share):
    (share / "copy.md").write_text(f"# A copy\n\n{WORDS}\n")
    settle(share)
    collection.add(share)
    loose = QuestionSet(
        "raw",
        (
            Question("loose", "How?", (WORDS,), (Gold("", WORDS),)),
            Question("named", "How?", (), (Gold("vault.md", WORDS),)),
        ),
    )
    library.save_set(collection.store, loose)
    receipt = collection.remove(share / "vault.md", prove=True).receipt
    assert receipt is not None and receipt.proved and receipt.elsewhere == (str(share / "copy.md"),)
    kept = library.load_set(collection.store, "raw").questions
    assert kept[0] == loose.questions[0] and kept[1].golds[0].quote == ""


def test_a_name_that_several_documents_have_is_decided_by_the_words(collection, share):
    (share / "old").mkdir()
    (share / "old" / "menu.md").write_text("# Canteen\n\nOn Mondays there were turnips, until 1971.\n")
    settle(share)
    collection.add(share)
    golds = (Gold("menu.md", SOUP), Gold("menu.md", "On Mondays there were turnips, until 1971."))
    library.save_set(collection.store, human("mine", *(Question(f"q{n}", "?", (), (g,)) for n, g in enumerate(golds))))
    collection.remove(share / "old" / "menu.md")
    kept = library.load_set(collection.store, "mine").questions
    assert [gold.quote for question in kept for gold in question.golds] == [SOUP, ""]


def test_a_run_that_was_under_way_during_a_removal_is_kept_without_the_words(collection, share):
    collection.add(share)
    run = run_of(collection, questions_about_both(collection))
    collection.remove(share / "vault.md")
    library.save_run(collection.store, run)
    (text,) = contents(collection).values()
    assert "violet" not in text and SOUP in text
    elsewhere = replace(run, name="other", kind="retrieval")
    library.save_run(collection.store, elsewhere)
    assert "violet" in contents(collection)["other.json"], "a run over documents of its own is its owner's"


@pytest.mark.damages_on_purpose
def test_a_file_that_cannot_be_read_stops_a_removal_before_anything_changed(collection, share):
    collection.add(share)
    path = library.save_set(collection.store, human())
    whole = path.read_bytes()
    path.write_bytes(whole[:40])
    unfinished = _made_runs(collection) / "first.jsonl.partial"
    unfinished.write_text(f"{WORDS}\n")
    with pytest.raises(DataError, match=r"mine\.json cannot be read.*nothing was removed"):
        collection.remove(share / "vault.md", prove=True)
    assert any("violet" in hit.passage.text for hit in collection.search("phrase that opens the vault"))
    assert unfinished.exists(), "nothing was changed"
    path.write_bytes(whole)
    receipt = collection.remove(share / "vault.md", prove=True).receipt
    assert receipt is not None and receipt.proved
    assert not unfinished.exists(), "an unfinished run holds words too"


@pytest.mark.parametrize("left", ["by id", "plain words", "damaged", "another file"])
@pytest.mark.damages_on_purpose
def test_the_receipt_tells_what_a_bad_removal_left(collection, share, monkeypatch, left):
    """The proof is worth something only if it fails when it should."""
    collection.add(share)
    questions = questions_about_both(collection)
    path = library.save_set(collection.store, QuestionSet("raw", questions))
    if left == "by id":  # a quote too short to be among the sentences that are looked for
        short = replace(questions[1], golds=(replace(questions[1].golds[0], quote="harbour"),))
        path = library.save_set(collection.store, QuestionSet("raw", (short,)))
    monkeypatch.setattr("citewell.evaluation.forgetting.erase", lambda store, ids: 0)
    if left == "damaged":
        path.write_text("half of")
    if left == "another file":
        path.write_text(json.dumps(human("raw").to_json()))
        path.with_name("notes.txt").write_text(f"He wrote: {QUOTED}")
    if left == "plain words":  # as JSON writes them: with escaped quotation marks beside letters that are not ASCII
        path.write_text(json.dumps(human("raw", Question("q", QUOTED)).to_json(), ensure_ascii=False))
    receipt = collection.remove(share / "vault.md", prove=True).receipt
    assert receipt is not None and not receipt.proved
    (found,) = [each for each in receipt.checks if each.where == "question sets and runs"]
    told = " ".join(found.found)
    assert {"by id": "still holds a gold of 'by id'", "plain words": "raw.json holds one of its sentences",
            "damaged": "raw.json cannot be read", "another file": "notes.txt"}[left] in told  # fmt: skip


def test_every_file_of_the_library_is_claimed_by_a_holding(collection, share):
    collection.add(share)
    library.save_set(collection.store, human())
    library.save_set(collection.store, human("mine", Question("q2", "Who?")))
    library.save_run(collection.store, run_of(collection, ()))
    assert erasure.unclaimed(collection.store) == []
