"""The documents match the code: references, links, names, numbers, examples."""

from __future__ import annotations

import ast
import json
import re
import shutil
import tomllib
from pathlib import Path
from typing import Any, get_args

import pytest
from scripts import make_reference
from typer.testing import CliRunner

import citewell
from citewell.answering.read import FEATURES, PASSAGES_READ
from citewell.catalog import Source
from citewell.collection import Collection
from citewell.errors import ParseReason
from citewell.evaluation.questions import Gold, Instructions, Question
from citewell.evaluation.retrieval import RUN_DOCUMENTS, RetrievalReport
from citewell.evaluation.runs import Figure, Result, Run
from citewell.evaluation.statistics import RESAMPLES
from citewell.index import rows
from citewell.index.upkeep import VECTOR_INDEX_ROWS
from citewell.ingest import IngestReport
from citewell.parsing import builder, packages, pdf
from citewell.records import Answer, Citation, Claim, Conflict, Hit, Locator, Passage, Refusal, ShortAnswer
from citewell.samples import corpus_path, questions_path
from citewell.settings import Settings
from citewell.sources.files import SKIPPED_FOLDERS
from citewell.store import FORMAT_VERSION

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PACKAGE = ROOT / "src" / "citewell"
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
QUESTIONS = [json.loads(line) for line in questions_path().read_text("utf-8").splitlines()]
DECISIONS = sorted((DOCS / "decisions").glob("[0-9]*.md"))
LINKING = sorted({
    *PAGES,
    *(page for folder in ("src", "benchmarks", "scripts", "tests") for page in (ROOT / folder).rglob("*.md")
      if not {"corpus", "content", ".pytest_cache"} & set(page.parts)),
})  # fmt: skip
HAND_WRITTEN = [page for page in PAGES if "Made by `python -m scripts.make_reference`" not in page.read_text("utf-8")]
COMMANDS = make_reference.commands()


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def fenced(text: str, language: str) -> list[str]:
    """The code blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def without_code(text: str) -> str:
    return re.sub(r"`[^`\n]*`", "", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))


# -- references --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", make_reference.pages())
def test_generated_references_are_up_to_date(name: str) -> None:
    expected = make_reference.pages()[name]
    assert read(f"docs/reference/{name}") == expected, "make it again with:  python -m scripts.make_reference"


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_declared_options_are_those_that_help_prints(command: make_reference.Command) -> None:
    from citewell.cli.app import app

    shown = CliRunner().invoke(app, [*command.name.split(), "--help"], env={"COLUMNS": "200"}).output
    options = set(re.findall(r"(?<![\w-])--?[a-z][\w-]*", shown)) - {"--help", "-h"}
    declared = {word.strip(",") for each in command.parameters for word in each.words.split() if each.option}
    assert {word for word in declared if word.startswith("-")} == options


def test_every_command_that_help_lists_is_in_the_reference() -> None:
    from citewell.cli.app import app

    shown = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "200"}).output
    listed = re.findall(r"^ {2}([a-z]+) {2,}\S", shown.partition("Commands:")[2], re.MULTILINE)
    assert listed
    assert set(listed) == {command.name.split()[0] for command in COMMANDS}


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_command_is_explained_by_hand_somewhere(command: make_reference.Command) -> None:
    words = re.compile(rf"citewell (?:-c \S+ )?{re.escape(command.name)}\b")
    assert any(words.search(page.read_text("utf-8")) for page in HAND_WRITTEN)


def test_every_setting_is_documented_with_its_variable() -> None:
    page = read("docs/reference/settings.md")
    for stage, (_, documented) in make_reference.stages().items():
        values = getattr(Settings(), stage)
        assert [row.name for row in documented] == list(values.__dataclass_fields__)
        for row in documented:
            assert row.meaning, f"{stage}.{row.name} has no comment beside it in settings.py"
            assert f"`{row.variable}`" in page
            default = getattr(values, row.name)
            other = "other" if isinstance(default, str) else str(default + 1)
            given = Settings().with_environment({row.variable: other}, stored=False)
            assert str(getattr(getattr(given, stage), row.name)) == other, f"{row.variable} has no effect"


def test_public_names_exist_and_are_documented() -> None:
    page = read("docs/reference/python.md")
    assert sorted(citewell.__all__) == sorted({*citewell._HOMES, "__version__"})
    for name in citewell.__all__:
        assert getattr(citewell, name) is not None
        assert f"## `citewell.{name}`" in page


# -- JSON --------------------------------------------------------------------------------------------------------------


def documented_fields(marker: str, page: str = "docs/reference/json.md") -> list[str]:
    """Names in the first column of the table after ``<!-- marker -->``."""
    table = read(page).partition(f"<!-- {marker} -->\n")[2].partition("\n\n")[0]
    assert table, f"{page} has no table marked {marker}"
    return [name for line in table.splitlines()[2:] for name in re.findall(r"`(\w+)`", line.split("|")[1])]


def records() -> dict[str, dict[str, Any]]:
    """A record of each kind as JSON, every field set."""
    locator = Locator(1, ((0.0, 0.0, 1.0, 1.0),), "S", "A1", 1, (1, 2), (0.0, 1.0), "p")
    passage = Passage("i", "d", "v", "s", "/u", "t", "text", (0, 4))
    citation = Citation("i", "d", "v", "/u", "t", "text", (0, 4), locator)
    claim, conflict = Claim("text", (0,), 1.0, "supported"), Conflict("differ", (0,))
    hit, refusal = Hit(passage, 1.0, "fused"), Refusal("weak_evidence", "no")
    measured = Figure(0.5, 0.4, 0.6, 1)
    gold = Gold("d", "words", 1, (0, 5), "v", 2, "n")
    question = Question(
        "q",
        "Why?",
        ("so",),
        (gold,),
        True,
        ("point",),
        Instructions(max_words=9),
        "why",
        ("t",),
        "test",
        (),
        note="n",
        sources=("d",),
    )
    values = [
        locator, citation, claim, conflict, hit, refusal, ShortAnswer("text", 0, (0, 4)),
        Answer("q", "text", (claim,), (citation,), (hit,), 1.0, refusal, (conflict,)),
        IngestReport(Source("s", "files", "/u", "")),
        RetrievalReport("d", "test", "hybrid", "e", 1, 1, 1, 0, {"nDCG@10": measured}, {}),
        measured, gold, question, Result(question, correct_if_answered=True),
        Run("answers", "r", "", {}, {}, {}, (), {"correct": measured}),
    ]  # fmt: skip
    return {type(value).__name__: value.to_json() for value in values}


@pytest.mark.parametrize("kind", records())
def test_json_reference_lists_exactly_the_keys(kind: str) -> None:
    assert sorted(documented_fields(f"keys: {kind}")) == sorted(records()[kind])


@pytest.mark.integration
def test_json_reference_of_what_commands_print(sample_collection: Collection) -> None:
    from citewell.cli.app import app

    root = str(sample_collection.store.root)
    status = json.loads(CliRunner().invoke(app, ["-c", root, "status", "--all", "--json"]).stdout)
    assert sorted(status) == sorted(documented_fields("keys: status"))
    assert sorted(status["items"][0]) == sorted(documented_fields("keys: item"))
    found = CliRunner().invoke(app, ["-c", root, "ask", "How long is the warranty?", "--json"]).stdout
    assert sorted(json.loads(found)) == sorted(documented_fields("keys: Answer"))


def test_collection_format_lists_every_column() -> None:
    listed = documented_fields("columns", "docs/reference/collection-format.md")
    assert listed == rows.schema(3).names


def test_every_reason_for_a_failure_is_explained() -> None:
    page = read("docs/how-to/troubleshooting.md").partition("## Files that are not read")[2]
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == set(get_args(ParseReason))


# -- dependencies ------------------------------------------------------------------------------------------------------


def package_names(requirements: list[str]) -> list[str]:
    return [re.split(r"[\s<>=~!\[;]", each)[0] for each in requirements]


def test_every_direct_dependency_has_its_line_and_no_other() -> None:
    core, _, extras = read("docs/explanation/dependencies.md").partition("## Extras")
    listed = r"^\| `([\w.-]+)` \|"
    expected = package_names(PROJECT["project"]["dependencies"])
    assert sorted(re.findall(listed, core, re.MULTILINE)) == sorted(expected)
    assert len(expected) <= 25
    for extra, requirements in PROJECT["project"]["optional-dependencies"].items():
        section = extras.partition(f"citewell[{extra}]")[2].partition("`pip install")[0]
        assert sorted(re.findall(listed, section, re.MULTILINE)) == sorted(package_names(requirements)), extra


# -- pages -------------------------------------------------------------------------------------------------------------


def anchors(page: Path) -> set[str]:
    """What GitHub calls the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.M | re.S), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", LINKING, ids=name_of)
def test_links_resolve(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", without_code(page.read_text("utf-8"))):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), f"{target} does not exist"
        assert not anchor or anchor in anchors(found), f"{target}: no such heading"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_python_files_named_in_pages_exist(page: Path) -> None:
    for name in re.findall(r"`([\w./-]+/[\w-]+\.py)`", page.read_text("utf-8")):
        assert (ROOT / name).is_file() or (PACKAGE / name).is_file(), name


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_examples_parse(page: Path) -> None:
    text = page.read_text("utf-8")
    for block in fenced(text, "python"):
        ast.parse(block)
    for block in fenced(text, "toml"):
        tomllib.loads(block)


@pytest.mark.parametrize("page", DECISIONS, ids=name_of)
def test_decisions_have_their_four_parts(page: Path) -> None:
    text = page.read_text("utf-8")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == [
        "Context",
        "Options",
        "Choice",
        "What would change our mind",
    ]
    assert text.startswith(f"# {int(page.name[:4])}. ")
    assert f"]({page.name})" in read("docs/decisions/README.md")


def test_every_page_is_linked_from_the_readme_or_the_index_of_decisions() -> None:
    linked = {
        (page.parent / target.partition("#")[0]).resolve()
        for page in (ROOT / "README.md", DOCS / "decisions" / "README.md")
        for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8"))
    }
    missing = {name_of(page) for page in PAGES if page not in linked} - {"README.md", "EXPERIMENTS.md"}
    assert missing == set()


WORDS = {8: "eight", 10: "ten", 17: "seventeen"}
STATED = {
    "explanation/how-answers-are-made.md": (
        f"best {WORDS[PASSAGES_READ]} passages", f"{WORDS[len(FEATURES)]} features",
        f"up to {Settings().retrieval.candidates} passages", f"{WORDS[Settings().retrieval.hits]} best passages",
    ),
    "explanation/sandbox.md": (
        f"{Settings().parsing.memory_megabytes:,} MB", f"processor time {Settings().parsing.cpu_seconds} s",
        f"{Settings().parsing.wall_seconds:.0f} s, kept", f"at most {Settings().parsing.output_megabytes} MB",
        f"{packages.MAX_UNPACKED >> 20} MB unpacked", f"{packages.MAX_RATIO} to 1", f"{packages.MAX_ENTRIES:,} parts",
        f"{pdf.MAX_PAGES:,} pages", f"{builder.MAX_CHARACTERS // 1_000_000} million characters",
    ),
    "explanation/evaluation-and-honesty.md": (
        f"{sum(not question['answerable'] for question in QUESTIONS)} such",
    ),
    "how-to/evaluate-retrieval.md": (f"{RESAMPLES:,} resamples", f"{RUN_DOCUMENTS} documents a question"),
    "how-to/index-a-folder.md": (f"above {Settings().parsing.max_file_megabytes} MB", *sorted(SKIPPED_FOLDERS)),
    "how-to/troubleshooting.md": (f"at most {Settings().answering.max_question_characters:,} are read",),
    "reference/collection-format.md": (f"format, version {FORMAT_VERSION}", f"From {VECTOR_INDEX_ROWS:,} rows"),
}  # fmt: skip
"""Numbers and names that pages repeat from the code."""


@pytest.mark.parametrize("name", STATED)
def test_numbers_in_pages_are_those_of_the_code(name: str) -> None:
    text = " ".join((DOCS / name).read_text("utf-8").split())
    assert [phrase for phrase in STATED[name] if phrase not in text] == []


def texts(*folders: str) -> list[Path]:
    """Text files below these folders of the repository; ``""`` is its root, without what lies below."""
    endings = {".md", ".py", ".toml", ".json", ".jsonl", ".txt", ".html", ".csv", ".c", ""}
    found = [path for name in folders for path in ((ROOT / name).rglob("*") if name else ROOT.iterdir())]
    return [path for path in found if path.is_file() and path.suffix in endings and "__pycache__" not in path.parts]


def test_no_text_names_a_place_on_the_authors_machine() -> None:
    home = re.compile(r"(?<![\w.>-])/(?:work|root)/\w")
    temporary = re.compile(r"(?<![\w.>-])/tmp/\w")
    everywhere = texts("", ".ci", "docs", "src", "scripts", "tests", "benchmarks")
    shipped = texts("", ".ci", "docs", "src")
    named = [name_of(path) for path in everywhere if home.search(path.read_text("utf-8", errors="ignore"))]
    named += [name_of(path) for path in shipped if temporary.search(path.read_text("utf-8", errors="ignore"))]
    assert named == []


# -- README and map ----------------------------------------------------------------------------------------------------


def test_readme_names_the_two_commands() -> None:
    assert "make demo" in read("README.md")
    assert "make test" in read("README.md")
    targets = re.findall(r"^(\w+):", read("Makefile"), re.MULTILINE)
    assert {"demo", "test", "check", "bench"} <= set(targets)


def test_readme_counts_the_samples_rightly() -> None:
    files = [path for path in corpus_path().rglob("*") if path.is_file() and path.name != "citewell-readers.toml"]
    assert f"{len(files)} sample files" in read("README.md")
    assert f"{len(QUESTIONS)} questions" in read("README.md")


@pytest.mark.integration
def test_readme_example_runs(sample_collection: Collection, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(sample_collection.store.root, tmp_path / "samples.citewell")  # so that its add finds nothing new
    (example,) = fenced(read("README.md"), "python")
    exec(compile(example, "README.md", "exec"), {})  # noqa: S102 - our own words
    assert "Travel and Expenses Policy" in capsys.readouterr().out


def test_architecture_names_every_module_in_its_layer() -> None:
    table = read("ARCHITECTURE.md").partition("## Layers")[2].partition("\n## ")[0]
    drawn = [set(re.findall(r"`(\w+)`", line.split("|")[2])) for line in table.splitlines() if line.startswith("| ")][
        1:
    ]
    contract = PROJECT["tool"]["importlinter"]["contracts"][0]["layers"]
    assert drawn == [set(re.findall(r"citewell\.(\w+)", layer)) for layer in contract]
    modules = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()}
    assert set().union(*drawn) == modules - {"__init__"}


def test_changelog_has_this_release() -> None:
    assert f"## {citewell.__version__} " in read("CHANGELOG.md")
