"""The report in a real browser, where there is one. What can be checked without is in the other modules."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.evaluation.report.examples import example_diagnosis, example_run

from citewell.evaluation.comparing import compare_runs
from citewell.evaluation.report import report_html

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

pytestmark = pytest.mark.skipif(
    BROWSER is None,
    reason="no Chromium on this machine (chromium, chromium-browser, google-chrome): layout and the script are only "
    "tried in a browser; the structure of the page is tested without one in test_report_page.py",
)

MEASURING = """<!doctype html><meta charset="utf-8"><title>measuring</title>
<iframe src="report.html" width="{width}" height="800" style="border:0"></iframe><script>
onload = () => {{
  const page = document.querySelector("iframe").contentDocument, told = page.getElementById("told");
  page.querySelectorAll("details").forEach(each => each.open = true);
  const texts = Array.from(page.querySelectorAll("svg text"), each =>
    parseFloat(page.defaultView.getComputedStyle(each).fontSize) * each.ownerSVGElement.clientWidth / 320);
  let touching = 0, outside = 0;
  page.querySelectorAll("svg").forEach(svg => {{
    const whole = svg.getBoundingClientRect();
    const boxes = Array.from(svg.querySelectorAll("text"), each => each.getBoundingClientRect());
    boxes.forEach((one, place) => {{
      outside += one.left < whole.left - 2 || one.right > whole.right + 2;
      boxes.slice(place + 1).forEach(other => touching += one.left < other.right && other.left < one.right &&
        one.top + 4 < other.bottom && other.top + 4 < one.bottom);
    }});
  }});
  const wide = page.documentElement.scrollWidth - page.documentElement.clientWidth;
  document.title = ["told=" + told.textContent, "wide=" + wide, "smallest=" + Math.min(...texts).toFixed(1),
    "drawings=" + page.querySelectorAll("svg").length, "touching=" + touching, "outside=" + outside,
    "styled=" + (page.defaultView.getComputedStyle(page.querySelector(".card")).borderRadius !== "0px")].join(";");
}};
</script>"""


USING = """<!doctype html><meta charset="utf-8"><title>using</title>
<iframe src="report.html" width="800" height="800"></iframe><script>
onload = () => {
  const page = document.querySelector("iframe").contentDocument, told = [];
  const set = (id, value) => {
    const control = page.getElementById(id);
    control.value = value;
    control.dispatchEvent(new Event("input"));
    control.dispatchEvent(new Event("change"));
    const shown = Array.from(page.querySelectorAll("details.item")).filter(each => !each.hidden);
    told.push(shown.length + ":" + shown.slice(0, 3).map(each => each.dataset.place).join(","));
  };
  set("which", "wrong"); set("which", "refused"); set("which", "all"); set("words", "CASE 7?"); set("words", "");
  set("order", "set"); set("order", "sure"); set("order", "unsure"); set("order", "page");
  document.title = told.join(" ");
};
</script>"""


def in_browser(page: Path, tmp_path: Path) -> str:
    """The document after its scripts ran. ``--no-sandbox``: tests may run as root; the page is ours."""
    assert BROWSER is not None
    done = subprocess.run(
        [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files",
         f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=5000", "--dump-dom", page.as_uri()],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.integration
@pytest.mark.parametrize("width", [360, 1280])
def test_it_fits_its_labels_are_legible_and_apart_and_its_own_script_runs(tmp_path: Path, width: int) -> None:
    run, baseline = example_run(40), example_run(40, seed=2, name="nightly-0")
    page = report_html(run, diagnosis=example_diagnosis(run), comparison=compare_runs(run, baseline))
    (tmp_path / "report.html").write_text(page, encoding="utf-8")
    (tmp_path / "measuring.html").write_text(MEASURING.format(width=width), encoding="utf-8")
    title = re.search("<title>(.*?)</title>", in_browser(tmp_path / "measuring.html", tmp_path))
    assert title is not None
    told = dict(part.split("=", 1) for part in title[1].split(";"))
    assert told["told"] == "40 of 40 shown"  # the policy lets our script run
    assert told["styled"] == "true"  # and our style sheet
    assert told["wide"] == "0"
    assert int(told["drawings"]) >= 10
    assert float(told["smallest"]) >= 12
    assert told["touching"] == told["outside"] == "0"


@pytest.mark.integration
def test_questions_are_filtered_and_put_in_order(tmp_path: Path) -> None:
    run = example_run(40)
    (tmp_path / "report.html").write_text(report_html(run), encoding="utf-8")
    (tmp_path / "using.html").write_text(USING, encoding="utf-8")
    title = re.search("<title>(.*?)</title>", in_browser(tmp_path / "using.html", tmp_path))
    assert title is not None
    wrong = [place for place, each in enumerate(run.results) if each.metrics["correct"] < 1]
    refused = [place for place, each in enumerate(run.results) if each.refused]
    page_order = [*wrong, *(place for place in range(40) if place not in wrong)]
    sure = sorted(range(40), key=lambda place: -run.results[place].confidence)
    expected = [
        wrong, [place for place in page_order if place in refused], page_order, [7], page_order,
        list(range(40)), sure, sure[::-1], page_order,
    ]  # fmt: skip
    assert title[1].split() == [f"{len(each)}:{','.join(map(str, each[:3]))}" for each in expected]


@pytest.mark.integration
def test_what_a_document_brings_does_not_run(tmp_path: Path) -> None:
    from dataclasses import replace

    attack = '</p><script>document.title="taken"</script><img src="x" onerror="document.title=\'taken\'">'
    run = replace(example_run(12), name=attack, notes=(attack,))
    harmless = tmp_path / "harmless.html"
    harmless.write_text(report_html(run), encoding="utf-8")
    assert "<title>taken</title>" not in in_browser(harmless, tmp_path)
    # Even if the escaping failed, the policy of the page would stop it.
    injected = tmp_path / "injected.html"
    injected.write_text(report_html(example_run(12)).replace("<main", f"{attack}<main"), encoding="utf-8")
    shown = in_browser(injected, tmp_path)
    assert attack[:12] in shown
    assert "<title>taken</title>" not in shown
