"""Training examples from files: every format, what is told about bad rows, and texts that must come through intact."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from citewell.errors import DataError
from citewell.learning.data.examples import RankingExample, ReadingExample, Text
from citewell.learning.data.formats import Examples, as_ranking, read_examples, require
from citewell.learning.data.rows import places_of

CONTEXT = "The lamp at Orrin Head was lit in 1871. It was built by Ada Fenn. Nobody lives there now."
STRANGE = [
    "سجل المناوبة: أُضيئ المصباح عام 1871 بيد آدا فِن.",  # right to left, with a vowel sign
    "灯台は1871年に点灯された。建てたのはエイダ・フェン。",
    "Маяк зажгли в 1871 году.",
    "The lamp 💡 was lit by 👩‍🔧 (a keeper) in 1871 🇬🇧.",
    "Cafe\u0301 and Caf\u00e9 stay apart; so do\u00a0these\u2028lines.",
    "  leading blanks, a tab\tand a line\r\nbreak stay  ",
]


def lines(path: Path, *rows: Any) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def table(path: Path, header: list[str], *rows: list[str], delimiter: str = ",") -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows([header, *rows])
    return path


def squad(path: Path, version: str = "v2.0", **more: Any) -> Path:
    asked = [{"id": "a", "question": "Who built it?", "answers": [{"text": "Ada Fenn", "answer_start": 56}]}]
    if version == "v2.0":
        asked.append({"id": "b", "question": "Who painted it?", "answers": [], "is_impossible": True})
    paragraph = {"context": CONTEXT, "qas": asked, **more}
    path.write_text(json.dumps({"version": version, "data": [{"title": "Orrin_Head", "paragraphs": [paragraph]}]}))
    return path


def beir(path: Path, *splits: str) -> Path:
    (path / "qrels").mkdir(parents=True)
    lines(path / "corpus.jsonl", {"_id": "d1", "title": "Lamps", "text": CONTEXT}, {"_id": "d2", "text": "Grass."},
          {"_id": "d3", "title": "Only a title", "text": ""})  # fmt: skip
    lines(path / "queries.jsonl", {"_id": "q1", "text": "Who built it?"}, {"_id": "q2", "text": "What grows?"})
    for split in splits:
        judged = "q1\td1\t1\nq1\td2\t0\nq2\td2\t2\nq2\td9\t1\n" if split == "train" else "q2\td3\t1\n"
        (path / "qrels" / f"{split}.tsv").write_text("query-id\tcorpus-id\tscore\n" + judged)
    return path


# -- SQuAD -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("version", "expected"), [("1.1", 1), ("v2.0", 2)])
def test_squad_gives_questions_with_their_paragraph_and_places(tmp_path, version, expected):
    read = read_examples(squad(tmp_path / "train.json", version), "reading")
    assert len(read) == expected and read.format == f"SQuAD {version}"
    first = read[0]
    assert first.passages == (Text(CONTEXT, "Orrin Head", "Orrin_Head"),)
    (index, start, end), = first.answers  # fmt: skip
    assert first.passages[index].text[start:end] == "Ada Fenn"
    if version == "v2.0":
        assert read[1].answers == () and read[1].kind == "given, unanswerable"


def test_squad_of_a_tool_that_names_files_splits_by_file(tmp_path):
    read = read_examples(squad(tmp_path / "train.json", document="lamps.pdf"), "reading")
    assert {text.document for each in read for text in each.passages} == {"lamps.pdf"}


def test_squad_as_ranking_leaves_out_what_nothing_answers_and_says_so(tmp_path):
    read = read_examples(squad(tmp_path / "train.json"), "ranking")
    assert [each.query for each in read] == ["Who built it?"]
    assert read.notes == ("1 questions that their paragraph does not answer were left out.",)


# -- BEIR --------------------------------------------------------------------------------------------------------------


def test_beir_gives_positives_judged_negatives_and_tells_what_the_corpus_lacks(tmp_path):
    read = read_examples(beir(tmp_path / "set", "train", "test"), "ranking")
    assert read.format == "BEIR, split 'train'"
    assert list(read) == [
        RankingExample("Who built it?", (Text(CONTEXT, "Lamps", "d1"),), (Text("Grass.", "", "d2"),)),
        RankingExample("What grows?", (Text("Grass.", "", "d2"),)),
    ]
    assert read.notes == ("1 judged documents are not in corpus.jsonl and were left out.",)


def test_beir_reads_the_split_that_is_named_and_a_bare_title_is_text(tmp_path):
    read = read_examples(beir(tmp_path / "set", "train", "test"), "ranking", "test")
    assert list(read) == [RankingExample("What grows?", (Text("Only a title", "", "d3"),))]


def test_beir_without_a_train_split_is_not_guessed(tmp_path):
    with pytest.raises(DataError, match=r"has the splits dev, test, and none is called 'train'"):
        read_examples(beir(tmp_path / "set", "dev", "test"), "ranking")


# -- pairs -------------------------------------------------------------------------------------------------------------


def test_pairs_in_json_lines_under_several_names(tmp_path):
    path = lines(
        tmp_path / "pairs.jsonl",
        {"query": "Who built it?", "positive": CONTEXT, "negatives": ["Grass.", "Moss."], "document": "lamps.pdf"},
        {"question": "What grows?", "answer": "Grass.", "title": "Meadows"},
        {"anchor": "Which?", "positives": ["One.", {"text": "Two.", "title": "T", "docid": 7}], "neg": "Three."},
    )
    read = read_examples(path, "ranking")
    assert list(read) == [
        RankingExample("Who built it?", (Text(CONTEXT, "", "lamps.pdf"),), (Text("Grass."), Text("Moss."))),
        RankingExample("What grows?", (Text("Grass.", "Meadows"),)),
        RankingExample("Which?", (Text("One."), Text("Two.", "T", "7")), (Text("Three."),)),
    ]


@pytest.mark.parametrize(("name", "delimiter"), [("a.csv", ","), ("a.csv", ";"), ("a.tsv", "\t"), ("a.txt", "\t")])
def test_pairs_in_tables_whatever_separates_them(tmp_path, name, delimiter):
    path = table(tmp_path / name, ["Question", "Passage", "negative_1", "negative_2"],
                 ["Who built it?", CONTEXT, "Grass.", "[1] Moss, see note."], ["What grows?", "Grass.", "", ""],
                 delimiter=delimiter)  # fmt: skip
    read = read_examples(path, "ranking")
    assert [len(each.negatives) for each in read] == [2, 0]
    assert read[0].positives == (Text(CONTEXT),) and read[0].negatives[1].text == "[1] Moss, see note."


def test_a_list_in_a_cell_is_a_list(tmp_path):
    path = table(tmp_path / "a.csv", ["query", "positive", "negatives"], ["Q?", "[1]", json.dumps(["one", "two"])])
    read = read_examples(path, "ranking")
    assert read[0].positives == (Text("[1]"),) and read[0].negatives == (Text("one"), Text("two"))


def test_every_bad_row_is_told_with_its_line_and_nothing_is_read(tmp_path):
    path = tmp_path / "pairs.jsonl"
    rows = ['{"query": "good?", "positive": "yes"}', '{"query": "", "positive": "text"}', "", "{broken",
            '{"query": "no positive?"}', '{"query": "number?", "positive": 7}', '["a list"]',
            '{"query": "both?", "positive": "same", "negative": "same"}']  # fmt: skip
    path.write_text("\n".join(rows) + "\n")
    with pytest.raises(DataError) as caught:
        read_examples(path, "ranking")
    told = str(caught.value)
    assert "6 problems, nothing was read" in told
    assert [number for number in range(1, 10) if f"line {number}: " in told] == [2, 4, 5, 6, 7, 8]
    assert "no such field among 'query'. Expected a text in 'positive'." in told


def test_a_bad_row_of_a_table_is_told_with_the_line_it_begins_on(tmp_path):
    path = table(tmp_path / "a.csv", ["query", "positive"], ["fine?", "two\nlines"], ["", "no query"], ["one cell"])
    with pytest.raises(DataError) as caught:
        read_examples(path, "ranking")
    assert "line 4: no such field among 'positive'" in str(caught.value) and "line 5: 1 cells" in str(caught.value)


# -- reading rows ------------------------------------------------------------------------------------------------------


def test_rows_with_answers_by_their_words_or_their_places(tmp_path):
    path = lines(
        tmp_path / "read.jsonl",
        {"question": "Who?", "context": CONTEXT, "answers": {"text": ["Ada Fenn"], "answer_start": [56]}},
        {"question": "Who?", "passage": CONTEXT, "answer": "ada fenn", "document": "lamps.pdf"},
        {"question": "When?", "passages": ["Nothing.", CONTEXT], "answers": ["1871", "in 1871"]},
        {"question": "Painted?", "context": CONTEXT, "answers": {"text": [], "answer_start": []}},
        {"question": "Sold?", "context": CONTEXT, "is_impossible": True},
        {"question": "When?", "context": CONTEXT, "answer": 1871},
    )
    read = read_examples(path, "reading")
    words = [[each.passages[i].text[a:b] for i, a, b in each.answers] for each in read]
    assert words == [["Ada Fenn"], ["Ada Fenn"], ["in 1871", "1871"], [], [], ["1871"]]
    assert read[1].passages[0].document == "lamps.pdf" and read[2].answers[0][0] == 1
    assert as_ranking(read)[2] == RankingExample("When?", (Text(CONTEXT),), (Text("Nothing."),))
    assert len(as_ranking(read)) == 4


def test_answers_that_do_not_stand_in_the_passage_are_told(tmp_path):
    path = lines(
        tmp_path / "read.jsonl",
        {"question": "Who?", "context": CONTEXT, "answer": "Ada"},
        {"question": "Who?", "context": CONTEXT, "answer": "Fen"},
        {"question": "Who?", "context": CONTEXT, "answers": {"text": ["Ada Fenn"], "answer_start": [3]}},
        {"question": "Who?", "context": CONTEXT},
        {"question": "Who?", "context": CONTEXT, "is_impossible": "perhaps"},
    )
    with pytest.raises(DataError) as caught:
        read_examples(path, "reading")
    told = str(caught.value)
    assert "line 2: the passage does not hold 'Fen'" in told and "line 3: at 3 the passage has ' lamp at', not" in told
    assert "line 4: no such field" in told and "line 5: 'is_impossible' is 'perhaps'" in told
    assert "line 1:" not in told


def test_answers_in_scripts_without_blanks_are_found_inside_a_run_and_numbers_are_not():
    assert places_of("エイダ", "建てたのはエイダです。") == [(5, 8)]
    assert places_of("5", "In 1953 and 15, but 5 too.") == [(20, 21)]
    assert places_of("$5 (net)", "It costs $5 (net).") == [(9, 17)]
    assert places_of(" ", "a b") == []


# -- support -----------------------------------------------------------------------------------------------------------


def test_labels_by_their_common_names(tmp_path):
    words = {
        True: ["supported", "SUPPORTS", "entailment", "Entailed", "true", True, "yes"],
        False: ["not supported", "NOT ENOUGH INFO", "neutral", "NEUTRAL", "CONTRADICT", "contradiction", "REFUTES",
                "partially_supported", False, "not-entailment"],
    }  # fmt: skip
    rows = [(label, holds) for holds, labels in words.items() for label in labels]
    path = lines(tmp_path / "nli.jsonl", *({"premise": "P.", "hypothesis": "H.", "label": label} for label, _ in rows))
    read = read_examples(path, "support")
    assert [each.supported for each in read] == [holds for _, holds in rows] and read.notes == ()


def test_numbers_as_labels_mean_what_the_whole_file_says(tmp_path):
    def read(*labels):
        return read_examples(
            lines(tmp_path / "n.jsonl", *({"evidence": "E.", "claim": "C.", "label": each} for each in labels)),
            "support",
        )

    assert [each.supported for each in read(0, 1, "1")] == [False, True, True]
    assert "1 was read as supported" in read(0, 1).notes[0]
    assert [each.supported for each in read(0, 1, 2)] == [True, False, False]
    assert "0 entailment" in read(0, 1, 2).notes[0]
    with pytest.raises(DataError, match=r"line 2: 'label' is -1\. .*delete rows that nobody could label"):
        read(0, -1, 2)
    with pytest.raises(DataError, match=r"line 1: 'label' is 'maybe'"):
        read("maybe")


def test_unsupported_places_as_spans_and_as_flagged_tokens(tmp_path):
    claim = "Ada Fenn lit it in 1872."
    tokens = ["Ada", "Fenn", "lit", "it", "in", "1872", "."]
    path = lines(
        tmp_path / "s.jsonl",
        {"premise": CONTEXT, "claim": claim, "label": "unsupported", "unsupported": [[19, 23]], "kind": "number"},
        {"evidence": ["One.", "Two."], "claim": claim, "label": "partially_supported", "claim_tokens": tokens,
         "non_supported_spans": [True, True, False, False, False, True, False], "doc_id": "w"},
    )  # fmt: skip
    spans, flags = read_examples(path, "support")
    assert [claim[a:b] for a, b in spans.unsupported] == ["1872"] and spans.kind == "number"
    assert [claim[a:b] for a, b in flags.unsupported] == ["Ada Fenn", "1872"]
    assert flags.evidence == "One.\nTwo." and flags.document == "w"


def test_support_rows_that_contradict_themselves_are_told(tmp_path):
    path = lines(
        tmp_path / "s.jsonl",
        {"premise": "P.", "claim": "C.", "label": "supported", "unsupported": [[0, 1]]},
        {"premise": "P.", "claim": "C.", "label": "unsupported", "unsupported": [[0, 9]]},
        {"premise": "P.", "claim": "C."},
        {"premise": "P.", "claim": "C.", "label": 0, "claim_tokens": ["D"], "non_supported_spans": [True]},
    )
    with pytest.raises(DataError) as caught:
        read_examples(path, "support")
    told = str(caught.value)
    assert "4 problems" in told and all(f"line {number}: " in told for number in (1, 2, 3, 4))


# -- texts that must come through --------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", STRANGE)
def test_texts_of_every_script_come_through_every_format_intact(tmp_path, text):
    pair = {"query": text, "positive": text, "negative": f"{text}!"}
    expected = [RankingExample(text, (Text(text),), (Text(f"{text}!"),))]
    assert list(read_examples(lines(tmp_path / "a.jsonl", pair), "ranking")) == expected
    (tmp_path / "a.json").write_text(json.dumps([pair]))  # with escapes
    assert list(read_examples(tmp_path / "a.json", "ranking")) == expected
    assert list(read_examples(table(tmp_path / "a.csv", list(pair), list(pair.values())), "ranking")) == expected
    start = text.index("1871") if "1871" in text else 0
    row = {"question": text, "context": text, "answers": {"text": [text[start:]], "answer_start": [start]}}
    (found,) = read_examples(lines(tmp_path / "b.jsonl", row), "reading")
    assert found == ReadingExample(text, (Text(text),), ((0, start, len(text)),), "given")


def test_passages_of_a_hundred_kilobytes_come_through_whole(tmp_path):
    long = "".join(f'Line {number}, and words | with; marks "quoted".\n' for number in range(3000))
    assert len(long) > 120_000
    pair = {"query": "Q?", "positive": long + "the last word"}
    for path in (lines(tmp_path / "a.jsonl", pair), table(tmp_path / "a.csv", list(pair), list(pair.values()))):
        (found,) = read_examples(path, "ranking")
        assert found.positives[0].text == pair["positive"]
    (read,) = read_examples(
        lines(tmp_path / "b.jsonl", {**pair, "passage": pair["positive"], "answer": "last word"}), "reading"
    )
    assert read.answers == ((0, len(long) + 4, len(long) + 13),)


def test_utf_16_and_a_byte_order_mark_are_read(tmp_path):
    for encoding in ("utf-8-sig", "utf-16"):
        (tmp_path / "a.csv").write_text("query,positive\nWer?,Ada Größe\n", encoding=encoding)
        assert read_examples(tmp_path / "a.csv", "ranking")[0].positives[0].text == "Ada Größe"


# -- what cannot be read -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "kind", "told"),
    [
        ("", "ranking", r"is empty\. For ranking, expected a folder in BEIR layout"),
        ("   \n", "support", r"is empty\. For support, expected rows"),
        ("just some words\nand more\n", "reading", r"line 1: 'just_some_words' has no column name that is known"),
        ('{"a": 1}\n{"a": 2}\n', "support", r"has rows with 'a'\. For support, expected rows .* 'premise', 'claim'"),
        ('{"premise": "P", "claim": "C", "label": 1}\n', "ranking", r"It can be read as support\."),
        ('{"question": "Q", "answer": "A"}\n', "support", r"It can be read as ranking\."),
        ('{"version": 1, "stuff": {}}', "reading", r"holds an object with 'version', 'stuff'"),
        ("[1, 2]", "ranking", r"2 problems"),
        ("[]", "ranking", r"no row in it"),
        ("query,positive\n", "ranking", r"no row in it"),
        ("[{", "ranking", r"is not JSON"),
    ],
)
def test_what_was_found_and_what_was_expected_is_told(tmp_path, content, kind, told):
    path = tmp_path / "data.txt"
    path.write_text(content)
    with pytest.raises(DataError, match=told):
        read_examples(path, kind)


def test_a_folder_a_missing_file_and_an_unknown_kind_are_told(tmp_path):
    with pytest.raises(DataError, match=r"is a folder\. For reading, expected SQuAD JSON"):
        read_examples(tmp_path, "reading")
    with pytest.raises(DataError, match=r"is a folder in BEIR layout\. For support"):
        read_examples(beir(tmp_path / "set", "train"), "support")
    with pytest.raises(DataError, match="There is no file or folder"):
        read_examples(tmp_path / "none.jsonl", "reading")
    with pytest.raises(DataError, match=r"kind of examples is 'other'\. Expected one of: reading, ranking, support"):
        read_examples(tmp_path, "other")
    with pytest.raises(DataError, match=r"in SQuAD's format\. For support"):
        read_examples(squad(tmp_path / "s.json"), "support")


def test_bytes_that_are_no_text_are_told_with_their_line(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(b'{"query": "a", "positive": "b"}\n{"query": "\xff", "positive": "b"}\n')
    with pytest.raises(DataError, match=r"line 2: byte 0xff"):
        read_examples(tmp_path / "a.jsonl", "ranking")


def test_too_few_examples_stop_a_training_with_a_clear_message(tmp_path):
    few = read_examples(
        lines(tmp_path / "a.jsonl", *({"query": f"Q{i}?", "positive": "A"} for i in range(3))), "ranking"
    )
    require(few, 3)
    with pytest.raises(DataError, match=r"at least 8 pairs; there are only 3\. Add more.*Nothing was changed"):
        require(few, 8, "pairs")
    with pytest.raises(DataError, match="at least 1 examples; there are none"):
        require(Examples[RankingExample]((), ""), 1)
