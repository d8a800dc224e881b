"""How the report looks, the few lines of script that filter questions, and the policy that allows nothing else.

Colours: blue and orange keep their difference for every common kind of colour blindness (they differ in the blue–yellow
direction, which nearly everybody sees, and in lightness), and shape or a word always says the same. The tests compute
every contrast with the formula of WCAG 2.2: at least 4.5 for text, 3 for what is drawn.
"""

from __future__ import annotations

import base64
import hashlib

PALETTE: dict[str, dict[str, str]] = {
    "light": {
        "paper": "#ffffff", "card": "#f3f5f8", "ink": "#1a1f26", "muted": "#535e6b", "rule": "#d3d9e0",
        "axis": "#6b7683", "a": "#0062a8", "b": "#b14b00", "c": "#74519b", "quiet": "#6b7683",
    },
    "dark": {
        "paper": "#12161b", "card": "#1d242c", "ink": "#e8ecf1", "muted": "#a9b4c0", "rule": "#3a444f",
        "axis": "#8c98a5", "a": "#6cb6ff", "b": "#ffa657", "c": "#cfaaf7", "quiet": "#8c98a5",
    },
}  # fmt: skip
"""paper, card: grounds. ink, muted: text. rule: lines that only decorate. axis, a, b, c, quiet: what is drawn; a, b and
c are also words: right, wrong and doubtful."""


def variables(theme: str) -> str:
    """The colours of a theme as CSS variables."""
    return "".join(f"--{name}:{colour};" for name, colour in PALETTE[theme].items())


CHART_STYLE = """
.chart{display:block;width:100%;max-width:26rem;height:auto;overflow:visible}
.chart text{font:13px system-ui,sans-serif;fill:var(--muted)}
.chart .name{fill:var(--ink)}
.chart .label{fill:var(--ink)}
.chart .grid{stroke:var(--rule);stroke-width:1}
.chart .axis{stroke:var(--axis);stroke-width:1}
.chart .dashed{stroke:var(--axis);stroke-width:1.5;stroke-dasharray:4 3}
.chart .line{fill:none;stroke:var(--a);stroke-width:2;stroke-linejoin:round}
.chart .whisker{stroke:var(--a);stroke-width:2}
.chart .halo{stroke:var(--paper);stroke-width:5}
.chart .over{stroke:var(--ink);stroke-width:1.5}
.chart .fill.a{fill:var(--a)}
.chart .fill.c{fill:var(--c)}
.chart .fill.quiet{fill:var(--quiet)}
.chart .mark{stroke:var(--paper);stroke-width:1}
.chart .mark.a{fill:var(--a)}
.chart .mark.b{fill:var(--b)}
.chart .mark.quiet{fill:var(--paper);stroke:var(--quiet);stroke-width:2}
"""

STYLE = (
    f":root{{color-scheme:light dark;{variables('light')}}}\n"
    f"@media (prefers-color-scheme:dark){{:root{{{variables('dark')}}}}}\n"
    + """
*{box-sizing:border-box}
html{scroll-padding-top:1rem}
body{margin:0;background:var(--paper);color:var(--ink);font:1rem/1.55 system-ui,sans-serif;overflow-wrap:anywhere}
header,nav,main,footer{max-width:76rem;margin:0 auto;padding:0 1rem}
header{padding-top:1.5rem}
h1{font-size:1.7rem;line-height:1.25;margin:0 0 .25rem}
h2{font-size:1.35rem;line-height:1.3;margin:2.75rem 0 .5rem;padding-top:1rem;border-top:1px solid var(--rule)}
h3{font-size:1.05rem;margin:1.75rem 0 .35rem}
p,ul,ol,dl{margin:.4rem 0 .8rem}
p,li,dd{max-width:46rem}
a{color:var(--a)}
code{font:.92em ui-monospace,monospace}
:focus-visible{outline:3px solid var(--a);outline-offset:2px;border-radius:2px}
.skip{position:absolute;left:-99rem}
.skip:focus{left:1rem;top:.5rem;background:var(--paper);padding:.5rem 1rem}
.muted,.muted code{color:var(--muted)}
nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1.1rem;list-style:none;padding:0;margin:1rem 0 0}
nav a{display:inline-block;padding:.3rem 0}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,17rem),1fr));gap:1rem;list-style:none;
padding:0;margin:1rem 0}
.card{background:var(--card);border-radius:.6rem;padding:1rem 1.1rem}
.card .big{display:block;font-size:2.1rem;line-height:1.15;font-weight:650;margin:.1rem 0 .3rem}
.card p{margin:.3rem 0}
.card h3{margin:0;font-size:1rem}
.small{font-size:.9rem}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,20rem),1fr));gap:.5rem 2.5rem;
align-items:start}
figure{margin:0 0 1.25rem;min-width:0}
figure h3{margin-top:1rem}
figure p{font-size:.95rem}
.facts{display:grid;grid-template-columns:fit-content(14rem) minmax(0,1fr);gap:.25rem 1.25rem}
.facts dt{color:var(--muted)}
.facts dd{margin:0}
.scroll{overflow-x:auto;margin:.5rem 0 1rem}
table{border-collapse:collapse;font-size:.95rem;overflow-wrap:normal}
caption{text-align:left;color:var(--muted);padding:.25rem 0;font-size:.9rem}
th,td{text-align:left;vertical-align:top;padding:.4rem .9rem .4rem 0;border-bottom:1px solid var(--rule)}
thead th{color:var(--muted);font-weight:600;font-size:.88rem}
tbody th{font-weight:500;min-width:9rem;overflow-wrap:anywhere}
td.number,th.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
th small{display:block;color:var(--muted);font-weight:400;font-size:.88rem;max-width:34rem}
.stacked{width:100%;max-width:46rem;margin-bottom:1rem}
summary{cursor:pointer;padding:.35rem 0}
details.item{border-bottom:1px solid var(--rule)}
details.item>summary{padding:.6rem 0}
details.item>div{padding:0 0 1.25rem 1rem;border-left:3px solid var(--rule);margin:.25rem 0 1rem .2rem}
details.item h3{margin:1rem 0 .2rem;font-size:.95rem}
blockquote{margin:.3rem 0;padding:.1rem 0 .1rem .8rem;border-left:3px solid var(--axis);white-space:pre-line}
.said{white-space:pre-line}
.right{color:var(--a);font-weight:650}
.wrong{color:var(--b);font-weight:650}
.doubtful{color:var(--c);font-weight:650}
.hits li{margin-bottom:.5rem}
.tools{display:flex;flex-wrap:wrap;gap:.75rem 1.5rem;align-items:end;margin:1rem 0}
.tools[hidden]{display:none}
.tools label{display:block;font-size:.9rem;color:var(--muted)}
.tools input,.tools select{font:inherit;color:inherit;background:var(--paper);border:1px solid var(--axis);
border-radius:.4rem;padding:.45rem .6rem;max-width:100%}
footer{margin-top:3rem;padding-bottom:2rem;color:var(--muted);font-size:.9rem}
@media (max-width:40rem){.facts{grid-template-columns:1fr;gap:0}.facts dd{margin-bottom:.5rem}
details.item>div{padding-left:.75rem}tbody th{min-width:7rem}th,td{padding-right:.7rem}
.stacked,.stacked caption,.stacked thead,.stacked tbody{display:block}
.stacked tr{display:grid;grid-template-columns:1fr 2fr 1fr;border-bottom:1px solid var(--rule)}
.stacked th,.stacked td{border:0;text-align:left}.stacked tr>:first-child{grid-column:1/-1}
.stacked tr>:last-child{text-align:right}.stacked thead th:first-child{display:none}
.stacked td{padding-top:0}}
@media print{:root{"""
    + variables("light")
    + """}nav,.tools,.skip{display:none}body{font-size:10pt}h2{break-after:avoid}figure,.card,tr{break-inside:avoid}
.plots{grid-template-columns:1fr 1fr}.scroll{overflow:visible}}
"""
    + CHART_STYLE
)

SCRIPT = """
(function () {
  var tools = document.getElementById("tools");
  if (!tools) return;
  var words = document.getElementById("words"), which = document.getElementById("which");
  var order = document.getElementById("order"), told = document.getElementById("told");
  var list = document.getElementById("items"), items = Array.from(list.children);
  function show() {
    var wanted = words.value.trim().toLowerCase(), kind = which.value, shown = 0;
    items.forEach(function (item) {
      var fits = (kind === "all" || item.dataset.kinds.split(" ").indexOf(kind) >= 0) &&
        (!wanted || item.textContent.toLowerCase().indexOf(wanted) >= 0);
      item.hidden = !fits;
      shown += fits ? 1 : 0;
    });
    told.textContent = shown + " of " + items.length + " shown";
  }
  function sort() {
    var by = order.value;
    items.slice().sort(function (one, other) {
      if (by === "page") return items.indexOf(one) - items.indexOf(other);
      if (by === "set") return one.dataset.place - other.dataset.place;
      return (one.dataset.sure - other.dataset.sure) * (by === "sure" ? -1 : 1) ||
        one.dataset.place - other.dataset.place;
    }).forEach(function (item) { list.appendChild(item); });
  }
  words.addEventListener("input", show);
  which.addEventListener("change", show);
  order.addEventListener("change", sort);
  tools.hidden = false;
  show();
})();
"""


def _digest(text: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


POLICY = (
    f"default-src 'none'; style-src {_digest(STYLE)}; script-src {_digest(SCRIPT)}; base-uri 'none'; form-action 'none'"
)
"""Content-Security-Policy: no network at all, this style and this script and nothing else."""
