"""How much one file may ask of this machine. Every limit is checked before the work it would cost."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one file; `Limits()` is what the command and the API use."""

    file_bytes: int = 4 * 1024**3
    """the file as it lies on disk"""
    unpacked_bytes: int = 8 * 1024**3
    """a .gz file, unpacked"""
    pack_ratio: int = 300
    """unpacked over packed bytes of a .gz or .xlsx entry, once it is over `pack_floor`"""
    pack_floor: int = 32 * 1024**2
    workbook_bytes: int = 1024**3
    """all entries of a workbook together, unpacked"""
    workbook_entries: int = 2_000
    workbook_rows: int = 1_048_576
    workbook_columns: int = 16_384
    workbook_cells: int = 6_000_000
    """rows x columns of the used range of a sheet: it is held in memory"""
    columns: int = 500
    rows: int = 20_000_000
    line_characters: int = 1_000_000
    """one line of a text file, or one JSON object"""
    cell_characters: int = 131_072
    text_characters: int = 1_000
    batch_rows: int = 32_768
    problems_kept: int = 200
    """problems held in memory for the preview; the report file has all of them"""
    error_cells: int = 100_000
