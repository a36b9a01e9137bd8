"""Good files broken at random, from a seed: whatever comes out, an import is whole or refused, and nothing else."""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from apps.connectors.made_files import archive, row, workbook

SAMPLE = Path(__file__).parent / "sample"
"""A small invented firm: seats up and down, plans changed, discounts, pauses, contracts, two currencies."""
ROWS = 40
ODD = [
    "",
    "\x00",
    '"',
    "'",
    ",",
    ";",
    "\t",
    "\n",
    "\r",
    "=1+1",
    "-",
    "9" * 400,
    "1e308",
    "-1",
    "0",
    "NaN",
    "∞",
    "\ufeff",
    "\u202e",
    "😀",
    "\ud800",
    "31/02/2026",
    "0000-00-00",
    "9999-12-31",
    "10000-01-01",
    "￥１００",
    "{",
    "[[",
    "null",
    "True",
    "\\",
    "%s",
    "{0}",
]


@dataclass(frozen=True)
class Good:
    """A file that imports without a word."""

    kind: str
    form: str
    content: bytes


def good_files() -> list[Good]:
    """The tables of `sample` in every format."""
    found = []
    for kind in ("subscriptions", "contracts", "accounts", "discounts", "invoice_lines", "fx_rates"):
        text = (SAMPLE / f"{kind}.csv").read_text(encoding="utf-8")
        table = list(csv.reader(io.StringIO(text)))[: ROWS + 1]
        headings, rows = table[0], table[1:]
        plain = _csv(table, ",")
        found += [
            Good(kind, "csv", plain.encode()),
            Good(kind, "gbk", _csv(table, ";").encode("gb18030")),
            Good(kind, "utf16", _csv(table, "\t").encode("utf-16")),
            Good(kind, "gz", gzip.compress(plain.encode(), mtime=0)),
            Good(kind, "jsonl", "\n".join(json.dumps(dict(zip(headings, r, strict=True))) for r in rows).encode()),
            Good(kind, "xlsx", workbook(data="".join(row(n, *r) for n, r in enumerate(table, 1)))),
            Good(kind, "parquet", _parquet(headings, rows)),
        ]
    return found


def _csv(table: list[list[str]], separator: str) -> str:
    sink = io.StringIO()
    csv.writer(sink, delimiter=separator, lineterminator="\r\n").writerows(table)
    return sink.getvalue()


def _parquet(headings: list[str], rows: list[list[str]]) -> bytes:
    sink = io.BytesIO()
    columns = zip(*rows, strict=True)
    pq.write_table(pa.table({h: list(c) for h, c in zip(headings, columns, strict=True)}), sink)
    return sink.getvalue()


def broken(good: Good, rng: random.Random) -> bytes:
    """The file after one to four random accidents."""
    content = good.content
    for _ in range(rng.choice((1, 1, 2, 4))):
        if good.form == "xlsx" and rng.random() < 0.7:
            content = _in_workbook(content, rng)
        elif good.form in ("xlsx", "parquet", "gz") or rng.random() < 0.5:
            content = rng.choice(BYTES)(content, rng)
        else:
            content = rng.choice(TEXTS)(content, rng)
    return content


def _flip(content: bytes, rng: random.Random) -> bytes:
    found = bytearray(content)
    for _ in range(rng.choice((1, 3, 20))):
        if found:
            found[rng.randrange(len(found))] ^= 1 << rng.randrange(8)
    return bytes(found)


def _cut(content: bytes, rng: random.Random) -> bytes:
    return content[: rng.randrange(len(content) + 1)]


def _drop(content: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(content) + 1)
    return content[:at] + content[at + rng.choice((1, 2, 30, 500)) :]


def _repeat(content: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(content) + 1)
    piece = content[at : at + rng.choice((1, 8, 200))]
    return content[:at] + piece * rng.choice((2, 3, 50)) + content[at:]


def _insert(content: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(content) + 1)
    odd = rng.choice(
        (b"\x00" * 9, b"\xff\xfe", b"\xef\xbb\xbf", b'"', b"\r", b"\n\n\n", bytes(range(256)), b"A" * 5000)
    )
    return content[:at] + odd + content[at:]


def _overwrite(content: bytes, rng: random.Random) -> bytes:
    at, length = rng.randrange(len(content) + 1), rng.choice((1, 4, 64))
    return content[:at] + rng.randbytes(length) + content[at + length :]


def _lines(content: bytes, rng: random.Random) -> bytes:
    """Lines swapped, lost, doubled, or the headings again in the middle."""
    lines = content.split(b"\n")
    a, b = rng.randrange(len(lines)), rng.randrange(len(lines))
    match rng.randrange(4):
        case 0:
            lines[a], lines[b] = lines[b], lines[a]
        case 1:
            del lines[a]
        case 2:
            lines.insert(a, lines[b])
        case _:
            lines.insert(a, lines[0])
    return b"\n".join(lines)


def _cells(content: bytes, rng: random.Random) -> bytes:
    """A cell replaced by something odd, or two cells of a line exchanged."""
    lines = content.split(b"\n")
    at = rng.randrange(len(lines))
    cells = lines[at].split(b",")
    a, b = rng.randrange(len(cells)), rng.randrange(len(cells))
    if rng.random() < 0.5:
        cells[a], cells[b] = cells[b], cells[a]
    else:
        cells[a] = rng.choice(ODD).encode("utf-8", "surrogatepass")
    lines[at] = b",".join(cells)
    return b"\n".join(lines)


def _heading(content: bytes, rng: random.Random) -> bytes:
    """The first line doubled, emptied or with one heading for all columns."""
    first, _, rest = content.partition(b"\n")
    cells = first.split(b",")
    made = rng.choice((first + b"," + first, b"", b",".join([cells[0]] * len(cells)), first.upper(), first[::-1]))
    return made + b"\n" + rest


BYTES: list[Callable[[bytes, random.Random], bytes]] = [_flip, _cut, _drop, _repeat, _insert, _overwrite]
TEXTS: list[Callable[[bytes, random.Random], bytes]] = [_lines, _cells, _cells, _heading]


def _in_workbook(content: bytes, rng: random.Random) -> bytes:
    """An accident inside one part of the workbook, with a zip around it that is whole."""
    try:
        packed = zipfile.ZipFile(io.BytesIO(content))
        parts = {name: packed.read(name) for name in packed.namelist()}
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, LookupError, RuntimeError, EOFError):
        return _flip(content, rng)
    name = rng.choice([*parts, "xl/worksheets/sheet1.xml", "xl/worksheets/sheet1.xml"])
    part = parts.get(name, b"")
    change = rng.randrange(4)
    if change == 0:
        parts[name] = rng.choice(BYTES)(part, rng)
    elif change == 1:
        place = rng.choice(
            (b'r="A1000000000"', b'r="AAAA1"', b'r="-1"', b'r=""', b't="e"', b't="s"', b'r="XFD1048576"')
        )
        at = part.find(b'r="', rng.randrange(len(part) + 1))
        parts[name] = part if at < 0 else part[:at] + place + part[part.find(b'"', at + 3) + 1 :]
    elif change == 2:
        odd = rng.choice(ODD).encode("utf-8", "surrogatepass")
        at = part.find(b"<t>", rng.randrange(len(part) + 1))
        parts[name] = part if at < 0 else part[: at + 3] + odd + part[part.find(b"</t>", at) :]
    else:
        parts.pop(name, None)
    return archive(parts)


def accidents(count: int, seed: int) -> Iterator[tuple[int, Good, bytes]]:
    """`count` broken files, each from its own number, so that any of them can be made again."""
    goods = good_files()
    for number in range(count):
        rng = random.Random(f"{seed}-{number}")
        good = goods[rng.randrange(len(goods))]
        yield number, good, broken(good, rng)


@dataclass
class Tally:
    """What became of the files tried."""

    imported: int = 0
    refused: int = 0


def try_files(count: int, seed: int, *, until: Callable[[], bool] = lambda: False) -> Tally:
    """Import every broken file; a fault of ours is raised with the number that makes it again."""
    from tenure.apps.connectors import files
    from tenure.apps.workspaces.models import OutboxEntry

    tally = Tally()
    before = _written()
    outbox = OutboxEntry.objects.count()
    for number, good, content in accidents(count, seed):
        if until():
            break
        name = f"accident {number} of {seed} ({good.kind}, {good.form})"
        options = files.Options(skip_bad=number % 2 == 0)
        try:
            result = files.run_import(content, good.kind, options, by="accidents", name=name)
        except files.ImportRefused as refused:
            tally.refused += 1
            told = bool(refused.message and refused.fix)
        except Exception as fault:
            raise AssertionError(f"{name}: {type(fault).__name__}: {fault}") from fault
        else:
            tally.imported += 1
            told = True
            before, outbox = before + result.created + result.changed, OutboxEntry.objects.count()
        assert told, f"{name}: refused without a remedy"
        assert _written() == before, f"{name}: the store has other rows than the import said"
        assert OutboxEntry.objects.count() == outbox, f"{name}: refused, and yet the lake would hear of it"
    return tally


def _written() -> int:
    """Every version in the store."""
    from tenure.apps.crm import services as crm
    from tenure.apps.subscriptions import services as subscriptions

    return sum(model.objects.count() for model in {**crm.MODELS, **subscriptions.MODELS}.values())
