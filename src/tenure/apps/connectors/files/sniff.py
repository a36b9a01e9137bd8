"""What a file is, told by its content: format, encoding, separator. Hides the scoring; a name is never trusted."""

from __future__ import annotations

import codecs
import csv
import re
import zipfile
from typing import Literal

from tenure.apps.connectors.files.headings import known_headings
from tenure.apps.connectors.files.problems import ImportRefused
from tenure.apps.connectors.files.source import Source

Format = Literal["delimited", "workbook", "parquet", "records"]

SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}
ENCODINGS = ("utf-8", "gb18030", "gbk", "big5", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "latin-1")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SAMPLE = 256 * 1024
_CHUNK = 1 << 20
_HIGH = re.compile(rb"[^\n\r]*[\x80-\xff][^\n\r]*")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def sniff_format(source: Source) -> Format:
    """The format of the file.

    Raises: ImportRefused if it is none of the formats that are read, with what to do instead.
    """
    head = source.head(8)
    if head.startswith(b"PK\x03\x04") or head.startswith(b"PK\x05\x06"):
        return _zip_format(source)
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(_OLE):
        raise ImportRefused("import.old_workbook", file=source.name)
    sample = source.head(_SAMPLE)
    encoding = bom(sample) or _wide(sample)
    text = sample.decode(encoding, "replace") if encoding else sample.decode("latin-1")
    start = text.lstrip("\ufeff \t\r\n")
    if not start:
        raise ImportRefused("import.no_heading", file=source.name)
    if _binary(text, wide=encoding is not None):
        raise ImportRefused("import.unknown_format", file=source.name)
    if re.match(r"\{\s*[\"}]", start):
        return "records"
    if re.match(r"\[\s*[\[{\"\]]", start):
        raise ImportRefused("import.json_array", file=source.name)
    if re.match(r"(?i)<(\?xml|!doctype|html|table)", start):
        raise ImportRefused("import.unknown_format", file=source.name)
    return "delimited"


def _zip_format(source: Source) -> Format:
    try:
        names = set(zipfile.ZipFile(source.rewind()).namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, IndexError, OverflowError) as error:
        raise ImportRefused("import.damaged", file=source.name, detail=f"zip: {error}") from error
    if "xl/workbook.bin" in names:
        raise ImportRefused("import.other_workbook", file=source.name, format=".xlsb")
    if "content.xml" in names and "mimetype" in names:
        raise ImportRefused("import.other_workbook", file=source.name, format="OpenDocument")
    if any(name.startswith("xl/") for name in names):
        return "workbook"
    raise ImportRefused("import.other_workbook", file=source.name, format=".zip")


def _binary(text: str, *, wide: bool) -> bool:
    """Whether the text is no text: many control characters other than white space."""
    odd = sum(1 for c in text[:65536] if ord(c) < 32 and c not in "\t\n\r\x0c\x1a")
    if wide:
        odd += text[:65536].count("\ufffd")
    return odd * 20 > len(text[:65536])


def bom(sample: bytes) -> str | None:
    """The encoding named by a byte-order mark."""
    return next((name for mark, name in _BOMS if sample.startswith(mark)), None)


def _wide(sample: bytes) -> str | None:
    """UTF-16 without a mark: in text of many ASCII characters every second byte is NUL."""
    piece = sample[:4096]
    pairs = len(piece) // 2
    if pairs < 2:
        return None
    even, odd = piece[0 : pairs * 2 : 2].count(0), piece[1 : pairs * 2 : 2].count(0)
    if odd * 10 > pairs * 3 and odd > 4 * even:
        return "utf-16-le"
    if even * 10 > pairs * 3 and even > 4 * odd:
        return "utf-16-be"
    return None


def sniff_encoding(source: Source) -> str:
    """The encoding the whole file is written in, judged by every byte of it.

    A file that is UTF-8 but for a few broken bytes stays UTF-8: its broken cells are reported one by one.
    """
    sample = source.head(_SAMPLE)
    if named := bom(sample) or _wide(sample):
        return named
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    stream, high, multibyte, broken = source.rewind(), bytearray(), 0, 0
    while chunk := stream.read(_CHUNK):
        try:
            text = decoder.decode(chunk)
            multibyte += len(text) - len(text.encode("ascii", "ignore")) if not text.isascii() else 0
        except UnicodeDecodeError:
            decoder.reset()
            text = chunk.decode("utf-8", "replace")
            damaged = text.count("\ufffd")
            broken += damaged
            multibyte += sum(1 for c in text if c > "\x7f") - damaged
        if len(high) < _SAMPLE and not chunk.isascii():
            for match in _HIGH.finditer(chunk):
                high += match[0] + b"\n"
                if len(high) >= _SAMPLE:
                    break
    if broken == 0:
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            broken = 1
    if broken * 4 <= multibyte:
        return "utf-8"
    return _legacy(bytes(high), sample)


def _legacy(high: bytes, sample: bytes) -> str:
    """GB 18030, Big5 or Western, by how common the characters would be, and by headings we know."""
    gb, big5 = _commonness(high, 0xB0, 0xD7, low_trail=False), _commonness(high, 0xA4, 0xC6, low_trail=True)
    lines = sample[:4096].splitlines() or [b""]
    for name in ("gb18030", "big5"):
        seen = known_headings(lines[0].decode(name, "replace")) - known_headings(lines[0].decode("latin-1"))
        if name == "gb18030":
            gb += 0.5 * min(seen, 4)
        else:
            big5 += 0.5 * min(seen, 4)
    if max(gb, big5) < 0.6:
        return "cp1252"
    return "gb18030" if gb >= big5 else "big5"


def _commonness(high: bytes, first: int, last: int, *, low_trail: bool) -> float:
    """The share of two-byte characters that lie in the common block of a Chinese encoding (punctuation included)."""
    common = pairs = at = 0
    while at < len(high) - 1:
        lead, trail = high[at], high[at + 1]
        if lead < 0x80:
            at += 1
            continue
        pairs += 1
        at += 2
        fits = 0xA1 <= trail <= 0xFE or (low_trail and 0x40 <= trail <= 0x7E)
        if fits and (first <= lead <= last or 0xA1 <= lead <= 0xA3):
            common += 1
    return common / pairs if pairs else 0.0


def checked_encoding(name: str) -> str:
    """The encoding a person chose.

    Raises: ImportRefused if it is not known.
    """
    wanted = name.strip().lower().replace("_", "-")
    wanted = {"utf8": "utf-8", "utf16": "utf-16", "gb2312": "gb18030", "gbk": "gb18030", "latin1": "latin-1"}.get(
        wanted, wanted
    )
    if wanted not in {*ENCODINGS, "utf-8-sig", "utf-32"}:
        raise ImportRefused("import.unknown_encoding", value=name, allowed=", ".join(ENCODINGS))
    return "utf-8-sig" if wanted == "utf-8" else wanted


def checked_separator(name: str) -> str:
    """The separator a person chose, as the character or its name.

    Raises: ImportRefused if it is neither.
    """
    if name in SEPARATORS.values():
        return name
    if name.lower() in SEPARATORS:
        return SEPARATORS[name.lower()]
    raise ImportRefused("import.unknown_separator", value=name, allowed=", ".join(SEPARATORS))


def sniff_separator(text: str) -> str:
    """The separator that makes steady rows and headings we know; a comma if the file has one column."""
    best, best_score = ",", (0, False, 1)
    for separator in SEPARATORS.values():
        rows = _first_rows(text, separator)
        if not rows or max(len(r) for r in rows) < 2:
            continue
        widest = max(rows[:5], key=len)
        same = sum(1 for r in rows if len(r) == len(widest))
        score = (known_headings(separator.join(widest), separator), same * 2 > len(rows), len(widest))
        if score > best_score:
            best, best_score = separator, score
    return best


def _first_rows(text: str, separator: str) -> list[list[str]]:
    rows: list[list[str]] = []
    try:
        for row in csv.reader(text.splitlines(keepends=True)[:60], delimiter=separator):
            if any(row):
                rows.append(row)
    except csv.Error:
        return rows
    return rows
