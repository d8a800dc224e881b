"""PDF files whose objects point at each other, claim what is not there, or unfold without end."""

# ruff: noqa: E501 - a payload reads best on one line

from __future__ import annotations

import zlib
from collections.abc import Iterator

from tests.hostile.case import Case, case, zeros
from tests.hostile.seeds import WORDS, packed_pdf
from tests.parsing.tiny_pdf import Page, pdf

_FONT = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"


def cases() -> Iterator[Case]:
    yield from _trees()
    yield from _tables()
    yield from _contents()


def file(objects: dict[int, bytes], trailer: bytes = b"/Root 1 0 R", before: bytes = b"%PDF-1.7\n") -> bytes:
    """Objects by number, in the order given, with a classical table."""
    out, places = before, {}
    for number, body in objects.items():
        places[number] = len(out)
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    size = max(objects) + 1
    rows = b"".join(
        b"%010d %05d %b \n" % ((places[n], 0, b"n") if n in places else (0, 65535, b"f")) for n in range(size)
    )
    return out + b"xref\n0 %d\n%btrailer <</Size %d %b>>\nstartxref\n%d\n%%%%EOF\n" % (
        size,
        rows,
        size,
        trailer,
        len(out),
    )


def stream(content: bytes, entries: bytes = b"") -> bytes:
    return b"<<%b/Length %d>>stream\n%b\nendstream" % (entries, len(content), content)


def page(
    content: bytes,
    entries: bytes = b"",
    box: bytes = b"[0 0 595 842]",
    more: dict[int, bytes] | None = None,
    font: bytes = _FONT,
) -> bytes:
    """One page with these operators, or this whole stream object. entries: of the page; more: further objects."""
    body = content if content.startswith(b"<<") else stream(content)
    return file({
        1: b"<</Type/Catalog/Pages 2 0 R>>", 2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        3: b"<</Type/Page/Parent 2 0 R/MediaBox %b/Contents 4 0 R/Resources<</Font<</F 5 0 R>>/XObject<</X 6 0 R/Y 7 0 R>>>>%b>>" % (box, entries),
        4: body, 5: font, **(more or {}),
    })  # fmt: skip


def words(text: str = WORDS, size: int = 10) -> bytes:
    return b"BT /F %d Tf 1 0 0 1 72 700 Tm (%b) Tj ET\n" % (size, text.encode())


def _trees() -> Iterator[Case]:
    root = b"<</Type/Catalog/Pages 2 0 R>>"
    leaf = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>"
    base = {1: root, 3: leaf, 4: stream(words()), 5: _FONT}
    yield case(
        "pdf", "tree.pdf", "kids-of-itself", lambda: file({**base, 2: b"<</Type/Pages/Kids[2 0 R 3 0 R]/Count 2>>"})
    )
    yield case(
        "pdf",
        "tree.pdf",
        "kids-cycle",
        lambda: file(
            {
                **base,
                2: b"<</Type/Pages/Kids[6 0 R 3 0 R]/Count 2>>",
                6: b"<</Type/Pages/Parent 2 0 R/Kids[2 0 R]/Count 1>>",
            }
        ),
    )
    yield case(
        "pdf",
        "tree.pdf",
        "same-page-100000",
        lambda: file({**base, 2: b"<</Type/Pages/Kids[" + b"3 0 R " * 100_000 + b"]/Count 100000>>"}),
    )
    yield case("pdf", "tree.pdf", "doubling-30", _doubling, base, 30)
    for count in (-1, 0, 2, 2**31 - 1, 10**12):
        yield case(
            "pdf",
            "tree.pdf",
            f"count-{count}",
            lambda count=count: file({**base, 2: b"<</Type/Pages/Kids[3 0 R]/Count %d>>" % count}),
        )
    for depth in (100, 20_000):
        yield case("pdf", "tree.pdf", f"deep-{depth}", _deep_tree, base, depth)
    yield case("pdf", "tree.pdf", "catalog-of-itself", lambda: file({1: b"<</Type/Catalog/Pages 1 0 R>>"}))
    yield case(
        "pdf",
        "tree.pdf",
        "parent-cycle",
        lambda: file({**base, 2: b"<</Type/Pages/Parent 3 0 R/Kids[3 0 R]/Count 1>>"}),
    )
    yield case(
        "pdf", "tree.pdf", "pages-3000", lambda: pdf(*[Page().text(72, 700, f"{WORDS} {n}") for n in range(3000)])
    )
    outlines = {
        8: b"<</First 9 0 R/Last 9 0 R>>",
        9: b"<</Title(loop)/Next 9 0 R/First 9 0 R/Dest[3 0 R/Fit]/Parent 8 0 R>>",
    }
    yield case(
        "pdf",
        "outline.pdf",
        "cycle",
        lambda: file(
            {
                **base,
                **outlines,
                1: b"<</Type/Catalog/Pages 2 0 R/Outlines 8 0 R>>",
                2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            }
        ),
    )
    yield case(
        "pdf",
        "names.pdf",
        "dests-cycle",
        lambda: file(
            {
                **base,
                1: b"<</Type/Catalog/Pages 2 0 R/Names<</Dests 8 0 R>>/StructTreeRoot 9 0 R/MarkInfo<</Marked true>>>>",
                2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
                8: b"<</Kids[8 0 R 8 0 R]>>",
                9: b"<</Type/StructTreeRoot/K 10 0 R>>",
                10: b"<</S/P/P 9 0 R/K[10 0 R 10 0 R]>>",
            }
        ),
    )
    yield case(
        "pdf",
        "labels.pdf",
        "cycle",
        lambda: file(
            {
                **base,
                1: b"<</Type/Catalog/Pages 2 0 R/PageLabels 8 0 R>>",
                2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
                8: b"<</Kids[8 0 R]/Nums[0 <</S/D/St 99999999999>>]>>",
            }
        ),
    )
    yield case(
        "pdf",
        "deep.pdf",
        "arrays-100000",
        lambda: file({**base, 2: b"<</Type/Pages/Kids[3 0 R]/Count 1/X " + b"[" * 100_000 + b"]" * 100_000 + b">>"}),
    )
    yield case(
        "pdf",
        "deep.pdf",
        "dictionaries-100000",
        lambda: file(
            {**base, 2: b"<</Type/Pages/Kids[3 0 R]/Count 1/X " + b"<</A " * 100_000 + b">>" * 100_000 + b">>"}
        ),
    )


def _doubling(base: dict[int, bytes], levels: int) -> bytes:
    """Each node lists the next one twice: 2 to the power of ``levels`` pages in a few kilobytes."""
    nodes = {
        10 + n: b"<</Type/Pages/Parent %d 0 R/Kids[%d 0 R %d 0 R]/Count %d>>"
        % (9 + n, 11 + n, 11 + n, 1 << (levels - n))
        for n in range(levels)
    }
    return file({**base, 2: b"<</Type/Pages/Kids[10 0 R 10 0 R]/Count %d>>" % (1 << 30), **nodes, 10 + levels: base[3]})


def _deep_tree(base: dict[int, bytes], depth: int) -> bytes:
    nodes = {10 + n: b"<</Type/Pages/Parent %d 0 R/Kids[%d 0 R]/Count 1>>" % (9 + n, 11 + n) for n in range(depth)}
    return file({**base, 2: b"<</Type/Pages/Kids[10 0 R]/Count 1>>", **nodes, 10 + depth: base[3]})


def _tables() -> Iterator[Case]:
    sound = page(words())
    start = sound.index(b"xref\n0")
    yield case("pdf", "xref.pdf", "prev-of-itself", lambda: sound.replace(b"/Root", b"/Prev %d/Root" % start))
    yield case(
        "pdf",
        "xref.pdf",
        "prev-cycle",
        lambda: (
            sound
            + sound[start:]
            .replace(b"/Root", b"/Prev %d/Root" % start)
            .replace(b"startxref\n%d" % start, b"startxref\n%d" % len(sound))
        ),
    )
    yield case("pdf", "xref.pdf", "startxref-negative", lambda: sound.replace(b"startxref\n", b"startxref\n-"))
    yield case("pdf", "xref.pdf", "startxref-far", lambda: sound.replace(b"startxref\n", b"startxref\n9999999999"))
    yield case("pdf", "xref.pdf", "size-huge", lambda: sound.replace(b"/Size ", b"/Size 99999999"))
    yield case("pdf", "xref.pdf", "section-huge", lambda: sound.replace(b"xref\n0 ", b"xref\n0 99999999"))
    yield case("pdf", "xref.pdf", "section-far", lambda: sound.replace(b"xref\n0 ", b"xref\n2000000000 "))
    yield case(
        "pdf",
        "xref.pdf",
        "offsets-same",
        lambda: sound[:start] + sound[start:].replace(sound[start + 29 : start + 39], b"0000000009"),
    )
    yield case("pdf", "xref.pdf", "no-table", lambda: sound[:start])
    yield case("pdf", "xref.pdf", "no-table-numbers", lambda: sound[:start] + b"1 0 obj " * 100_000)
    yield case("pdf", "xref.pdf", "updates-2000", _updated, 2000)
    yield case("pdf", "xref.pdf", "trailers", lambda: sound + b"trailer <</Root 1 0 R>>\n" * 50_000)
    yield case("pdf", "packed.pdf", "widths-huge", lambda: packed_pdf().replace(b"/W[1 2 1]", b"/W[9 9 9]"))
    yield case("pdf", "packed.pdf", "widths-negative", lambda: packed_pdf().replace(b"/W[1 2 1]", b"/W[-1 2 1]"))
    yield case(
        "pdf", "packed.pdf", "index-huge", lambda: packed_pdf().replace(b"/Size 8", b"/Size 8/Index[0 2147483647]")
    )
    yield case("pdf", "packed.pdf", "object-in-itself", lambda: packed_pdf().replace(b"/N 4", b"/N 4/Extends 6 0 R"))
    yield case("pdf", "packed.pdf", "count-huge", lambda: packed_pdf().replace(b"/N 4", b"/N 999999999"))
    yield case("pdf", "length.pdf", "of-itself", lambda: page(b"<</Length 4 0 R>>stream\n" + words() + b"endstream"))
    yield case("pdf", "length.pdf", "huge", lambda: page(b"<</Length 99999999999>>stream\n" + words() + b"endstream"))
    yield case("pdf", "length.pdf", "negative", lambda: page(b"<</Length -1>>stream\n" + words() + b"endstream"))
    for name, entries in {"unknown": b"/Encrypt<</Filter/Standard/V 4/R 4/O(x)/U(y)/P -4/Length 128>>", "rc4": b"/Encrypt<</Filter/Standard/V 1/R 2/O(" + b"x" * 32 + b")/U(" + b"y" * 32 + b")/P -4>>/ID[(a)(b)]",
                          "aes": b"/Encrypt<</Filter/Standard/V 5/R 6/O(" + b"x" * 48 + b")/U(" + b"y" * 48 + b")/OE(" + b"z" * 32 + b")/UE(" + b"z" * 32 + b")/P -4>>", "own": b"/Encrypt<</Filter/Own>>"}.items():  # fmt: skip
        yield case("pdf", "encrypted.pdf", name, lambda entries=entries: sound.replace(b"/Root", entries + b"/Root"))


def _updated(count: int) -> bytes:
    out = page(words())
    before = out.index(b"xref\n0")
    for _ in range(count):
        place = len(out)
        out += b"xref\n0 0\ntrailer <</Size 6/Root 1 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF\n" % (before, place)
        before = place
    return out


def _contents() -> Iterator[Case]:
    gigabyte = zeros(1 << 30, 15)[0]
    yield case("pdf", "stream.pdf", "flate-gigabyte", lambda: page(stream(gigabyte, b"/Filter/FlateDecode")))
    yield case(
        "pdf",
        "stream.pdf",
        "flate-twice",
        lambda: page(stream(zlib.compress(gigabyte), b"/Filter[/FlateDecode/FlateDecode]")),
    )
    yield case(
        "pdf",
        "stream.pdf",
        "flate-text-100-MB",
        lambda: page(stream(zlib.compress(words() * 1_200_000), b"/Filter/FlateDecode")),
    )
    yield case(
        "pdf",
        "stream.pdf",
        "filters-1000",
        lambda: page(stream(words().hex().encode(), b"/Filter[" + b"/ASCIIHexDecode" * 1000 + b"]")),
    )
    yield case(
        "pdf",
        "stream.pdf",
        "run-lengths",
        lambda: page(stream(b"\x81 " * 500_000 + b"\x80", b"/Filter/RunLengthDecode")),
    )
    yield case(
        "pdf",
        "stream.pdf",
        "lzw",
        lambda: page(stream(b"\x80\x0b\x60\x50\x22\x0c\x0c\x85\x01" * 9000, b"/Filter/LZWDecode")),
    )
    yield case(
        "pdf",
        "stream.pdf",
        "predictor",
        lambda: page(
            stream(
                zlib.compress(words()),
                b"/Filter/FlateDecode/DecodeParms<</Predictor 15/Columns 2147483647/Colors 2147483647/BitsPerComponent 64>>",
            )
        ),
    )
    for name in ("JBIG2Decode", "JPXDecode", "DCTDecode", "CCITTFaxDecode", "Crypt", "Unknown"):
        yield case("pdf", "stream.pdf", name, lambda name=name: page(stream(words() * 50, b"/Filter/" + name.encode())))
        image = stream(
            b"\xff\x4f\xff\x51" + bytes(200),
            b"/Subtype/Image/Width 60000/Height 60000/BitsPerComponent 8/ColorSpace/DeviceRGB/Filter/" + name.encode(),
        )
        yield case(
            "pdf",
            "image.pdf",
            name,
            lambda image=image: page(words() + b"q 500 0 0 700 40 40 cm /X Do Q", more={6: image}),
        )
    yield case(
        "pdf",
        "image.pdf",
        "dimensions",
        lambda: page(
            words() + b"/X Do",
            more={
                6: stream(
                    b"x", b"/Subtype/Image/Width 2147483647/Height 2147483647/BitsPerComponent 16/ColorSpace/DeviceCMYK"
                )
            },
        ),
    )
    yield case(
        "pdf",
        "image.pdf",
        "drawn-50000",
        lambda: page(
            words() + b"q 5 0 0 5 40 40 cm /X Do Q\n" * 50_000,
            more={6: stream(b"\x00", b"/Subtype/Image/Width 1/Height 1/BitsPerComponent 8/ColorSpace/DeviceGray")},
        ),
    )
    form = b"/Subtype/Form/BBox[0 0 600 800]/Resources<</XObject<</X 6 0 R/Y 7 0 R>>/Font<</F 5 0 R>>>>"
    yield case(
        "pdf",
        "form.pdf",
        "of-itself",
        lambda: page(words() + b"/X Do", more={6: stream(words() + b"/X Do /X Do", form)}),
    )
    yield case(
        "pdf",
        "form.pdf",
        "cycle",
        lambda: page(words() + b"/X Do", more={6: stream(b"/Y Do /Y Do", form), 7: stream(b"/X Do /X Do", form)}),
    )
    yield case("pdf", "form.pdf", "doubling-25", _forms, 25)
    for box in (
        b"[0 0 1e30 1e30]",
        b"[0 0 2147483647 2147483647]",
        b"[0 0 0 0]",
        b"[-1e30 -1e30 1e30 1e30]",
        b"[595 842 0 0]",
        b"[0 0]",
        b"[(a) /b null true]",
        b"[0 0 0.0001 0.0001]",
        b"[NaN NaN Inf Inf]",
    ):
        yield case(
            "pdf",
            "box.pdf",
            "".join(chr(each) if chr(each).isalnum() else "_" for each in box),
            lambda box=box: page(words(), box=box),
        )
    for entry in (
        b"/Rotate 45",
        b"/Rotate -999999999999",
        b"/UserUnit 1e30",
        b"/CropBox[9e9 9e9 -9e9 -9e9]",
        b"/Annots[3 0 R 3 0 R]",
        b"/Contents[4 0 R 3 0 R null 99 0 R]",
        b"/B[3 0 R]",
        b"/Group 3 0 R",
    ):
        yield case(
            "pdf",
            "page.pdf",
            "".join(chr(each) if chr(each).isalnum() else "_" for each in entry),
            lambda entry=entry: page(words(), entry),
        )
    odd = {
        "matrix-huge": b"1e30 0 0 1e30 1e30 1e30 cm " + words(), "matrix-zero": b"0 0 0 0 0 0 cm " + words(), "matrix-nan": b"nan nan 0 1 0 0 cm " + words(), "size-huge": words(size=10**9), "size-zero": words(size=0), "size-negative": words(size=-10),
        "states-100000": b"q " * 100_000 + words(), "restores-100000": b"Q " * 100_000 + words(), "text-objects": b"BT " * 50_000 + words(), "words-40000": b"".join(b"BT /F 6 Tf 1 0 0 1 %d %d Tm (w%d) Tj ET\n" % (n * 7 % 590, n * 13 % 830, n) for n in range(40_000)),
        "letters-40000": b"BT /F 1 Tf " + b"".join(b"1 0 0 1 %d %d Tm (a) Tj " % (n % 200 * 3, n // 200 * 4) for n in range(40_000)) + b"ET", "same-place-20000": b"BT /F 9 Tf 1 0 0 1 72 700 Tm " + b"1 0 0 1 72 700 Tm (same) Tj " * 20_000 + b"ET", "lines-40000": words() + b"".join(b"%d %d m %d %d l S\n" % (n % 595, n * 7 % 842, n * 3 % 595, n * 11 % 842) for n in range(40_000)),
        "grid-300": words() + b"".join(b"0 %f m 595 %f l S %f 0 m %f 842 l S\n" % (n * 2.8, n * 2.8, n * 1.98, n * 1.98) for n in range(300)), "boxes-20000": words() + b"".join(b"%d %d 3 3 re S\n" % (n % 140 * 4, n // 140 * 5) for n in range(20_000)), "path-200000": words() + b"0 0 m " + b"1 1 l " * 200_000 + b"S",
        "dashes": words() + b"[0.0001] 0 d 0 0 m 595 842 l S", "clips": b"0 0 9 9 re W n " * 20_000 + words(), "string-1-MB": b"BT /F 10 Tf 1 0 0 1 72 700 Tm (" + b"a" * 1_000_000 + b") Tj ET", "spacing": b"BT /F 10 Tf 1e9 Tc -1e9 Tw 1e-9 Tz 72 700 Td (" + WORDS.encode() + b") Tj ET", "array-100000": b"BT /F 10 Tf 72 700 Td [" + b"(a) -1e9 " * 100_000 + b"] TJ ET",
        "operands-1000000": b"1 " * 1_000_000 + words(), "inline-image": b"BI /W 99999 /H 99999 /BPC 8 /CS /RGB ID x EI " * 1000 + words(), "marks": b"/P <</MCID 99999999999>> BDC " * 50_000 + words(), "unclosed-string": b"BT /F 10 Tf (" + b"(" * 100_000, "unclosed-array": b"[" * 100_000 + words(), "invisible": b"3 Tr " + words(), "rotated": b"".join(b"BT /F 8 Tf %f %f %f %f 300 400 Tm (turned) Tj ET\n" % (n % 7 / 7, 1 - n % 7 / 7, n % 7 / 7 - 1, n % 7 / 7) for n in range(3000)),
    }  # fmt: skip
    for name, content in odd.items():
        yield case("pdf", "content.pdf", name, lambda content=content: page(content))


def _forms(levels: int) -> bytes:
    def form(number: int) -> bytes:
        return stream(
            b"/X Do /X Do", b"/Subtype/Form/BBox[0 0 600 800]/Resources<</XObject<</X %d 0 R>>>>" % (number + 1)
        )

    last = stream(words(), b"/Subtype/Form/BBox[0 0 600 800]/Resources<</Font<</F 5 0 R>>>>")
    return page(b"/X Do", more={**{6 + n: form(6 + n) for n in range(levels)}, 6 + levels: last})
