"""Re-indexing: built beside, switched to in one step, continued after a kill, undone by one command."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import numpy as np
import pytest

import citewell
from citewell import Scope
from citewell import reindex as reindex_module
from citewell.collection import Collection
from citewell.errors import SettingsError
from citewell.models.encoder import WEIGHTS
from citewell.reindex import ReindexProgress
from citewell.settings import BUILTIN_ENCODER

OWNER = Scope.owner()
QUESTION = "How many days of paid leave do new employees get?"


class StoppedError(Exception):
    """What a test raises to stop a run where a kill would."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "docs"
    root.mkdir()
    rules = " ".join(f"Rule {number} says that desk {number} is tidied on day {number}." for number in range(60))
    texts = {
        "leave.md": "# Leave\n\nNew employees get 27 days of paid leave each year.\n",
        "rules.md": f"# Rules\n\n{rules}\n",
        "pay.md": "# Pay\n\nSalaries are paid on the 25th of each month.\n",
    }
    past = time.time() - 60
    for name, text in texts.items():
        (root / name).write_text(text)
        os.utime(root / name, (past, past))
    return root


@pytest.fixture
def filled(collection: Collection, folder: Path) -> Collection:
    collection.add(folder)
    return collection


def longest(collection: Collection) -> int:
    texts = [text for *_, text in collection.store.index.texts()]
    return max(collection.store.encoder.count_tokens(texts))


@pytest.fixture
def other_encoder(tmp_path: Path) -> Path:
    """The shipped model under another name: another identity, so its vectors do not compare."""
    return Path(shutil.copytree(WEIGHTS / BUILTIN_ENCODER, tmp_path / "other-model"))


def test_other_chunking_cuts_anew_and_goes_back_with_one_command(filled: Collection) -> None:
    before = {passage_id for passage_id, *_ in filled.store.index.texts()}
    long_before = longest(filled)
    report = filled.reindex(chunking={"max_tokens": 100})
    assert (report.documents, report.snapshot) == (3, "before-reindex-1")
    assert report.passages > len(before)
    assert longest(filled) <= 100 < long_before
    assert filled.store.settings.chunking.max_tokens == 100
    assert "27 days" in filled.ask(QUESTION).text
    assert filled.check() == []
    filled.restore(report.snapshot)
    assert {passage_id for passage_id, *_ in filled.store.index.texts()} == before
    assert filled.store.settings.chunking.max_tokens == 200
    assert filled.check() == []


def test_vectors_of_texts_that_stay_are_not_made_again(filled: Collection) -> None:
    report = filled.reindex()
    assert (report.encoded, report.reread, report.continued) == (0, 0, 0)
    report = filled.reindex(chunking={"max_tokens": 100}, keep_snapshot=False)
    assert 0 < report.encoded < report.passages
    assert report.snapshot == ""
    assert [snapshot.name for snapshot in filled.snapshots()] == ["before-reindex-1"]


def test_a_sync_after_a_reindex_does_nothing(filled: Collection) -> None:
    filled.reindex(chunking={"max_tokens": 100})
    version = filled.store.index.version
    (report,) = filled.sync()
    assert (report.added, report.changed, report.unchanged, report.passages) == (0, 0, 3, 0)
    assert filled.store.index.version == version


def test_another_encoder_encodes_everything_anew(filled: Collection, other_encoder: Path) -> None:
    before = filled.store.index.with_vectors([item.document_id for item in filled.items()])
    identity = filled.store.manifest.encoder
    report = filled.reindex(str(other_encoder))
    assert report.encoded == report.passages
    assert report.encoder == filled.store.manifest.encoder != identity
    after = filled.store.index.with_vectors([item.document_id for item in filled.items()])
    assert after[0] == before[0]
    assert np.allclose(after[1], before[1], atol=1e-5), "the same model gives the same vectors"
    assert "27 days" in citewell.open(filled.store.root).ask(QUESTION).text
    filled.restore(report.snapshot)
    assert filled.store.manifest.encoder == identity
    assert "27 days" in filled.ask(QUESTION).text


def test_the_old_index_answers_until_the_switch(filled: Collection) -> None:
    reader = citewell.open(filled.store.root)
    seen = []

    def ask_meanwhile(progress: ReindexProgress) -> None:
        seen.append((progress.stage, reader.store.settings.chunking.max_tokens, reader.ask(QUESTION).text))

    filled.reindex(chunking={"max_tokens": 100}, on_progress=ask_meanwhile)
    assert {stage for stage, _, _ in seen} == {"encoding", "indexing"}
    assert all(tokens == 200 and "27 days" in text for _, tokens, text in seen)
    assert reader.store.settings.chunking.max_tokens == 100
    assert "27 days" in reader.ask(QUESTION).text


def test_progress_ends_with_everything_done(filled: Collection) -> None:
    steps: list[ReindexProgress] = []
    filled.reindex(on_progress=steps.append)
    encoding = [step for step in steps if step.stage == "encoding"]
    assert [step.done for step in encoding] == [1, 2, 3]
    assert encoding[-1].total == 3
    assert encoding[-1].passages == filled.status().passages


def stop_after(documents: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes the next run commit each document by itself and end in the middle, as if killed."""
    commit = reindex_module._Build._commit
    done = []

    def counted(self: reindex_module._Build, *arguments: object) -> None:
        if len(done) == documents:
            raise StoppedError
        commit(self, *arguments)  # type: ignore[arg-type]
        done.append(arguments)

    monkeypatch.setenv("CITEWELL_INGEST_BATCH_PASSAGES", "1")
    monkeypatch.setattr(reindex_module._Build, "_commit", counted)


def test_a_stopped_run_is_continued_where_it_was(filled: Collection, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as stopped:
        stop_after(2, stopped)
        with pytest.raises(StoppedError):
            citewell.open(filled.store.root).reindex(chunking={"max_tokens": 100})
    assert filled.store.settings.chunking.max_tokens == 200
    assert any("re-index was stopped" in problem for problem in filled.check())
    filled.sync()
    report = filled.reindex(chunking={"max_tokens": 100})
    assert (report.continued, report.documents) == (2, 3)
    assert filled.check() == []


def test_a_stopped_run_is_continued_after_a_restore(filled: Collection, monkeypatch: pytest.MonkeyPatch) -> None:
    filled.snapshot("one")
    with monkeypatch.context() as stopped:
        stop_after(2, stopped)
        with pytest.raises(StoppedError):
            citewell.open(filled.store.root).reindex(chunking={"max_tokens": 100})
    filled.restore("one")
    assert filled.reindex(chunking={"max_tokens": 100}).continued == 2
    assert filled.check() == []


def test_another_target_starts_over(filled: Collection, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as stopped:
        stop_after(2, stopped)
        with pytest.raises(StoppedError):
            citewell.open(filled.store.root).reindex(chunking={"max_tokens": 100})
    report = filled.reindex(chunking={"max_tokens": 150})
    assert report.continued == 0
    assert filled.store.settings.chunking.max_tokens == 150
    assert filled.check() == []


def test_what_changed_while_a_run_lay_stopped_is_taken_in(
    filled: Collection, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as stopped:
        stop_after(2, stopped)
        with pytest.raises(StoppedError):
            citewell.open(filled.store.root).reindex(chunking={"max_tokens": 100})
    (folder / "leave.md").write_text("# Leave\n\nNew employees get 31 days of paid leave each year.\n")
    (folder / "pay.md").unlink()
    (folder / "citewell-readers.toml").write_text('[[rule]]\npath = "**"\nreaders = ["group:hr"]\n')
    filled.sync()
    filled.reindex(chunking={"max_tokens": 100})
    assert filled.check() == []
    assert "31 days" in filled.ask(QUESTION).text
    assert filled.status().documents == 2
    assert filled.search("paid leave", scope=Scope.of(["user:kim"])) == []


def test_a_given_up_run_is_cleaned_away_by_a_repair(filled: Collection, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as stopped:
        stop_after(1, stopped)
        with pytest.raises(StoppedError):
            citewell.open(filled.store.root).reindex(chunking={"max_tokens": 100})
    assert len(list(filled.store.root.glob("passages*.lance"))) == 2
    assert filled.repair().left == ()
    assert len(list(filled.store.root.glob("passages*.lance"))) == 1


def test_a_newer_parser_reads_files_again_and_keeps_what_is_gone(
    filled: Collection, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = "parser 99, chunker 99"
    (folder / "pay.md").unlink()
    (folder / "rules.md").write_text("# Rules\n\nThere are none any more.\n")
    monkeypatch.setattr(reindex_module, "PIPELINE", newer)
    report = filled.reindex()
    pipelines = {Path(item.uri).name: item.pipeline for item in filled.items()}
    assert report.reread == 1
    assert [name for name, pipeline in pipelines.items() if pipeline == newer] == ["leave.md"]
    assert report.documents == 3, "a file that is gone or has changed keeps its stored text"
    assert "27 days" in filled.ask(QUESTION).text
    assert filled.check() == []


@pytest.mark.damages_on_purpose
def test_a_document_whose_stored_text_is_lost_keeps_its_passages(filled: Collection) -> None:
    (item,) = [item for item in filled.items() if item.uri.endswith("leave.md")]
    filled.store.blobs.path(item.version).unlink()
    filled.reindex(chunking={"max_tokens": 100})
    assert "27 days" in filled.ask(QUESTION).text


def test_chunking_that_contradicts_itself_is_refused_before_anything_is_built(filled: Collection) -> None:
    with pytest.raises(SettingsError, match="max_tokens"):
        filled.reindex(chunking={"max_tokens": 50})
    assert not (filled.store.root / "building.toml").exists()
