"""Files as people send them, good and bad, made here: no sample is kept."""

import struct
from io import BytesIO
from zipfile import ZipFile

from PIL import Image

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def jpeg(width=640, height=480, *, with_position=False, colour="#5c9b7d") -> bytes:
    """A photograph; with_position: as a telephone takes it, with the place where it was taken."""
    image = Image.new("RGB", (width, height), colour)
    exif = Image.Exif()
    exif[0x010F] = "Telephone"
    exif[0x0112] = 6  # lying on its side
    if with_position:
        position = exif.get_ifd(0x8825)
        position[1], position[2] = "N", (30.0, 35.0, 12.0)
        position[3], position[4] = "E", (114.0, 18.0, 6.0)
    stream = BytesIO()
    image.save(stream, "JPEG", exif=exif)
    return stream.getvalue()


def png(width=64, height=64, mode="RGBA") -> bytes:
    stream = BytesIO()
    Image.new(mode, (width, height)).save(stream, "PNG")
    return stream.getvalue()


def webp() -> bytes:
    stream = BytesIO()
    Image.new("RGB", (64, 48), "#5c9b7d").save(stream, "WEBP")
    return stream.getvalue()


def jpeg_of_two() -> bytes:
    """As telephones with two lenses take it: a second picture behind the first (MPO)."""
    stream = BytesIO()
    second = Image.new("RGB", (640, 480), "#b3231b")
    Image.new("RGB", (640, 480), "#5c9b7d").save(stream, "MPO", save_all=True, append_images=[second])
    return stream.getvalue()


def jpeg_with_odd_notes() -> bytes:
    """A photograph on its side whose camera wrote a text where a number belongs."""
    note = b"Exif\x00\x00MM\x00*" + struct.pack(">IH", 8, 2)
    note += struct.pack(">HHIHH", 0x0112, 3, 1, 6, 0)
    note += struct.pack(">HHI4s", 0x011A, 2, 1, b"?\x00\x00\x00") + struct.pack(">I", 0)
    stream = BytesIO()
    Image.new("RGB", (640, 480), "#5c9b7d").save(stream, "JPEG", exif=note)
    return stream.getvalue()


def grey_of_16_bits(level: int) -> bytes:
    """A scan in shades of grey; level: of 65,536."""
    stream = BytesIO()
    Image.new("I;16", (64, 64), level).save(stream, "PNG")
    return stream.getvalue()


def png_claiming(width, height) -> bytes:
    """A few bytes that say they are a picture of very many pixels."""
    import zlib

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + head
    body = struct.pack(">I", len(head)) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return (
        b"\x89PNG\r\n\x1a\n" + body + struct.pack(">I", 0) + b"IEND" + struct.pack(">I", zlib.crc32(b"IEND"))
    )


def pdf(after=b"") -> bytes:
    return b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\nstartxref\n9\n%%EOF\n" + after


def docx(types=f"{WORD}.main+xml", names=(), relation=None) -> bytes:
    """relation: (kind, target) of what lies outside the document."""
    stream = BytesIO()
    with ZipFile(stream, "w") as archive:
        archive.writestr("[Content_Types].xml", f'<Types><Override ContentType="{types}"/></Types>')
        archive.writestr("word/document.xml", "<document/>")
        for name in names:
            archive.writestr(name, b"x")
        if relation:
            kind, target = relation
            kind = f"http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}"
            archive.writestr(
                "word/_rels/settings.xml.rels",
                f'<Relationships><Relationship Id="r" Type="{kind}" Target="{target}" TargetMode="External"/></Relationships>',
            )
    return stream.getvalue()


def box(kind: bytes, body=b"") -> bytes:
    return struct.pack(">I", 8 + len(body)) + kind + body


def mp4(size=1000) -> bytes:
    return box(b"ftyp", b"isom\x00\x00\x02\x00isom") + box(b"moov", b"x" * 20) + box(b"mdat", b"y" * size)


def mp4_with_position() -> bytes:
    """A film as telephones of both kinds take it, with the place where it was taken."""
    key = b"com.apple.quicktime.location.ISO6709"
    keys = box(b"keys", bytes(4) + struct.pack(">I", 2) + box(b"mdta", b"com.apple.make") + box(b"mdta", key))
    values = box(b"\x00\x00\x00\x01", box(b"data", bytes(8) + b"Telephone"))
    values += box(b"\x00\x00\x00\x02", box(b"data", bytes(8) + b"+30.5867+114.3017/"))
    apple = box(b"meta", box(b"hdlr", bytes(24)) + keys + box(b"ilst", values))
    android = box(b"udta", box(b"\xa9xyz", b"\x00\x12\x15\xc7+30.5867+114.3017/"))
    return (
        box(b"ftyp", b"isom")
        + box(b"moov", box(b"mvhd", bytes(100)) + android + apple)
        + box(b"mdat", b"y" * 50)
    )


def doc(*entries) -> bytes:
    """A compound file; entries: the names in its directory."""
    names = b"".join(name.encode("utf-16-le").ljust(128, b"\x00") for name in entries or ["WordDocument"])
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 504 + names
