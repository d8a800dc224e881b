"""English sentences as subject, verb and rest, by word lists alone; whatever is not plainly of that form is given up.

No grammar library is used: a made question that reads wrongly costs more trust than ten that were not made.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

AUXILIARIES = "is|are|was|were|can|may|must|should|will|shall|cannot"

PRESENT = {
    "takes": "take", "lasts": "last", "costs": "cost", "needs": "need", "contains": "contain", "requires": "require",
    "has": "have", "holds": "hold", "weighs": "weigh", "receives": "receive", "earns": "earn", "covers": "cover",
    "pays": "pay", "provides": "provide", "employs": "employ", "includes": "include", "allows": "allow",
    "measures": "measure", "offers": "offer", "keeps": "keep", "gives": "give", "gets": "get", "stores": "store",
    "expires": "expire", "runs": "run", "starts": "start", "ends": "end", "begins": "begin", "uses": "use",
    "supports": "support", "sends": "send", "remains": "remain", "applies": "apply", "consists": "consist",
    "comprises": "comprise", "serves": "serve", "produces": "produce", "charges": "charge", "means": "mean",
    "becomes": "become", "works": "work", "stays": "stay", "decides": "decide", "repairs": "repair", "bears": "bear",
    "ensures": "ensure", "carries": "carry", "continues": "continue", "informs": "inform", "appears": "appear",
    "opens": "open", "closes": "close", "waits": "wait", "returns": "return", "writes": "write", "reads": "read",
}  # fmt: skip
PAST = {
    "took": "take", "lasted": "last", "cost": "cost", "needed": "need", "contained": "contain", "required": "require",
    "had": "have", "held": "hold", "weighed": "weigh", "received": "receive", "earned": "earn", "covered": "cover",
    "paid": "pay", "lost": "lose", "sold": "sell", "bought": "buy", "grew": "grow", "rose": "rise", "fell": "fall",
    "reached": "reach", "increased": "increase", "decreased": "decrease", "started": "start", "ended": "end",
    "began": "begin", "accepted": "accept", "agreed": "agree", "decided": "decide", "signed": "sign",
    "moved": "move", "opened": "open", "closed": "close", "joined": "join", "left": "leave", "became": "become",
    "won": "win", "founded": "found", "published": "publish", "released": "release", "approved": "approve",
    "employed": "employ", "made": "make", "used": "use", "gave": "give", "got": "get", "found": "find",
    "measured": "measure", "returned": "return", "visited": "visit", "introduced": "introduce", "sent": "send",
}  # fmt: skip
BASE = frozenset({*PRESENT.values(), *PAST.values()})

_START = re.compile(r"(?:The|A|An|All|Each|Every|Your|Our|You|We|[A-Z][\w'’.&/-]*|[a-z]+[A-Z_]\w*)\b")
_NO_SUBJECT = re.compile(
    r"(?i)\b(?:that|which|who|whom|whose|where|if|when|because|while|although|though|unless|until|whether|this|these|"
    r"those|it|its|they|their|them|he|his|him|she|her|there|here|what|how|why|or|not|also|then|however|therefore|so|"
    r"but|than|as|such|both|either|neither|others?|latter|former|respective|same|following|above|below|another|note|"
    r"example|would|could|might|have|has|had|been|do|does|did|for|in|on|at|to|by|from|after|before|during|since|with|"
    r"please|next|once|is|are|was|were|be)\b"
)
_INSIDE = re.compile(r"(?i)\b(?:of|for|in|on|at|to|by|from|with)\b")
_FIRST_NO = re.compile(
    r"(?i)(?:for|in|on|at|to|by|from|after|before|during|since|with|as|then|between|under|without|within|about|through|"
    r"over|among|across|against|despite|beyond|pending|until|per|via|like|unlike|everything|everyone|everybody|anyone|"
    r"anything|nothing|someone|something|somebody|nobody|none|many|some|most|few|several|more|much|only|just|even|"
    r"and|but|or|elsewhere|\w+ly|yes|no|now|today|again|still|ideally|often|sometimes|usually|depending|based|given)\b"
)
_VERB = re.compile(rf"\b(?P<verb>{AUXILIARIES}|{'|'.join((*PRESENT, *PAST))})\b")
_CUT = re.compile(
    r"(?:;| [-–—]+ |: |, (?:and|but|which|who|so|because|unless|except|although|while|whereas|where|if|when|or|not|"
    r"then|however|provided|including|otherwise)\b| (?:but|because|unless|although|whereas|provided that|so that|"
    r"and (?:the|it|you|we|they|is|are|was|were|will|must|may|can|should|a|an|that|this))\b).*$"
)
LONGEST_SUBJECT = 10  # words


@dataclass(frozen=True, slots=True)
class Clause:
    """``subject`` ``verb`` ``rest``; rest ends where the clause does. whole: whether nothing came after it."""

    subject: str
    verb: str
    rest: str
    whole: bool

    @property
    def auxiliary(self) -> bool:
        return self.verb in AUXILIARIES.split("|")

    def asked(self, rest: str) -> str:
        """Subject and verb turned round, as after a question word: ``is the key valid``, ``does the queue take``."""
        subject = in_sentence(self.subject)
        if self.verb in {"are", "were"} and " " not in subject and subject[1:].islower() and subject.endswith("s"):
            subject = subject.lower()  # "Readings are": no name, or it would be "is"
        verb = "can" if self.verb == "cannot" else self.verb
        if self.auxiliary:
            return f"{verb} {subject} {rest}".strip()
        if self.verb in PRESENT:
            return f"does {subject} {PRESENT[verb]} {rest}".strip()
        if self.verb in PAST and not (self.verb in BASE and self.subject in {"You", "We", "you", "we"}):
            return f"did {subject} {PAST[verb]} {rest}".strip()
        return f"do {subject} {verb} {rest}".strip()


_PERFECT = re.compile(
    r" (?:\w+ )?(?:been|\w+ed|grown|become|made|taken|given|shown|seen|had|gone|come|written|found|got|become)\b"
)


def clause_of(sentence: str) -> Clause | None:
    """The first clause of a sentence, if it has a plain subject and a verb from the lists."""
    text = sentence.rstrip(".!").strip()
    text = re.sub(r"\s*\([^()]*\)", "", text)
    text = _without_lead(text)
    if not _START.match(text):
        return None
    found = _VERB.search(text)
    plural = re.match(r"(?P<subject>You|We) (?P<verb>[a-z]+)\b", text)
    if plural and plural["verb"] in BASE:
        subject, verb, rest = plural["subject"], plural["verb"], text[plural.end() :]
    elif found:
        subject, verb, rest = text[: found.start()].strip(), found["verb"], text[found.end() :]
    else:
        return None
    if not is_subject(subject):
        return None
    if verb in PAST and re.match(r" (?:by|in order)\b", rest):
        return None  # a participle: "the form signed by …"
    if verb in {"has", "had", "have"} and _PERFECT.match(rest):
        return None
    cut = _CUT.sub("", rest).strip().rstrip(",")
    return Clause(subject, verb, cut, cut == rest.strip()) if cut else None


def _without_lead(text: str) -> str:
    """Without a short adverbial before the subject ("In general, …"); conditions are left, they change the meaning."""
    lead = re.match(
        r"(?:Generally|Usually|Normally|Currently|Typically|In general|In total|In addition|Also|At present), ", text
    )
    if not lead:
        return text
    rest = text[lead.end() :]
    return rest[:1].upper() + rest[1:]


def is_subject(subject: str) -> bool:
    """Whether this can be what a sentence is about: a plain noun phrase, as far as word lists can tell."""
    words = subject.split()
    if not 0 < len(words) <= LONGEST_SUBJECT or " - " in subject or "," in subject or ":" in subject or '"' in subject:
        return False
    if _FIRST_NO.match(subject) or (
        len(words) == 1 and words[0] in {"The", "A", "An", "All", "Each", "Every", "Our", "Your"}
    ):
        return False
    if words[-1].lower() in {"and", "the", "a", "of", "for", "in", "to", "only", "usually", "already", "still"}:
        return False
    return not _NO_SUBJECT.search(_INSIDE.sub(" ", subject))


_NUMBERS = frozenset("two three four five six seven eight nine ten twelve twenty thirty forty fifty".split())  # noqa: SIM905
_COMMON = frozenset("Leave Support Access Overtime Travel Coverage Work Time Space Food Data Pay Staff Water".split())  # noqa: SIM905
_STARTERS = re.compile(r"^(?:The|A|An|All|Each|Every|Your|Our|You|We|Any|Some|No|Most|Both|One|New|Paid|Only)\b")


def in_sentence(subject: str) -> str:
    """The subject with a small first letter where only the sentence's start made it large."""
    if _STARTERS.match(subject):
        return subject[:1].lower() + subject[1:]
    first, *others = subject.split()
    if subject in _COMMON:
        return subject.lower()
    if first[1:].islower() and (first.endswith("ing") or first.split("-")[0].lower() in _NUMBERS):
        return subject[:1].lower() + subject[1:]
    plain = first[1:].islower() and first.replace("-", "").isalpha()
    common = plain and others and not others[0][:1].isupper()
    suffix = re.search(r"(?:ing|tion|ment|ance|ence|ness|ity|ees|ers|ions|ments|ies)$", first)
    return subject[:1].lower() + subject[1:] if common or (plain and not others and suffix) else subject
