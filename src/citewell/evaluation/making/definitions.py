"""Questions about what a term means: from sentences that define one, and from glossaries."""

from __future__ import annotations

import re
from collections.abc import Iterator

from citewell.evaluation.making.clauses import is_subject
from citewell.evaluation.making.drafts import Draft, Material, plain
from citewell.evaluation.making.reading import sentences_of

_TERM = r"(?P<term>[\w“\"'(][\w ./&()'’“”\"+-]{1,60}?)"
_MEANS = re.compile(
    rf"{_TERM} (?:means|refers to|stands for|is defined as|are defined as|denotes) (?P<meaning>.{{15,}})"
)
_IS = re.compile(rf"{_TERM} (?P<be>is|are) (?P<meaning>(?:an?|the|any|one of) .{{20,}})")
_GLOSSARY = re.compile(
    r"(?P<term>[^\W\d_][\w ./&()'’+-]{1,50}?)(?: [-–—] |: )(?P<meaning>(?:an?|the|any|one|when|what|how) .{15,})"
)
_GLOSSARY_TITLE = re.compile(r"(?i)glossar|definition|terms|abbreviation|acronym|vocabulary|begriff|lexi")

_NO_TERM = re.compile(
    r"(?i)(?:the )?(?:this|that|these|those|it|they|he|she|we|you|there|here|what|which|who|where|when|how|why|if|note|"
    r"example|following|result|reason|purpose|goal|aim|first|second|third|next|last|other|another|same|only|best|most|"
    r"one|each|every|all|any|some|such|both|either|neither|and|or|but|as|in|on|at|for|with|from|to|your|our|their|its|"
    r"his|her|my|below|above|also|answer|problem|issue|change|idea|main|key|important|using|including|having|being|"
    r"making|doing|getting|[A-Z]?[a-z]+ing (?:the|a|an|your|in|with|for|on|up|out|[a-z]+ (?:is|in|with|for))|goals?|"
    r"options?|pending|consider|think|remember|please)\b.*"
)
_VERBAL = re.compile(
    r"(?i)\b(?:is|are|was|were|be|been|has|have|had|do|does|did|can|could|may|might|must|shall|should|will|would|that|"
    r"which|who|if|because|not|when|where|while|you|we|they)\b"
)


_OPINION = re.compile(
    r"(?i)(?:an?|the|one of the|one of our|one of many|any)(?: (?:very|really|most|extremely|more))? (?:good|great|"
    r"helpful|powerful|useful|valuable|important|excellent|common|big|huge|nice|best|better|longer|closest|same|only|"
    r"first|second|last|most|one|key|essential|critical|crucial|perfect|fantastic|wonderful|simple|easy|easiest|major|"
    r"main|significant|clear|sign|must|lot|bit|few|little|part|result|matter|privilege|priority|responsibility|"
    r"requirement|challenge|difficult|hard|integral|vital|default|leading|ideal|case|case of|following|right|way|"
    r"ones?)\b"
)
"""What praises, compares or points elsewhere, and does not say what a thing is."""


_ARTICLE = re.compile(r"(The|A|An) ")


def definition_drafts(given: Material) -> Iterator[Draft]:
    """English sentences ``X means …`` and ``X is a …``; in a glossary also ``X - a …``."""
    if not given.english:
        return
    for block, span, sentence in sentences_of(given):
        in_glossary = any(_GLOSSARY_TITLE.search(each) for each in (*block.heading_path, given.document.title))
        found = _MEANS.fullmatch(sentence.rstrip("."))
        rule = "definition: X means …"
        if not found and in_glossary and span[0] == block.span[0]:
            found, rule = _GLOSSARY.fullmatch(sentence.rstrip(".")), "definition: entry of a glossary"
        if not found:
            found, rule = _IS.fullmatch(sentence.rstrip(".")), "definition: X is a …"
        if not found or not _is_term(found["term"]) or len(found["meaning"].split()) > 60:
            continue
        if rule.endswith("is a …") and (_OPINION.match(found["meaning"]) or not is_subject(found["term"])):
            continue
        term = found["term"].strip(" “”\"'").split(" - ")[0]
        bare = _ARTICLE.sub("", term)
        if rule.endswith("is a …"):
            if not _telling(bare):
                continue
            article = _ARTICLE.match(term)
            question = f"What {found['be']} {article[0].lower() + bare if article else _in_sentence(bare)}?"
        else:
            question = given.phrases.means.format(term=bare)
        yield Draft(
            question, given.named(question), (plain(found["meaning"]),), span, "definition", rule,
            keys=bare, about=bare,
            alone=in_glossary or (_telling(bare) if rule.endswith("…") and "means" in rule else _is_name(bare)),
        )  # fmt: skip


def _is_term(term: str) -> bool:
    return (
        not _NO_TERM.fullmatch(term)
        and not _VERBAL.search(term)
        and len(term.split()) <= 6
        and term.count("(") == term.count(")")
    )


def _telling(term: str) -> bool:
    """Whether the term names something by itself: it has a capital, a digit or a hyphen after its first letter, or it
    is of several words."""
    return any(each.isupper() or each.isdigit() for each in term[1:]) or len(term.split()) > 1


def _is_name(term: str) -> bool:
    """Whether the term means the same wherever it is asked: a word of it has a capital inside or a digit."""
    words = term.split()
    return any(word[:1].isupper() for word in words[1:]) or any(e.isupper() or e.isdigit() for e in words[0][1:])


def _in_sentence(term: str) -> str:
    """The term as it follows "What is": as it is written, or small when only the sentence's start made it large."""
    words = term.split()
    inner = any(each.isupper() for each in words[0][1:]) or "'" in words[0] or "’" in words[0]
    named = inner or any(word[:1].isupper() for word in words[1:])
    return term if named or term.isupper() or any(each.isdigit() for each in term) else term[:1].lower() + term[1:]
