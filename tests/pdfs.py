"""PDFs made by hand, a font and a line of text at a time."""

import zlib
from collections.abc import Sequence

# Helvetica, its bold form and Courier come with every reader; the Japanese ones are not embedded, their CMaps say what
# the codes mean, in one direction and the other.
FONTS = {
    "F": "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
    "B": "<</Type/Font/Subtype/Type1/BaseFont/Helvetica-Bold/Encoding/WinAnsiEncoding>>",
    "M": "<</Type/Font/Subtype/Type1/BaseFont/Courier/Encoding/WinAnsiEncoding>>",
    "J": "<</Type/Font/Subtype/Type0/BaseFont/Ryumin-Light-H/Encoding/UniJIS-UTF16-H/DescendantFonts[{cid}]>>",
    "V": "<</Type/Font/Subtype/Type0/BaseFont/Ryumin-Light-V/Encoding/UniJIS-UTF16-V/DescendantFonts[{cid}]>>",
    "X": "<</Type/Font/Subtype/Type0/BaseFont/ABCDEF+Lost/Encoding/Identity-H/DescendantFonts[{lost}]>>",
}
_CID = (
    "<</Type/Font/Subtype/CIDFontType0/BaseFont/Ryumin-Light/CIDSystemInfo<</Registry(Adobe)/Ordering(Japan1)"
    "/Supplement 6>>/DW 1000/FontDescriptor {descriptor}>>"
)
_LOST = (
    "<</Type/Font/Subtype/CIDFontType2/BaseFont/ABCDEF+Lost/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)"
    "/Supplement 0>>/DW 600/FontDescriptor {descriptor}>>"
)
_DESCRIPTOR = (
    "<</Type/FontDescriptor/FontName/Ryumin-Light/Flags 4/FontBBox[0 -120 1000 880]/ItalicAngle 0/Ascent 880"
    "/Descent -120/CapHeight 700/StemV 80>>"
)


def text(words: str, x: float, y: float, font: str = "F", size: float = 10, turn: str = "1 0 0 1") -> bytes:
    """Operators that show words at a place, points from the lower left corner."""
    encoded = words.encode("utf-16-be" if font in "JVX" else "cp1252").hex()
    return f"BT /{font} {size} Tf {turn} {x} {y} Tm <{encoded}> Tj ET\n".encode()


def column(lines: Sequence[str], x: float, y: float, font: str = "F", size: float = 10, step: float = 12) -> bytes:
    """Lines below each other."""
    return b"".join(text(line, x, y - step * at, font, size) for at, line in enumerate(lines))


def pdf(*pages: bytes, info: str = "", catalog: str = "", box: str = "0 0 595 842") -> bytes:
    """A file of pages with these operators."""
    objects: list[bytes] = []

    def add(body: bytes | str) -> str:
        objects.append(body.encode() if isinstance(body, str) else body)
        return f"{len(objects)} 0 R"

    root, tree = add(""), add("")
    descriptor = add(_DESCRIPTOR)
    cid, lost = add(_CID.format(descriptor=descriptor)), add(_LOST.format(descriptor=descriptor))
    fonts = "".join(f"/{name} {add(body.format(cid=cid, lost=lost))}" for name, body in FONTS.items())
    kids = []
    for page in pages:
        packed = zlib.compress(page)
        content = add(f"<</Length {len(packed)}/Filter/FlateDecode>>stream\n".encode() + packed + b"\nendstream")
        resources = f"/Resources<</Font<<{fonts}>>>>"
        kids.append(add(f"<</Type/Page/Parent {tree}/MediaBox[{box}]/Contents {content}{resources}>>"))
    objects[0] = f"<</Type/Catalog/Pages {tree}{catalog}>>".encode()
    objects[1] = f"<</Type/Pages/Count {len(kids)}/Kids[{' '.join(kids)}]>>".encode()
    trailer = f"/Info {add(f'<<{info}>>')}" if info else ""
    made = b"%PDF-1.7\n"
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(made))
        made += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    start = len(made)
    made += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}".encode()
    return made + f"trailer\n<</Size {len(objects) + 1}/Root {root}{trailer}>>\nstartxref\n{start}\n%%EOF\n".encode()
