"""The words of questions, by language: only what can be said without knowing grammar of the words that are put in.

English has rules of its own in :mod:`citewell.evaluation.making.statements`. A language that is not here gets gap
questions without any words of ours.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Phrases:
    """Templates of one language; an empty one means that the question cannot be asked in it.

    cell: of a table, by row and column. field: a named value of a document. says: what a document says about a
    heading. means: a definition. gap: a sentence with a hole. inside: how a document's name is added.
    """

    language: str
    cell: str = ""
    field: str = ""
    says: str = ""
    means: str = ""
    gap: str = "“{text}”"
    inside: str = ""

    def within(self, question: str, name: str) -> str:
        """``question`` with the document's name; the same when the language has no words for it."""
        if not self.inside:
            return f"{name}: {question}"
        return self.inside.format(question=question.removesuffix("?").rstrip(), name=name)


_ALL = (
    Phrases(
        "en",
        cell="What is the {column} for {row}?",
        field="What is the {field} of {name}?",
        says="What does {name} say about {heading}?",
        means="What does “{term}” mean?",
        gap="What is missing here: “{text}”?",
        inside="{question}, according to {name}?",
    ),
    Phrases(
        "de",
        cell="Was steht bei „{row}“ unter „{column}“?",
        field="Was ist in {name} als „{field}“ angegeben?",
        says="Was steht in {name} über „{heading}“?",
        means="Was bedeutet „{term}“?",
        gap="Was fehlt hier: „{text}“?",
        inside="{question} (in {name})?",
    ),
    Phrases(
        "fr",
        cell="Quelle est la valeur de « {column} » pour « {row} » ?",
        field="Quelle est la valeur de « {field} » dans {name} ?",
        says="Que dit {name} au sujet de « {heading} » ?",
        means="Que signifie « {term} » ?",
        gap="Que manque-t-il ici : « {text} » ?",
        inside="{question} (dans {name}) ?",
    ),
    Phrases(
        "es",
        cell="¿Cuál es el valor de «{column}» para «{row}»?",
        field="¿Cuál es el valor de «{field}» en {name}?",
        says="¿Qué dice {name} sobre «{heading}»?",
        means="¿Qué significa «{term}»?",
        gap="¿Qué falta aquí: «{text}»?",
        inside="{question} (en {name})?",
    ),
    Phrases(
        "it",
        cell="Qual è il valore di «{column}» per «{row}»?",
        field="Qual è il valore di «{field}» in {name}?",
        says="Che cosa dice {name} a proposito di «{heading}»?",
        means="Che cosa significa «{term}»?",
        gap="Che cosa manca qui: «{text}»?",
        inside="{question} (in {name})?",
    ),
    Phrases(
        "pt",
        cell="Qual é o valor de «{column}» para «{row}»?",
        field="Qual é o valor de «{field}» em {name}?",
        says="O que diz {name} sobre «{heading}»?",
        means="O que significa «{term}»?",
        gap="O que falta aqui: «{text}»?",
        inside="{question} (em {name})?",
    ),
    Phrases(
        "nl",
        cell="Wat staat er bij “{row}” onder “{column}”?",
        field="Wat is in {name} de waarde van “{field}”?",
        says="Wat zegt {name} over “{heading}”?",
        means="Wat betekent “{term}”?",
        gap="Wat ontbreekt hier: “{text}”?",
        inside="{question} (in {name})?",
    ),
)
_BY_LANGUAGE = {each.language: each for each in _ALL}


def phrases_for(language: str) -> Phrases:
    """The words for ``language`` (ISO 639-1); an unknown language of a table or of code counts as English."""
    code = language.split("-", maxsplit=1)[0].lower()
    return _BY_LANGUAGE.get(code) or (_BY_LANGUAGE["en"] if not code else Phrases(code))
