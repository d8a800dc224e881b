"""Subtitles: sentences with the seconds at which they are said, and by whom."""

from __future__ import annotations

from tests.parsing.conftest import find, outline

VTT = """WEBVTT - The interview

NOTE made by hand

STYLE
::cue { color: red }

1
00:01.000 --> 00:03.500 align:start
<v Anna Smith>We sold the lamp

00:03.500 --> 00:05.000
<v Anna Smith>for <i>12</i> euros &amp; more.

00:05.000 --> 00:07.000
<v.loud Ben>Really?</v>

01:00:00.250 --> 01:00:02.000
(applause)
"""

SRT = (
    "1\r\n00:00:01,000 --> 00:00:02,000\r\n{\\an8}<font color=red>First line</font>\r\nsecond line\r\n\r\n"
    "2\r\n00:00:02,500 --> 00:00:04,000\r\nends here.\r\n"
)


def test_webvtt(parse) -> None:
    parsed = parse(VTT, "talk.vtt")
    assert (parsed.title, parsed.media_type) == ("The interview", "text/vtt")
    assert outline(parsed) == [
        ("paragraph", "Anna Smith: We sold the lamp for 12 euros & more."),
        ("paragraph", "Ben: Really?"),
        ("paragraph", "(applause)"),
    ]
    lamp = find(parsed, "lamp")
    assert lamp.locator.seconds == (1.0, 5.0)
    assert lamp.locator.lines == (9, 13)
    assert find(parsed, "applause").locator.seconds == (3600.25, 3602.0)
    assert [(each.text, each.reason) for each in parsed.hidden] == [("made by hand", "comment")]


def test_srt(parse) -> None:
    parsed = parse(SRT, "film.srt")
    assert outline(parsed) == [("paragraph", "First line second line ends here.")]
    assert parsed.blocks[0].locator.seconds == (1.0, 4.0)
    assert parsed.media_type == "application/x-subrip"


def test_paragraphs_end_with_sentences_and_pauses(parse) -> None:
    cues = [
        f"{n}\n00:00:{n:02},000 --> 00:00:{n + 1:02},000\nThis is sentence number {n} of a long talk.\n"
        for n in range(40)
    ]
    cues.append("99\n00:01:30,000 --> 00:01:31,000\nAfter a pause.\n")
    parsed = parse("\n".join(cues), "talk.srt")
    texts = [text for _, text in outline(parsed)]
    assert texts[-1] == "After a pause."
    assert len(texts) > 5
    assert all(200 <= len(text) <= 600 and text.endswith(".") for text in texts[:-2])
    assert " ".join(texts).count("sentence number") == 40


def test_captions_that_roll_up_are_said_once(parse) -> None:
    rolling = (
        "WEBVTT\n\n00:00.000 --> 00:02.000\nwe begin\n\n00:02.000 --> 00:02.010\nwe begin\n\n"
        "00:02.010 --> 00:04.000\nwe begin\nwith the lamp\n\n00:04.000 --> 00:06.000\nwith the lamp\nof my aunt\n"
    )
    assert outline(parse(rolling, "live.vtt")) == [("paragraph", "we begin with the lamp of my aunt")]


def test_a_file_without_times_is_text(parse) -> None:
    parsed = parse("just a few words\n", "notes.srt")
    assert outline(parsed) == [("paragraph", "just a few words")]
    assert "plain text" in parsed.notes[0]
