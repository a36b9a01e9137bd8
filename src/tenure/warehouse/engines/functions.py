"""Functions that an executor computes with DuckDB, so that they mean there what they mean on one machine.

They take and give Arrow arrays. An executor has one connection for each of its threads.
"""

from __future__ import annotations

import threading

import duckdb
import pyarrow as pa

TEXT_OF = "tenure_text_of"
"""(JSON text, pointer) -> the text at the pointer; null where there is none."""
NUMBER_OF = "tenure_number_of"
"""(text) -> the number it is; null where it is none."""
_here = threading.local()


def text_of(documents: pa.Array, pointers: pa.Array) -> pa.Array:
    """The text that stands in each document at the pointer beside it."""
    return _computed("SELECT JSON_EXTRACT_STRING(document, pointer) AS found FROM given", documents, pointers)


def number_of(texts: pa.Array) -> pa.Array:
    """The number that each text is."""
    return _computed("SELECT TRY_CAST(document AS DOUBLE) AS found FROM given", texts, None)


def _computed(sql: str, documents: pa.Array, pointers: pa.Array | None) -> pa.Array:
    connection = getattr(_here, "connection", None)
    if connection is None:
        connection = _here.connection = duckdb.connect(":memory:", config={"threads": 1})
    beside = {} if pointers is None else {"pointer": pointers}
    connection.register("given", pa.table({"document": documents, **beside}))
    try:
        found: pa.Array = connection.sql(sql).to_arrow_table()["found"].combine_chunks()
    finally:
        connection.unregister("given")
    return found if isinstance(found, pa.Array) else pa.concat_arrays(found.chunks)
