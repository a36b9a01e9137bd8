"""Parquet files. Hides Arrow's types: every column is handed on as the text it would be in a CSV file."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tenure.apps.connectors.files.limits import Limits
from tenure.apps.connectors.files.problems import ImportRefused
from tenure.apps.connectors.files.readers import Batch, Facts, Tell
from tenure.apps.connectors.files.readers.records import as_cell
from tenure.apps.connectors.files.source import Source


class ParquetReader:
    """A flat or nested Parquet table, read a row group's piece at a time."""

    def __init__(self, source: Source, limits: Limits) -> None:
        import pyarrow.parquet as pq

        self._source, self._limits = source, limits
        try:
            self._file = pq.ParquetFile(source.rewind(), memory_map=False)
            meta, schema = self._file.metadata, self._file.schema_arrow
            largest = max((meta.row_group(i).total_byte_size for i in range(meta.num_row_groups)), default=0)
        except (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError) as error:
            raise ImportRefused("import.damaged", file=source.name, detail=str(error)[:200]) from error
        if meta.num_rows > limits.rows:
            raise ImportRefused("import.too_many_rows", file=source.name, limit=limits.rows)
        if largest > limits.workbook_bytes:
            raise ImportRefused("import.too_big", file=source.name, size=largest, limit=limits.workbook_bytes)
        if len(schema) > limits.columns:
            raise ImportRefused("import.too_many_columns", file=source.name, count=len(schema), limit=limits.columns)
        self.facts = Facts("parquet")
        self.headings = [str(name) for name in schema.names]
        self.total = meta.num_rows
        if not self.headings:
            raise ImportRefused("import.no_heading", file=source.name)

    def batches(self, tell: Tell) -> Iterator[Batch]:
        row = 2
        try:
            for batch in self._file.iter_batches(batch_size=self._limits.batch_rows):
                columns = [texts(column) for column in batch.columns]
                yield Batch(columns, np.arange(row, row + batch.num_rows, dtype=np.int64), row - 2 + batch.num_rows)
                row += batch.num_rows
        except (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError, UnicodeDecodeError) as error:
            raise ImportRefused("import.damaged", file=self._source.name, detail=str(error)[:200]) from error


def texts(column: pa.Array) -> pa.Array:
    """An Arrow column as text; lists and structs as JSON."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return texts(column.dictionary_decode())
    if pa.types.is_string(kind):
        column.validate(full=True)
        return column
    if pa.types.is_null(kind):
        return pa.nulls(len(column), pa.string())
    if pa.types.is_floating(kind):
        column = pc.cast(column, pa.float64())
        return pa.array([None if v is None else _number(v) for v in column.to_pylist()], pa.string())
    if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return pa.array(
            [as_cell(v if not isinstance(v, bytes) else v.decode("utf-8", "replace")) for v in column.to_pylist()],
            pa.string(),
        )
    made = pc.cast(column, pa.string())
    made.validate(full=True)
    return made


def _number(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
