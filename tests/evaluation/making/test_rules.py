"""What each rule makes of a sentence, a table, a heading; and what it leaves alone."""

from __future__ import annotations

import pytest

from citewell.evaluation.making.codes import code_drafts
from citewell.evaluation.making.definitions import definition_drafts
from citewell.evaluation.making.drafts import MOST_BLOCKS, Draft, Material, material
from citewell.evaluation.making.gaps import gap_drafts
from citewell.evaluation.making.headings import heading_drafts
from citewell.evaluation.making.statements import statement_drafts
from citewell.evaluation.making.tables import field_drafts, record_drafts, table_drafts
from citewell.records import Block, BlockKind, Document, Locator, Place, Span

NAME = "“Handbook”"


def document(
    *parts: tuple[BlockKind, str], language: str = "en", media_type: str = "text/markdown", name: str = NAME
) -> Material:
    """A document of these blocks; table rows get the cells between `` | `` and the last header before them."""
    text, blocks, path, header = "", [], (), ""
    for kind, words in parts:
        start = len(text)
        text += f"{words}\n\n"
        span = (start, start + len(words))
        cells = _cells(words, start) if kind in {"table_header", "table_row"} else ()
        blocks.append(Block(kind, span, Locator(), path, cells, header if kind == "table_row" else ""))
        if kind == "heading":
            path, header = (words,), ""
        if kind == "table_header":
            header = words
    made = Document("d1", "v1", "/docs/handbook.md", "Handbook", media_type, text, tuple(blocks), language=language)
    return material(made, name, 1)


def _cells(words: str, start: int) -> tuple[Place, ...]:
    places, at = [], start
    for cell in words.split(" | "):
        span: Span = (at, at + len(cell))
        places.append(Place(span, Locator()))
        at += len(cell) + 3
    return tuple(places)


def only(drafts: list[Draft]) -> Draft:
    assert len(drafts) == 1, [draft.question for draft in drafts]
    return drafts[0]


@pytest.mark.parametrize(
    ("sentence", "question", "answer"),
    [
        ("An access key is valid for 12 months.", "For how many months is an access key valid?", "12 months"),
        ("The queue takes about nine hours of normal traffic.",
         "How many hours of normal traffic does the queue take?", "about nine hours"),
        ("Demonstration units may be lent for up to six weeks.",
         "For how many weeks may demonstration units be lent at most?", "up to six weeks"),
        ("You can request up to 240 hours of advanced sick leave.",
         "How many hours of advanced sick leave can you request at most?", "up to 240 hours"),
        ("The mileage rate for private cars is GBP 0.45 per mile.",
         "What is the mileage rate for private cars?", "GBP 0.45 per mile"),
        ("A main dish costs GBP 4.20 in the canteen.", "How much does a main dish cost in the canteen?", "GBP 4.20"),
        ("The old library was closed on 3 May 2021.", "When was the old library closed?", "3 May 2021"),
        ("Version 1 of the interface will be switched off by 30 September 2025.",
         "By when will version 1 of the interface be switched off?", "30 September 2025"),
        ("The security board decides on exceptions to the rules.",
         "Who decides on exceptions to the rules?", "The security board"),
        ("Every claim is approved by the line manager.", "Who is every claim approved by?", "the line manager"),
        ("The test cell in room B1.07 may be used only by trained staff, because it is dangerous.",
         "Who may the test cell in room B1.07 be used by?", "trained staff"),
        ("Retained samples are stored in cabinet K3 behind the laboratory.",
         "Where are retained samples stored?", "in cabinet K3 behind the laboratory"),
        ("If the gateway shows a red lamp, restart it and wait five minutes.",
         "What should you do if the gateway shows a red lamp?", "restart it and wait five minutes"),
        ("If an instalment is more than ten days late, the whole amount becomes due.",
         "What happens if an instalment is more than ten days late?", "the whole amount becomes due"),
        ("To move files between two laptops, use the shared drive of your team.",
         "How do you move files between two laptops?", "use the shared drive of your team"),
        ("You can start a call from the chat by typing /call into the field.",
         "How can you start a call from the chat?", "by typing /call into the field"),
        ("The canteen is closed in August because the kitchen is cleaned.",
         "Why is the canteen closed in August?", "because the kitchen is cleaned"),
        ("The annual fee includes delivery, installation and one service visit.",
         "What does the annual fee include?", "delivery, installation and one service visit"),
    ],
)  # fmt: skip
def test_a_sentence_becomes_a_question(sentence: str, question: str, answer: str) -> None:
    given = document(("paragraph", sentence))
    draft = only(list(statement_drafts(given)))
    assert draft.question == question
    assert draft.answers == (answer,)
    assert given.quote(draft.span) == sentence
    assert draft.named == question.removesuffix("?") + f", according to {NAME}?"


@pytest.mark.parametrize(
    "sentence",
    [
        "It is valid for 12 months after that.",  # what is "it"?
        "This takes about nine hours on most days.",
        "They must be returned within 30 days of delivery.",
        "If it happens again, call the service desk at once.",
        "If you need more time, see the following list of people.",
        "The samples are kept in it for three years.",
        "Most approvals will take 2–3 weeks until they are there.",
        "There are six people in the team of the north.",
        "Support can issue a new one in ten minutes.",
        "The agreement begins with the last signature and ends after two years.",
    ],
)
def test_a_sentence_that_points_elsewhere_or_is_involved_is_left_alone(sentence: str) -> None:
    assert list(statement_drafts(document(("paragraph", sentence)))) == []


def test_a_question_without_a_name_in_it_needs_the_document_and_one_with_a_name_does_not() -> None:
    vague = only(list(statement_drafts(document(("paragraph", "The key is valid for 12 months.")))))
    clear = only(list(statement_drafts(document(("paragraph", "The Beckline key is valid for 12 months.")))))
    assert not vague.alone
    assert clear.alone


@pytest.mark.parametrize(
    ("header", "row", "question", "answer"),
    [
        ("Model | Memory | Price GBP", "Standard 14 | 16 GB | 940",
         "What is the price in GBP for the model Standard 14?", "940"),
        ("asset_id | purchased", "IT-10451 | 2022-11-08", "When was asset id IT-10451 purchased?", "2022-11-08"),
        ("Item | 2022 | 2023", "Revenue | 7.1 | 8.4", "What was the figure for Revenue in 2023?", "8.4"),
        ("System | Owner", "Ledger | Ada Brown", "Who is the owner for the system Ledger?", "Ada Brown"),
        ("Measure | Value", "End of the loss | 08:33 UTC", "What is the End of the loss?", "08:33 UTC"),
        ("Purpose | Kept for", "Newsletter | 6 months",
         "What does the table give as “Kept for” for the purpose Newsletter?", "6 months"),
        ("Term | Meaning", "Dead band | the change of input without effect",
         "What does “Dead band” mean?", "the change of input without effect"),
        ("Tier | Calls per minute", "Basic | 60", "What are the calls per minute for the tier Basic?", "60"),
    ],
)  # fmt: skip
def test_a_table_cell_becomes_a_question(header: str, row: str, question: str, answer: str) -> None:
    given = document(("table_header", header), ("table_row", row))
    found = {draft.question: draft for draft in table_drafts(given)}
    assert question in found, list(found)
    assert found[question].answers == (answer,)
    assert given.quote(found[question].span) == row


def test_cells_that_say_nothing_and_rows_without_a_label_of_their_own_are_left_alone() -> None:
    given = document(
        ("table_header", "Region | Allowed | Days"), ("table_row", "Singapore | yes | -"),
        ("table_row", "Total | no | 12"), ("table_row", "17 | maybe so | 8"),
        ("table_row", "Brazil | by request | 5"), ("table_row", "Brazil | by law | 6"),
    )  # fmt: skip
    assert list(table_drafts(given)) == []


def test_records_and_fields_are_asked_by_their_keys() -> None:
    record = document(("table_row", "name: Kiln | seats: 14 | limits.users: 9"), media_type="application/json")
    assert [draft.question for draft in record_drafts(record)] == [
        "How many seats does Kiln have?", "What is “limits.users” for Kiln?",
    ]  # fmt: skip
    field = document(("field", "Owner: Ada Brown"), ("list_item", "Note: this is no fact"))
    assert only(list(field_drafts(field))).question == "Who is the owner of “Handbook”?"


def test_a_mail_is_asked_who_sent_it_and_when() -> None:
    mail = document(
        ("field", "From: Ada Brown <ada@x.example>"), ("field", "Date: Thu, 10 Apr 2025 10:30:00 +0100"),
        ("field", "Subject: Lunch"), media_type="message/rfc822", name="the e-mail “Lunch”",
    )  # fmt: skip
    found = {draft.question: draft.answers[0] for draft in field_drafts(mail)}
    assert found == {
        "Who sent the e-mail “Lunch”?": "Ada Brown",
        "When was the e-mail “Lunch” sent?": "Thu, 10 Apr 2025 10:30:00 +0100",
    }


@pytest.mark.parametrize(
    ("sentence", "question"),
    [
        ("Call-off means a written order placed by the buyer.", "What does “Call-off” mean?"),
        ("The oven value is the mean of three dishes dried for three hours.", "What is the oven value?"),
        ("An SF-50 is a notification of a personnel action.", "What is an SF-50?"),
    ],
)
def test_a_definition_is_asked_for_its_term(sentence: str, question: str) -> None:
    assert only(list(definition_drafts(document(("paragraph", sentence))))).question == question


@pytest.mark.parametrize(
    "sentence",
    [
        "This is a good way to see the whole of it.",
        "Using the quick start is a way to get an idea of the tool.",
        "The guide is a great resource for people who are new.",
        "The stops are the closest to the office on your way in.",
    ],
)
def test_praise_and_pointing_are_no_definitions(sentence: str) -> None:
    assert list(definition_drafts(document(("paragraph", sentence)))) == []


def test_headings_that_ask_tell_or_name_become_questions_and_empty_ones_do_not() -> None:
    body = "Send the form to the people team and wait for the answer."
    given = document(
        ("heading", "How to apply for parental leave"), ("paragraph", body),
        ("heading", "Which supplies do distributed employees receive?"), ("paragraph", body),
        ("heading", "Keeping in touch"), ("paragraph", body), ("heading", "Overview"), ("paragraph", body),
        ("heading", "How bad is it?"), ("paragraph", body), ("heading", "Find the cause"), ("paragraph", body),
    )  # fmt: skip
    assert [draft.question for draft in heading_drafts(given)] == [
        "How do you apply for parental leave?",
        "Which supplies do distributed employees receive?",
        "What does “Handbook” say about keeping in touch?",
        "How do you find the cause?",
    ]


def test_a_heading_that_stands_twice_is_no_question() -> None:
    body = ("paragraph", "Chemicals stand in cabinet K3 and nowhere else.")
    given = document(("heading", "Storage rules"), body, ("heading", "Storage rules"), body)
    assert list(heading_drafts(given)) == []


def test_code_is_asked_what_it_does_and_what_constants_are() -> None:
    code = (
        'RETRY_LIMIT = 5\n\ndef frame_crc(data: bytes) -> int:\n    """Checks one frame from the board. And more."""\n'
    )
    whole = Block("code", (0, len(code)), Locator())
    made = Document("d1", "v1", "/docs/codec.py", "", "text/x-python", code, (whole,))
    constant = only(list(code_drafts(material(made, "the file codec.py", 1))))
    assert (constant.question, constant.answers) == ("What is the value of RETRY_LIMIT?", ("5",))
    documented = Block("code", (17, len(code)), Locator(), ("function frame_crc",))
    made = Document("d1", "v1", "/docs/codec.py", "", "text/x-python", code, (documented,))
    draft = only(list(code_drafts(material(made, "the file codec.py", 1))))
    assert draft.question == "What does the function frame_crc do?"
    assert code[draft.span[0] : draft.span[1]] == "Checks one frame from the board."


@pytest.mark.parametrize(
    ("language", "question"),
    [
        ("de", "Was steht bei „Berlin“ unter „Preis“?"),
        ("fr", "Quelle est la valeur de « Preis » pour « Berlin » ?"),
        ("es", "¿Cuál es el valor de «Preis» para «Berlin»?"),
        ("it", "Qual è il valore di «Preis» per «Berlin»?"),
        ("pt", "Qual é o valor de «Preis» para «Berlin»?"),
        ("nl", "Wat staat er bij “Berlin” onder “Preis”?"),
    ],
)
def test_tables_are_asked_in_the_language_of_the_document(language: str, question: str) -> None:
    given = document(("table_header", "Ort | Preis"), ("table_row", "Berlin | 17 EUR"), language=language)
    assert only(list(table_drafts(given))).question == question


def test_a_language_without_words_of_ours_gets_gaps_and_nothing_else() -> None:
    sentence = "Új munkatársaink a belépés évében összesen 27 nap szabadságot kapnak a cégtől."
    given = document(
        ("heading", "Szabadság és pihenés"), ("paragraph", sentence), ("table_header", "Hely | Ár"),
        ("table_row", "Pécs | 12 EUR"), language="hu",
    )  # fmt: skip
    for rule in (statement_drafts, definition_drafts, heading_drafts, table_drafts):
        assert list(rule(given)) == []
    draft = only(list(gap_drafts(given)))
    assert draft.answers == ("27",)
    assert "____" in draft.question
    assert "27" not in draft.question


def test_only_stretches_of_a_long_document_are_read_and_always_the_same() -> None:
    parts: list[tuple[BlockKind, str]] = [("paragraph", f"Sentence number {n} of many.") for n in range(5_000)]
    one, two = document(*parts), document(*parts)
    assert len(one.blocks) == MOST_BLOCKS
    assert one.blocks == two.blocks
    assert list(one.blocks) == sorted(one.blocks, key=lambda block: block.span)
