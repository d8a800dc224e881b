"""Words of the RTF language (Rich Text Format 1.9.1) that a reader of text has to know."""

from __future__ import annotations

SKIPPED = frozenset(
    [
        "pict",
        "objdata",
        "object_data",
        "themedata",
        "colorschememapping",
        "latentstyles",
        "datastore",
        "fldinst",
        "bkmkstart",
        "bkmkend",
        "nonshppict",
        "shprslt",
        "xe",
        "rxe",
        "tc",
        "tcn",
        "template",
        "filetbl",
        "revtbl",
        "rsidtbl",
        "listtable",
        "listoverridetable",
        "pntxta",
        "pntxtb",
        "generator",
        "xmlopen",
        "ftnsep",
        "ftnsepc",
        "ftncn",
        "aftnsep",
        "aftnsepc",
        "aftncn",
        "private1",
        "nonesttables",
        "nextfile",
        "sp",
        "sn",
        "sv",
        "atrfstart",
        "atrfend",
        "atnid",
        "atnref",
        "atnparent",
        "atndate",
        "atntime",
        "atnicn",
        "levelnumbers",
        "leveltext",
        "formfield",
        "ffname",
        "ffdeftext",
        "wgrffmtfilter",
        "panose",
        "falt",
        "do",
        "picprop",
        "bliptag",
        "blipuid",
        "htmltag",
        "mhtmltag",
        "userprops",
        "docvar",
    ]
)
"""Groups whose content is no text of the document. Every other group marked ``\\*`` is left out too."""

KEPT = frozenset(
    [
        "shpinst",
        "shptxt",
        "shpgrp",
        "annotation",
        "atnauthor",
        "ud",
        "ffresult",
        "mmath",
        "momath",
        "momathpara",
        "mr",
        "mf",
        "mnum",
        "mden",
        "me",
        "msup",
        "msub",
        "msubsup",
        "msup",
        "mrad",
        "mdeg",
        "md",
        "mnary",
        "mfunc",
        "mfname",
        "mlim",
    ]
)
"""Groups marked ``\\*`` that lead to text all the same. Lower case."""

CHARACTERS = {
    "tab": "\t", "line": "\n", "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”", "bullet": "•",
    "endash": "–", "emdash": "—", "emspace": " ", "enspace": " ", "qmspace": " ", "page": "\n", "column": "\n",
    "lbr": "\n", "softline": "\n", "zwj": "\u200d", "zwnj": "\u200c", "nestcell": " ", "nestrow": " ",
}  # fmt: skip

SYMBOLS = {b"~": "\u00a0", b"_": "-", b"-": "", b"{": "{", b"}": "}", b"\\": "\\", b"|": "", b":": "", b"\t": "\t"}

FLOWS = {
    "footnote": "footnote", "annotation": "comment", "shptxt": "text box", "header": "page header",
    "headerl": "page header", "headerr": "page header", "headerf": "page header", "footer": "page footer",
    "footerl": "page footer", "footerr": "page footer", "footerf": "page footer",
}  # fmt: skip
"""Groups that hold text of their own beside the body's."""

_CODE_PAGES = {
    0: "cp1252", 2: "cp1252", 77: "mac_roman", 128: "cp932", 129: "cp949", 130: "johab", 134: "gbk", 136: "cp950",
    161: "cp1253", 162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251",
    222: "cp874", 238: "cp1250", 254: "cp437", 255: "cp850",
}  # fmt: skip


def of_character_set(number: int) -> str:
    """The encoding of a font's character set; empty when the document's own holds."""
    return _CODE_PAGES.get(number, "")


def of_code_page(number: int) -> str:
    """The encoding of a Windows code page."""
    named = {65001: "utf-8", 936: "gbk", 949: "cp949", 10000: "mac_roman", 1361: "johab"}.get(number, f"cp{number}")
    try:
        b"".decode(named)
    except LookupError:
        return "cp1252"
    return named
