"""Says what evidence says in slightly other words, so that a verifier does not learn that support is copying.

Rules for English that keep a sentence true: less of it, its parts in another order, another word for the same thing, a
name for "he" or "it", a question and its answer put together as a statement. Each is plain and small; where a rule does
not fit, nothing is made.
"""

from __future__ import annotations

import re
from random import Random

_OPENING = re.compile(
    r"^((?:In|On|At|During|After|Since|By|From|Until|Throughout|Within) (?:[^,;:()]{3,40}))(?<!\bpart), (?=\w)"
)
_DATED_END = re.compile(
    r"^(?!(?:In|On|At|By|After|Before|Since|From) )(.{20,}[a-z]) (in (?:[A-Z][a-z]+ )?(?:1\d|20)\d\d)\.$"
)
_CLAUSES = re.compile(r"[,;:]|\b(?:who|which|that|when|where|after|before|since|until|while|if|as)\b")
_BRACKETS = re.compile(r"\s*\([^()]*\)")
_ASIDE = re.compile(
    r"(?<=\w), (?:which|who|whose|where|including|such as|especially|known as)\b[^,;:]{5,90},(?= [a-z])"
)
_APPOSITION = re.compile(r"^((?:[A-Z][\w'’.-]*)(?: [A-Z][\w'’.-]*){0,4}), ((?:a|an|the) [^,;:]{5,70}), (?=[a-z])")
_TAIL = re.compile(
    r"^(.{25,}?)(?:, (?:which|where|who|although|though|while|whereas|but|and|so|making|leading|including)\b"
    r"|; ).{10,}\.$"
)
_FILLER = re.compile(
    r"(?:^(?:However|Moreover|Furthermore|Additionally|In addition|Also|Therefore|Thus|Meanwhile|Nevertheless|Indeed|"
    r"For example|For instance|As a result|Finally|Similarly|In fact|Still|Then), )|(?<=\w),? (?:also|however|"
    r"therefore|thus|indeed|then|furthermore|in turn|for example|for instance),?(?= \w)"
)
_DIGITS = re.compile(r"\b(\d{1,3}),(\d{3})\b(?![,.]\d)")
_PRONOUN = re.compile(r"^(?:He|She|It)(?= (?:was|is|had|has|became|served|made|\w+ed)\b)")
_OWNING = re.compile(r"^(?:His|Her|Its)(?= [a-z])")

_SAME = """approximately=about; approximately=around; began=started; begin=start; begins=starts; received=got;
film=movie; purchased=bought; assist=help; obtained=got; located=situated; located=found; large=big; numerous=many;
commenced=began; attempted=tried; constructed=built; demonstrated=showed; additional=further;
currently=now; frequently=often; primarily=mainly; mainly=mostly; requires=needs; required=needed;
require=need; utilizes=uses; utilized=used; utilize=use; although=though; nearly=almost;
sufficient=enough; residents=inhabitants; children=kids; area=region; founded=established; ended=finished;
purpose=aim; died=passed away; wife=spouse; husband=spouse; killed=slain; specifies=states; specify=state;
returns=gives back; gets=retrieves; displays=shows; display=show; creates=makes; contains=holds; contain=hold;
deletes=removes; modify=change; modifies=changes; permits=allows; ensures=makes sure; enables=allows; allows=lets;
prior to=before; due to=because of; in order to=to; as well as=and; such as=like; a number of=several; percent=%;
two=2; three=3; four=4; five=5; six=6; seven=7; eight=8; nine=9; ten=10; twelve=12; United States=US; U.S.=US;
United Kingdom=UK; for example=for instance; has been=was; author=writer; physician=doctor;
difficult=hard; rapidly=quickly; annually=every year; entire=whole; occurred=happened;
occurs=happens; remained=stayed; chose=selected; selected=chosen; appointed=named; resides=lives; resided=lived"""
_OTHER_WORDS = [(re.compile(rf"(?<![\w-]){re.escape(old)}(?![\w-])"), new) for old, new in (
    each.strip().split("=") for each in _SAME.split(";")
)]  # fmt: skip

_AUXILIARIES = "is|was|are|were|can|could|will|would|should|has|had|have|does|did|do|may|might|must"
_ACTS = (
    r"(?:\w{2,}ed|took|won|led|gave|beat|became|made|wrote|told|sold|built|held|found|began|brought|came|drew|fought|"
    r"got|grew|kept|knew|lost|met|ran|said|saw|sent|set|spoke|taught|thought|went)"
)
_DONE = r"(?:\w{2,}ed|known|made|built|held|found|given|written|sold|born|seen|taken|led|shown|brought|sent|set)"
_KIND = rf"(?:(?!(?:{_AUXILIARIES})\b)[a-z-]+ ){{0,2}}(?!(?:{_AUXILIARIES}|of|often|also|first|his|her|its)\b)[a-z-]+"
_WHO = re.compile(rf"^(?:Who|What) ({_ACTS} .+)\?$|^Who (\w{{3,}}s .+)\?$")
_WHICH = re.compile(rf"^(?:What|Which) ({_KIND}) ({_ACTS} .+)\?$")
_WHICH_IS = re.compile(rf"^(?:What|Which) ({_KIND}) (is|was|are|were) ({_DONE} .+)\?$")
_WHAT_IS = re.compile(
    r"^(?:What|Who) (is|was|are|were) (the (?:[\w'’-]+ ){1,5}of (?:the )?(?:[\w'’-]+ ?){1,4}|[A-Z][\w'’-]*(?:'s|’s)"
    r" (?:[a-z-]+ ?){1,3})\?$"
)
_SUBJECT = r"((?:the )?(?:[A-Z][\w'’.-]*)(?: [A-Z][\w'’.-]*){0,3})"
_WHAT_IN = re.compile(rf"^(?:In what|In which|What|During what) year did {_SUBJECT} ([a-z].+)\?$")
_WHEN = re.compile(rf"^When (was|were|did) {_SUBJECT} ([a-z].+)\?$")
_HOW_MANY = re.compile(rf"^How many ({_KIND}) (?!(?:did|do|does)\b)((?:{_AUXILIARIES}|{_ACTS}) (?!there\b).+)\?$")
_YEAR = re.compile(r"^(?:1\d|20)\d\d$")


def reworded(sentence: str, random: Random, *, name: str = "", steps: int = 2) -> str:
    """``sentence`` after up to ``steps`` of the rules that fit; as it is when none does.

    name: what "he", "she" or "it" at its beginning stands for, when that is known.
    """
    rules = [_shorter, _without_brackets, _without_aside, _without_filler, _moved, _other_words, _digits, _described]
    done = 0
    if name and (_PRONOUN.match(sentence) or _OWNING.match(sentence)):
        sentence = _OWNING.sub(f"{name}'s", _PRONOUN.sub(name, sentence))
        done = 1
    for rule in random.sample(rules, len(rules)):
        if done >= steps:
            break
        made = rule(sentence, random)
        if made != sentence and len(made.split()) >= 4:
            sentence, done = made, done + 1
    return sentence


def statement(question: str, answer: str) -> str:
    """A question and its answer as one statement; empty when no rule fits the question."""
    question, answer = " ".join(question.split()), answer.strip().rstrip(".")
    made = (rule(question, answer) for rule in (_of_what, _of_year, _of_when, _of_number, _of_which, _of_who))
    return next(filter(None, made), "")


def _of_what(question: str, answer: str) -> str:
    match = _WHAT_IS.match(question)
    if not match or re.search(r"\b(?:called|named|known|used)\b", question):
        return ""
    return f"{_capital(match[2].strip())} {match[1]} {answer}."


def _of_year(question: str, answer: str) -> str:
    match = _WHAT_IN.match(question)
    return f"{_capital(match[1])} did {match[2]} in {answer}." if match and _YEAR.match(answer) else ""


def _of_when(question: str, answer: str) -> str:
    match = _WHEN.match(question)
    if not match or not re.search(r"\d", answer):
        return ""
    has_day = re.search(r"\d [A-Z]|[A-Z]\w+ \d", answer) and not _YEAR.match(answer)
    placed = re.match(r"(?:in|on|at|by|after|before|during|from|since|around)\b", answer)
    return f"{_capital(match[2])} {match[1]} {match[3]} {'' if placed else 'on ' if has_day else 'in '}{answer}."


def _of_number(question: str, answer: str) -> str:
    match = _HOW_MANY.match(question)
    if not match or not re.search(r"\d|\b(?:two|three|four|five|six|ten)\b", answer):
        return ""
    return f"{_capital(answer)} {'' if answer.endswith(match[1]) else match[1] + ' '}{match[2]}."


def _of_which(question: str, answer: str) -> str:
    if match := _WHICH.match(question):
        return f"{_capital(answer)} is the {match[1]} that {match[2]}."
    if match := _WHICH_IS.match(question):
        return f"{_capital(answer)} {match[2]} the {match[1]} that {match[2]} {match[3]}."
    return ""


def _of_who(question: str, answer: str) -> str:
    match = _WHO.match(question)
    return f"{_capital(answer)} {match[1] or match[2]}." if match else ""


def _shorter(sentence: str, random: Random) -> str:
    match = _TAIL.match(sentence)
    depends = re.match(r"(?:If|When|Although|While|Unless|Because)\b", sentence)
    return f"{match[1]}." if match and not depends else sentence


def _without_brackets(sentence: str, random: Random) -> str:
    return _BRACKETS.sub("", sentence)


def _without_aside(sentence: str, random: Random) -> str:
    return _ASIDE.sub("", sentence, count=1)


def _without_filler(sentence: str, random: Random) -> str:
    return _capital(_FILLER.sub("", sentence))


def _moved(sentence: str, random: Random) -> str:
    """From "In 1990, it closed." to "It closed in 1990." or back; not where the time may belong to another clause."""
    if (match := _OPENING.match(sentence)) and sentence.endswith(".") and not _CLAUSES.search(sentence, match.end()):
        return f"{_capital(sentence[match.end() : -1])} {match[1][0].lower()}{match[1][1:]}."
    if (match := _DATED_END.match(sentence)) and not _CLAUSES.search(match[1]):
        body = match[1]
        opens = re.match(r"(?:The|A|An|It|He|She|They|This|These|His|Her|Its|Their|There|With|When|Both|Many)\b", body)
        return f"{_capital(match[2])}, {body[0].lower() + body[1:] if opens else body}."
    return sentence


def _other_words(sentence: str, random: Random) -> str:
    fit = [(pattern, new) for pattern, new in _OTHER_WORDS if pattern.search(sentence)]
    for pattern, new in random.sample(fit, min(len(fit), 3)):
        sentence = pattern.sub(new, sentence, count=1)
    return sentence


def _digits(sentence: str, random: Random) -> str:
    return _DIGITS.sub(r"\1\2", sentence)


def _described(sentence: str, random: Random) -> str:
    """ "Ada Byron, an English writer, was born in London." says that she was an English writer."""
    match = _APPOSITION.match(sentence)
    if not match:
        return sentence
    if random.random() < 0.5:
        return f"{match[1]} {sentence[match.end() :]}"
    return f"{match[1]} {'was' if re.search(r' (?:was|were|had|died) ', sentence) else 'is'} {match[2]}."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
