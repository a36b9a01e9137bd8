"""Files made by hand, so that they can be as wrong as a test needs."""

from __future__ import annotations

import io
import zipfile
from xml.sax.saxutils import escape

_BOOK = (
    '<?xml version="1.0" encoding="UTF-8"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>{sheets}</sheets></workbook>'
)
_LINKS = (
    '<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    "{links}</Relationships>"
)
_TYPES = (
    '<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="xml" ContentType="application/xml"/></Types>'
)
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
_TYPE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"
_SHEET = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{rows}</sheetData></worksheet>'


HEADINGS = "account_id,subscription_id,currency,amount,quantity,interval,start,end"
GOOD = "A1,S1,CNY,100,2,month,2026-01-01,2026-07-01"


def table(*rows: str, headings: str = HEADINGS) -> bytes:
    """A CSV file, of subscriptions unless other headings are given."""
    return "\n".join([headings, *rows, ""]).encode()


def letter(index: int) -> str:
    return chr(ord("A") + index)


def cell(place: str, value: str | float) -> str:
    if isinstance(value, str):
        return f'<c r="{place}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    return f'<c r="{place}"><v>{value}</v></c>'


def row(number: int, *values: str | float) -> str:
    cells = "".join(cell(f"{letter(i)}{number}", v) for i, v in enumerate(values) if v != "")
    return f'<row r="{number}">{cells}</row>'


def workbook(**sheets: str) -> bytes:
    """A workbook of sheets given as the XML inside `sheetData`."""
    names = list(sheets)
    return archive(
        {
            "[Content_Types].xml": _TYPES,
            "_rels/.rels": _LINKS.format(links=f'<Relationship Id="rId1" Type="{_OFFICE}" Target="xl/workbook.xml"/>'),
            "xl/workbook.xml": _BOOK.format(
                sheets="".join(f'<sheet name="{n}" sheetId="{i}" r:id="rId{i}"/>' for i, n in enumerate(names, 1))
            ),
            "xl/_rels/workbook.xml.rels": _LINKS.format(
                links="".join(
                    f'<Relationship Id="rId{i}" Type="{_TYPE}" Target="worksheets/sheet{i}.xml"/>'
                    for i in range(1, len(names) + 1)
                )
            ),
            **{f"xl/worksheets/sheet{i}.xml": _SHEET.format(rows=sheets[n]) for i, n in enumerate(names, 1)},
        }
    )


def archive(parts: dict[str, str | bytes]) -> bytes:
    """A zip file of `parts`; its entries carry no time of day, so the same parts make the same bytes."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as packed:
        for name, content in parts.items():
            packed.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return sink.getvalue()
