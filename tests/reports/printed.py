"""Measures a Word document in the PDF that LibreOffice makes of it. Lengths are points from the top left corner."""

import re
import shutil
import subprocess
from io import BytesIO

import pytest
from PIL import Image

SOFFICE, PDFTOTEXT, PDFTOPPM = (shutil.which(name) for name in ("soffice", "pdftotext", "pdftoppm"))
measured = pytest.mark.skipif(
    not (SOFFICE and PDFTOTEXT and PDFTOPPM), reason="no LibreOffice or no poppler on this machine"
)
MM = 72 / 25.4
LEFT, RIGHT, TOP, BOTTOM = 28 * MM, (210 - 26) * MM, 37 * MM, (297 - 35) * MM
"""The edges of the text block."""
_LINE = re.compile(
    r'<line xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)">(.*?)</line>', re.S
)


def as_pdf(document, folder):
    """Convert the bytes of a .docx file and return the path of the PDF."""
    source = folder / "document.docx"
    source.write_bytes(document)
    profile = f"-env:UserInstallation=file://{folder}/profile"
    command = [SOFFICE, profile, "--headless", "--convert-to", "pdf", "--outdir", folder, source]
    subprocess.run(command, check=True, capture_output=True, timeout=180)
    return folder / "document.pdf"


def lines_of(pdf):
    """The lines of each page from top to bottom, as (left, top, right, bottom, text without blanks)."""
    command = [PDFTOTEXT, "-bbox-layout", pdf, "-"]
    xml = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    return [sorted(_lines(page), key=lambda line: line[1]) for page in xml.split("<page ")[1:]]


def pictures_of(pdf):
    """Each page as a picture, a pixel a point."""
    command = [PDFTOPPM, "-r", "72", "-png", pdf, pdf.with_suffix("")]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return [Image.open(BytesIO(path.read_bytes())) for path in sorted(pdf.parent.glob("document-*.png"))]


def _lines(page):
    for *edges, words in _LINE.findall(page):
        yield *map(float, edges), "".join(re.findall(r">([^<]+)</word>", words))
