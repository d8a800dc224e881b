"""Writers for what has no text layer: a scanned notice and a voice message."""

from __future__ import annotations

import calendar
import io
import os
import random
import shutil
import subprocess
import tempfile
import textwrap
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter, ImageFont
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from .markup import Page

_WIDTH, _HEIGHT = 1240, 1754


def _page_image(page: Page) -> Image.Image:
    image = Image.new("L", (_WIDTH, _HEIGHT), 250)
    draw = ImageDraw.Draw(image)
    top = 130
    draw.text((120, top), "TARNHOLT INSTRUMENTS", font=ImageFont.load_default(30), fill=40)
    draw.line((120, top + 46, _WIDTH - 120, top + 46), fill=60, width=3)
    top += 90
    for line in textwrap.wrap(page.title, 34):
        draw.text((120, top), line, font=ImageFont.load_default(52), fill=20)
        top += 66
    top += 24
    for block in page.blocks:
        items = block.items or (block.text,)
        for number, item in enumerate(items, start=1):
            mark = f"{number}. " if block.kind == "numbers" else ""
            size = 36 if block.kind == "heading" else 29
            for line in textwrap.wrap(mark + item, 66, subsequent_indent="   " if mark else ""):
                draw.text((120, top), line, font=ImageFont.load_default(size), fill=25)
                top += size + 13
            top += 8
        top += 20
    return image


def write_scan(page: Page, target: Path) -> None:
    """Write ``page`` the way an office scanner would: slightly turned, a little blurred, with specks of dust."""
    rng = random.Random(page.path)
    image = _page_image(page).rotate(0.8, resample=Image.Resampling.BICUBIC, fillcolor=244)
    image = image.filter(ImageFilter.GaussianBlur(0.6))
    pixels = image.load()
    assert pixels is not None
    for _ in range(2600):
        pixels[rng.randrange(_WIDTH), rng.randrange(_HEIGHT)] = rng.randrange(90, 230)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=38)
    buffer.seek(0)
    os.environ["SOURCE_DATE_EPOCH"] = str(calendar.timegm(page.created.timetuple()))
    canvas = Canvas(str(target), pagesize=A4)
    canvas.setTitle("Scan_20250114_0932")
    canvas.setAuthor("Sheffield copier 2")
    canvas.drawImage(ImageReader(buffer), 0, 0, *A4)
    canvas.save()


def write_speech(page: Page, target: Path) -> bool:
    """Speak ``page`` into a 16 kHz mono file. Without the two speech programs the file in place is kept."""
    speak, convert = shutil.which("espeak-ng"), shutil.which("sox")
    if speak is None or convert is None:
        return False
    text = " ".join(block.text for block in page.blocks)
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "raw.wav"
        subprocess.run([speak, "-v", "en-gb", "-s", "186", "-w", str(raw), text], check=True)
        subprocess.run([convert, "-R", str(raw), "-D", "-r", "16000", "-c", "1", "-b", "16", str(target)], check=True)
    return True
