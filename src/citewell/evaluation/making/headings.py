"""Questions from headings: those that ask, those that say how to do something, and what stands below others."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from citewell.evaluation.making.drafts import Draft, Material, lower_first, plain
from citewell.records import Block, Span

MOST_CHARACTERS = 900
"""Of a gold: the first blocks of a section up to this size. More would be found by nearly any passage of it."""

_NUMBERING = re.compile(
    r"^(?:(?:section|chapter|part|annex|appendix|step) )?"
    r"(?:\d+(?:\.\d+)*[.):]?|[A-Z](?:\.\d+)+[.)]?|[A-Z][.)]|[IVX]+[.)])\s+",
    re.IGNORECASE,
)
_FIGURE = re.compile(r"[$€£/]|\d{3}")
_QUESTION = re.compile(
    r"(?i)^(?:who|whom|whose|what|which|when|where|why|how|is|are|am|can|could|may|must|should|do|does|did|"
    r"will)\b.{6,}\?$"
)
_HOW = re.compile(r"(?i)^how (?:to|do I|do you|can I) (?P<what>[a-z].{4,})$")
_DO = re.compile(
    r"(?:Add|Ask|Attach|Book|Build|Calculate|Change|Check|Choose|Clean|Close|Collect|Complete|Configure|Connect|"
    r"Contact|Create|Decide|Define|Delete|Donate|Download|Edit|Enable|Ensure|Enter|Export|File|Fill|Find|Fix|Get|Give|"
    r"Identify|Import|Install|Join|Log|Make|Measure|Move|Open|Order|Pay|Prepare|Print|Protect|Publish|Read|Record|"
    r"Register|Remove|Renew|Repair|Replace|Report|Request|Reset|Restart|Return|Review|Run|Save|Schedule|Select|Send|"
    r"Set|Share|Sign|Start|Stop|Store|Submit|Switch|Take|Test|Track|Turn|Update|Upgrade|Upload|Use|Verify|"
    r"Write) (?:the|a|an|your|all|any|in|on|up|out|off|for|to|new|with|from|between)\b.{3,}|(?!For|In|On|At|After|"
    r"Before|During|About|With|From|To|If|When|Is|Are|What|How|All|Under|Of|By|As|Over|Who|Why|Where|Which|Do|Does|Can|"
    r"Not|And|Or|Only|\w+ing\b|\w+ed\b)[A-Z][a-z]+ (?:the|your) .{3,}"
)
_VERB_FIRST = re.compile(
    r"(?i)(?:work|use|collaborate|build|respect|respectfully|proactively|be|do|get|make|take|keep|give|find|learn|know|"
    r"think|ask|add|create|choose|check|submit|request|review|report|manage|plan|prepare|set|start|stop|try|understand|"
    r"write|read|consider|provide|ensure|include|include|maintain|avoid|don't|never|always|complete|fill|send|sign|"
    r"donate|update|upload|download|install|log|open|close|select|enter|apply|book|order|pay|contact|see|view|go|help|"
    r"join|fix|correct|roll|troubleshoot|examine|explore|share|identify|prepare|protect|test)\b"
)
_VAGUE = re.compile(r"(?i)\b(?:it|its|this|that|these|those|they|them|he|she|here|there|above|below)\b")
EMPTY = re.compile(
    r"(?i)(?:introduction|summary|overview|general(?: information)?|notes?|contents?|table of contents|details|"
    r"background|references?|resources|appendix|annex|conclusions?|miscellaneous|other|others|more|see also|links?|"
    r"questions?|faqs?|additional (?:information|resources)|further (?:information|reading)|before you (?:begin|start)|"
    r"next steps?|example[s]?|description|about|purpose|scope|steps?|procedure|instructions|what|how|why|who|when|"
    r"where|index|related (?:pages|articles|links|resources)|still have questions|need help|untitled|sheet ?\d*|"
    r"slide ?\d*|page ?\d*|action items?|(?:.* )?case studies|(?:key )?takeaways?|check ?lists?|tips?(?: .*)?|"
    r"best practices|at a glance|having trouble|getting (?:started|help)|how it works|definitions?|objectives?|goals?|"
    r"requirements|prerequisites|questions? and answers?|part \w+|thank you|contact(?: us)?|history|changelog|"
    r"change log|abstract|copyright|license|acknowledg\w+|agenda|data|results?)[.:!?]*"
)
_STEPS = re.compile(r"(?i)(?:steps?|procedure|instructions|what to do|how it works|process)[.:]?")
_ORDERED = re.compile(r"^\s*(?:\d+|[a-z])[.)]\s")


def heading_drafts(given: Material) -> Iterator[Draft]:
    """One question for each heading that is clear and unlike the others of its document."""
    blocks = given.blocks
    told = Counter(_bare(given.text(block)).casefold() for block in blocks if block.kind == "heading")
    if not given.name or "sheet" in given.document.media_type:
        return
    for place, block in enumerate(blocks):
        if block.kind != "heading":
            continue
        heading = _bare(given.text(block))
        below = _below(blocks, place)
        if told[heading.casefold()] > 1 or not below or heading.casefold() in given.name.casefold():
            continue
        span = _extent(below)
        answer = plain(given.quote(span))
        if len(answer.split()) < 4:
            continue
        yield from _asked(given, heading, below, span, answer)


def _asked(given: Material, heading: str, below: Sequence[Block], span: Span, answer: str) -> Iterator[Draft]:
    ordered = sum(bool(_ORDERED.match(given.text(each))) for each in below) >= 2
    if given.english and _QUESTION.match(heading):
        if not _VAGUE.search(heading) and not EMPTY.fullmatch(heading):
            alone = len(heading.split()) >= 6
            yield _draft(given, heading, span, answer, "heading", "heading that is a question", heading, alone=alone)
    elif given.english and (how := _HOW.match(heading)) and not _VAGUE.search(heading):
        question = f"How do you {lower_first(how['what'].rstrip('.:'))}?"
        alone = len(how["what"].split()) >= 4
        yield _draft(given, question, span, answer, "how-to", "heading 'How to …'", how["what"], alone=alone)
    elif given.english and _DO.match(heading):
        if not _VAGUE.search(heading):
            question = f"How do you {lower_first(heading.rstrip('.:'))}?"
            alone = len(heading.split()) >= 5
            yield _draft(
                given, question, span, answer, "how-to", "heading that tells to do something", heading, alone=alone
            )
    elif given.english and ordered and _STEPS.fullmatch(heading):
        question = f"What are the steps described in {given.name}?"
        yield _draft(given, question, span, answer, "how-to", "ordered list below a heading", given.name, question)
    elif _clear(given, heading):
        question = given.phrases.says.format(name=given.name, heading=_inside(given, heading))
        rule = "heading with a list" if any(each.kind == "list_item" for each in below) else "heading with text"
        yield _draft(given, question, span, answer, "heading", rule, heading, question)


def _clear(given: Material, heading: str) -> bool:
    """Whether the heading says by itself what its section is about."""
    words = heading.split()
    return bool(
        given.phrases.says and 2 <= len(words) <= 9 and not EMPTY.fullmatch(heading) and heading[:1].isalpha()
        and not (given.english and (_VAGUE.search(heading) or _VERB_FIRST.match(heading)))
        and not heading.endswith(("?", "!", ",")) and not _FIGURE.search(heading)
        and not re.search(r"(?i)\b(?:you|your|we|our|I|my|let's)\b|[>|=]", heading)
        and not re.match(
            r"(?i)(?:if|when|how|what|why|who|where|which|do|don't|for|to|in|on|at|is|are|can|from|with|about|by|"
            r"after|before|during|without|between|as|of)\b", heading
        )
    )  # fmt: skip


def _inside(given: Material, heading: str) -> str:
    """The heading in a sentence: quoted where the language's template does it, else with a small first letter."""
    heading = heading.rstrip(".:")
    capitals = sum(word[:1].isupper() for word in heading.split()[1:]) or ":" in heading
    return f"“{heading}”" if given.english and capitals else lower_first(heading) if given.english else heading


def _bare(text: str) -> str:
    return _NUMBERING.sub("", plain(text))


def _below(blocks: Sequence[Block], place: int) -> list[Block]:
    """The blocks under the heading at ``place``, up to the next heading and to :data:`MOST_CHARACTERS`."""
    found: list[Block] = []
    for block in blocks[place + 1 :]:
        size = block.span[1] - (found[0].span[0] if found else block.span[0])
        if block.kind in {"heading", "title", "code"} or (found and size > MOST_CHARACTERS):
            break
        found.append(block)
        if size > MOST_CHARACTERS:
            break
    return [] if any(each.kind.startswith("table") for each in found[:1]) else found


def _extent(below: Sequence[Block]) -> Span:
    """From the first block to the last that is no table."""
    prose = [block for block in below if not block.kind.startswith("table")]
    return prose[0].span[0], prose[-1].span[1]


def _draft(
    given: Material, question: str, span: Span, answer: str, kind: str, rule: str, keys: str, named: str = "",
    *, alone: bool = True,
) -> Draft:  # fmt: skip
    """named: the question when it holds the document's name already."""
    vague = not alone or bool(named)
    return Draft(
        question, named or given.named(question), (answer,), span, kind, rule, keys=
            f"{keys} {given.name}" if named else keys,
        alone=not vague, about=given.name, asked=keys if named else "",
    )  # fmt: skip
