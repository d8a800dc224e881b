"""What every passage index must do, run over every implementation (see ``empty`` in conftest)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from citewell.access import Scope
from citewell.errors import CollectionError, SettingsError
from citewell.index import Filters
from citewell.index.passages import PassageTable

OWNER = Scope.owner()


def texts(hits):
    return [hit.passage.text for hit in hits]


def test_a_committed_passage_comes_back_whole(empty, fill, make):
    one = make("d1", "Notice is thirty days.", start=7, header="Term | Days")
    fill(empty, one)
    assert empty.get([one.id], OWNER) == [one]
    assert empty.lexical("notice", 5, OWNER)[0].passage == one


def test_new_rows_are_searchable_at_once_and_after_optimize(empty, fill, make, vector_of):
    fill(empty, make("d1", "zebras graze"))
    fill(empty, make("d2", "lions hunt zebras at night"))
    before = empty.lexical("zebra", 5, OWNER)
    assert texts(before) == ["zebras graze", "lions hunt zebras at night"]
    assert before[0].stage == "lexical" and before[0].score > before[1].score > 0
    empty.optimize(keep=timedelta(0))
    assert empty.lexical("zebra", 5, OWNER) == before
    nearest = empty.dense(vector_of("zebras graze"), 1, OWNER)
    assert texts(nearest) == ["zebras graze"] and nearest[0].score == pytest.approx(1.0, abs=1e-5)
    assert nearest[0].stage == "dense"


def test_dense_scores_are_cosines(empty, fill, make, vector_of):
    passages = [make("d", f"text {i}", start=i) for i in range(40)]
    fill(empty, *passages)
    question = vector_of("question")
    hits = empty.dense(3.0 * question, 40, OWNER)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    for hit in hits:
        assert hit.score == pytest.approx(float(question @ vector_of(hit.passage.text)), abs=1e-5)


def test_replacing_documents_is_one_version_and_leaves_nothing_old(empty, fill, make):
    fill(empty, make("d1", "old alpha"), make("d1", "kept words", start=50), make("d2", "other document"))
    before = empty.version
    kept = make("d1", "kept words", start=50, document_version="v2")
    after = fill(empty, kept, make("d1", "new beta", document_version="v2"), replaces=("d1",))
    assert after == before + 1 == empty.version
    assert texts(empty.lexical("alpha", 5, OWNER)) == []
    assert texts(empty.of_document("d1", OWNER) and empty.lexical("beta", 5, OWNER)) == ["new beta"]
    assert [p.text for p in empty.of_document("d1", OWNER)] == ["new beta", "kept words"]
    assert empty.get([kept.id], OWNER) == [kept]
    assert empty.document_versions() == {"d1": "v2", "d2": "v1"}
    assert empty.count(OWNER) == 3


def test_an_empty_commit_deletes(empty, fill, make):
    fill(empty, make("d1", "alpha"), make("d2", "beta"))
    empty.commit([], np.zeros((0, empty.dimension), np.float32), ["d1", "absent"])
    assert empty.document_versions() == {"d2": "v1"}
    empty.delete(["d2"])
    assert empty.count(OWNER) == 0 and empty.lexical("beta", 5, OWNER) == []
    fill(empty, make("d1", "alpha"))
    assert texts(empty.lexical("alpha", 5, OWNER)) == ["alpha"]


def test_unsound_commits_are_refused_and_change_nothing(empty, fill, make):
    one = make("d1", "alpha")
    version = empty.version
    good = np.ones((1, empty.dimension), np.float32)
    for passages, matrix in [
        ([one], np.ones((2, empty.dimension), np.float32)), ([one], np.ones((1, 3), np.float32)),
        ([one], 0 * good), ([one], np.nan * good), ([one, one], np.ones((2, empty.dimension), np.float32)),
    ]:  # fmt: skip
        with pytest.raises(ValueError):
            empty.commit(passages, matrix, [])
    assert (empty.version, empty.count(OWNER)) == (version, 0)


def test_scope_hides_like_absence(empty, fill, make, vector_of):
    secret = make("d1", "payroll secret", readers=("user:anna", "group:hr"))
    fill(empty, secret, make("d2", "payroll public"), make("d3", "payroll nobody", readers=()))
    for scope, visible in [
        (OWNER, {"payroll secret", "payroll public", "payroll nobody"}),
        (Scope.of(["user:anna"]), {"payroll secret", "payroll public"}),
        (Scope.of(["user:bob"]), {"payroll public"}),
        (Scope(principals=frozenset()), set()),
        (Scope(principals=frozenset({"x') OR true --"})), set()),
    ]:
        assert set(texts(empty.lexical("payroll", 9, scope))) == visible
        assert set(texts(empty.dense(vector_of("payroll"), 9, scope))) == visible
        assert empty.count(scope) == len(visible)
        assert bool(empty.get([secret.id], scope)) == ("payroll secret" in visible)
        assert bool(empty.of_document("d1", scope)) == ("payroll secret" in visible)


def test_a_restricted_search_still_returns_k(empty, fill, make, vector_of):
    hidden = [make(f"h{i}", f"apple apple apple {i}", readers=("user:other",)) for i in range(60)]
    shown = [make(f"s{i}", f"apple and a good many other words {i}") for i in range(5)]
    fill(empty, *hidden, *shown)
    for _ in range(2):
        scope = Scope.of(["user:anna"])
        assert len(empty.lexical("apple", 5, scope)) == len(empty.dense(vector_of("apple"), 5, scope)) == 5
        empty.optimize()


def test_readers_change_without_new_vectors(empty, fill, make, vector_of):
    fill(empty, make("d1", "alpha"), make("d1", "beta", start=9), make("d2", "gamma"))
    before = empty.version
    assert empty.update_readers({"d1": ["user:anna"], "d2": []}) == before + 1
    assert empty.count(Scope.of(["user:bob"])) == 0
    assert empty.count(Scope.of(["user:anna"])) == 2
    assert empty.get([make("d1", "alpha").id], OWNER) == [make("d1", "alpha", readers=("user:anna",))]
    assert empty.dense(vector_of("beta"), 1, OWNER)[0].score == pytest.approx(1.0, abs=1e-5)
    empty.update_readers({"absent": ["everyone"]})
    assert empty.check() == []


FILTER_CASES = {
    "uri star": (Filters(uris=("file:///a*",)), {"a"}),
    "uri any": (Filters(uris=("*b.txt", "*/c.txt")), {"b", "c"}),
    "uri exact": (Filters(uris=("file:///a.txt",)), {"a"}),
    "uri question mark": (Filters(uris=("file:///?.txt",)), {"a", "b", "c"}),
    "uri set": (Filters(uris=("file:///[ab].txt",)), {"a", "b"}),
    "uri range": (Filters(uris=("file:///[a-b].txt",)), {"a", "b"}),
    "uri complement": (Filters(uris=("file:///[!a].txt",)), {"b", "c"}),
    "uri dot is a dot": (Filters(uris=("file:///a?txt*x",)), set()),
    "uri is anchored": (Filters(uris=("*a",)), set()),
    "uri unclosed set": (Filters(uris=("file:///[a*",)), set()),
    "media type": (Filters(media_types=("text/plain", "none/such")), {"a", "c"}),
    "language": (Filters(languages=("de",)), {"b"}),
    "source": (Filters(sources=("source-2",)), {"c"}),
    "after": (Filters(after="2024-01-01"), {"a"}),
    "before": (Filters(before="2024-01-01"), {"b"}),
    "between": (Filters(after="2023-03-01", before="2023-03-02"), {"b"}),
    "metadata": (Filters(metadata=(("team", "legal"),)), {"a", "b"}),
    "metadata number": (Filters(metadata=(("year", "2024"),)), {"a"}),
    "metadata bool": (Filters(metadata=(("draft", "true"),)), {"b"}),
    "metadata list": (Filters(metadata=(("tags", "y"),)), {"a"}),
    "metadata all": (Filters(metadata=(("team", "legal"), ("year", "2024"))), {"a"}),
    "fields join": (Filters(languages=("en",), sources=("source-2",)), {"c"}),
    "quotes": (Filters(metadata=(("who's", "O'Neil' OR true --"),)), {"c"}),
    "hostile uri": (Filters(uris=("x' OR '1'='1", "*' OR true OR '*")), set()),
    "hostile type": (Filters(media_types=("') OR (true", "\\' OR true --")), set()),
    "nothing asked": (Filters(), {"a", "b", "c"}),
}


@pytest.fixture
def filtered(empty, fill, make) -> PassageTable:
    metadata = {"team": "legal", "year": 2024, "draft": False, "tags": ["x", "y"]}
    fill(
        empty,
        make("a", "shared a", metadata=metadata),
        make("b", "shared b", metadata={"team": "legal", "draft": True}, modified_at="2023-03-01T10:00:00",
             language="de", media_type="text/html"),
        make("c", "shared c", metadata={"who's": "O'Neil' OR true --"}, modified_at="", source_id="source-2"),
    )  # fmt: skip
    return empty


@pytest.mark.parametrize("upkeep", [False, True], ids=["fresh", "optimized"])
def test_filters(filtered, vector_of, upkeep):
    if upkeep:
        filtered.optimize()
    for name, (filters, kept) in FILTER_CASES.items():
        assert {hit.passage.document_id for hit in filtered.lexical("shared", 9, OWNER, filters)} == kept, name
        assert {h.passage.document_id for h in filtered.dense(vector_of("q"), 9, OWNER, filters)} == kept, name
        assert filtered.count(OWNER, filters) == len(kept), name


@pytest.mark.parametrize("value", ["yesterday", "2024-13-01", "2024-01-01' OR true --"])
def test_a_filter_date_that_is_none_is_refused(value):
    with pytest.raises(SettingsError, match="after"):
        Filters(after=value)


@pytest.mark.parametrize(
    "query",
    ['"flight"', "flight AND (wing OR", "+flight -wing name:x^3 ~2 *", "flight' OR 1=1 --", '{"match": "flight"}',
     "flight\x00\ud800\n", "FLIGHT", "flights"],
)  # fmt: skip
def test_a_question_is_plain_words(empty, fill, make, query):
    fill(empty, make("d1", "a long flight"), make("d2", "something else"))
    assert texts(empty.lexical(query, 5, OWNER)) == ["a long flight"]


@pytest.mark.parametrize("query", ["", "   \n", "the of and", "?!…", '""', "qwertzuiop"])
def test_a_question_without_words_finds_nothing(empty, fill, make, query):
    fill(empty, make("d1", "the end of the flight"))
    assert empty.lexical(query, 5, OWNER) == []


def test_a_huge_question_is_cut_not_refused(empty, fill, make):
    fill(empty, make("d1", "a long flight"))
    words = "flight " + " ".join(f"word{i}" for i in range(20_000))
    assert texts(empty.lexical(words, 5, OWNER)) == ["a long flight"]
    assert empty.lexical("x" * 100_000, 5, OWNER) == []


@pytest.mark.parametrize(
    ("text", "query"),
    [("東京都の条例について", "東京都"), ("机器学习是人工智能的一个分支", "人工智能"),
     ("Стоимость договора аренды", "договора"), ("Größe der Straße", "größe"),
     ("ภาษาไทยเป็นภาษา", "ภาษา"), ("café crème", "cafe"), ("id AB-1234 here", "1234")],
)  # fmt: skip
def test_other_scripts_are_searchable(empty, fill, make, text, query):
    fill(empty, make("d1", text), make("d2", "nothing alike"))
    assert texts(empty.lexical(query, 5, OWNER)) == [text]
    empty.optimize()
    assert texts(empty.lexical(query, 5, OWNER)) == [text]


@pytest.mark.parametrize("language", ["German", "Arabic", "Japanese", ""])
def test_any_language_can_be_named(tmp_path, fill, make, language):
    table = PassageTable.create(tmp_path / "t.lance", 16, language)
    fill(table, make("d1", "Häuser und Wohnungen"))
    assert len(table.lexical("Häuser", 5, OWNER)) == 1
    assert len(table.lexical("Haus", 5, OWNER)) == (1 if language == "German" else 0)


def test_equal_scores_are_ordered_by_id(empty, fill, make):
    passages = [make(f"d{i}", "equal words", title="T", heading_path=()) for i in range(20)]
    fill(empty, *passages)
    ids = [hit.passage.id for hit in empty.lexical("equal", 20, OWNER)]
    assert ids == sorted(each.id for each in passages)
    assert [hit.passage.id for hit in empty.dense(np.ones(16, np.float32), 20, OWNER)] == ids


def test_get_keeps_the_order_and_leaves_out_the_missing(empty, fill, make):
    passages = [make("d1", f"text {i}", start=i * 10) for i in range(5)]
    fill(empty, *passages)
    wanted = [passages[3].id, "absent", "it's", passages[0].id]
    assert empty.get(wanted, OWNER) == [passages[3], passages[0]]
    assert empty.get([], OWNER) == []


def test_a_snapshot_reads_what_it_ranked(empty, fill, make):
    hidden = make("d2", "alpha hidden", readers=("user:anna",))
    fill(empty, make("d1", "alpha"), hidden, make("d3", "beta"))
    snapshot = empty.snapshot()
    found = snapshot.rank_lexical("alpha", 5, OWNER)
    fill(empty, make("d1", "gamma", document_version="v2"), replaces=("d1",))
    empty.optimize(keep=timedelta(hours=1))
    assert [passage.text for passage in snapshot.get(found.ids, OWNER)] == ["alpha", "alpha hidden"]
    assert [passage.text for passage in snapshot.get(found.ids, Scope.of(["user:bob"]))] == ["alpha"]
    assert snapshot.get([hidden.id, "absent"], OWNER) == [hidden]


def test_more_ids_than_one_lookup(empty, fill, make):
    passages = [make("d1", f"text {i}", start=i) for i in range(1100)]
    fill(empty, *passages)
    assert empty.get([each.id for each in passages], OWNER) == passages
    assert len(empty.vectors_for([each.text_hash for each in passages])) == 1100


def test_vectors_are_found_by_text(empty, fill, make, vector_of):
    one = make("d1", "alpha")
    fill(empty, one)
    found = empty.vectors_for([one.text_hash, "absent"])
    assert list(found) == [one.text_hash]
    np.testing.assert_allclose(found[one.text_hash], vector_of("alpha"), atol=1e-6)
    assert empty.vectors_for([]) == {}


def test_a_reader_sees_new_commits_and_a_snapshot_does_not(empty, fill, make, tmp_path):
    reader = PassageTable.open(tmp_path / "passages.lance")
    fixed = reader.snapshot()
    fill(empty, make("d1", "alpha"))
    assert reader.count(OWNER) == 1 and reader.version == empty.version
    assert fixed.count(OWNER) == 0 and fixed.lexical("alpha", 5, OWNER) == []
    with pytest.raises(CollectionError):
        fixed.delete(["d1"])


def test_purge_leaves_one_version(empty, fill, make, tmp_path):
    fill(empty, make("d1", "xyzzyplugh alpha"), make("d2", "beta"))
    empty.optimize()
    empty.delete(["d1"])
    empty.purge()
    assert texts(empty.lexical("beta", 5, OWNER)) == ["beta"]
    files = [path for path in (tmp_path / "passages.lance").rglob("*") if path.is_file()]
    assert files and not any(b"xyzzyplugh" in path.read_bytes() for path in files)
    assert PassageTable.open(tmp_path / "passages.lance").check() == []


def test_optimize_is_asked_for_after_enough_commits(empty, fill, make):
    assert not empty.optimize_due()
    fill(empty, *[make("d1", f"text {i}", start=i) for i in range(2100)])
    assert empty.optimize_due()
    empty.optimize()
    assert not empty.optimize_due()


def test_check_names_what_is_wrong(empty, fill, make):
    fill(empty, make("d1", "alpha"))
    assert empty.check() == []
    broken = replace(make("d1", "beta", start=3), span=(3, 5), document_version="v2")
    fill(empty, broken)
    problems = "\n".join(empty.check())
    assert "span 3-5" in problems and "2 versions" in problems


def test_open_and_create_explain_themselves(tmp_path):
    with pytest.raises(CollectionError, match="no passage table"):
        PassageTable.open(tmp_path / "absent")
    PassageTable.create(tmp_path / "t.lance", 8)
    with pytest.raises(CollectionError, match="exists already"):
        PassageTable.create(tmp_path / "t.lance", 8)
    assert PassageTable.open(tmp_path / "t.lance").dimension == 8
