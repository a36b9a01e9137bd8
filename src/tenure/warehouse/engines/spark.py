"""Apache Spark over the lake's Parquet files: the same statements and the same kernels, on as many machines as it has.

The files are those the Delta log names for the version asked for, so the cluster needs no jar of ours. Statements are
translated; sequences are dealt out by the unit asked for, sorted inside each part and walked where they lie. Hides the
session, how tables are named to it, how parts come back, and what is said when the cluster is gone.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import pickle
import re
import shutil
import sys
import threading
import uuid
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.fs as pafs

from tenure.core.errors import SettingRefused, TenureError
from tenure.warehouse.engines import functions, translation
from tenure.warehouse.engines.watching import Watch, watched
from tenure.warehouse.lake import Lake, schema_of

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

T = TypeVar("T")
ROWS_PER_PART = 1_000_000
LEAST_PARTS = 4
_PIECE = 32 << 20
"""Bytes of a part's result in one row: Spark takes no more than 2 GB in one."""
_ROWS_AT_ONCE = 65_536
_PIECES = "part int, piece int, said binary"
_SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.caseSensitive": "true",
    "spark.sql.execution.arrow.maxRecordsPerBatch": str(_ROWS_AT_ONCE),
    "spark.sql.execution.pythonUDF.arrow.enabled": "true",
}
"""What an answer depends on; a cluster's own settings cannot change it."""
_USUAL = {
    "spark.app.name": "tenure",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
}
_DOORS = re.compile(r"(?P<kind>spark|sc)://(?P<doors>[^/;]+)")
_DOOR = re.compile(r"(.*?)(?::([^:\]]*))?", re.DOTALL)
_USUAL_PORTS = {"spark": 7077, "sc": 15002}
_TOO_LARGE = re.compile(r"maxResultSize|RESULT_SIZE|too large|Total size of serialized results", re.IGNORECASE)


class SparkEngine:
    """Runs statements and walks on a cluster. For any number of threads; the session begins with the first question.

    `master` is what Spark calls one: local[2], spark://host:7077, yarn, k8s://..., or sc://host of a Connect server.
    """

    def __init__(self, lake: Lake, master: str, *, settings: Mapping[str, str] | None = None) -> None:
        self.lake = lake
        self.master = master
        self._settings = {**_USUAL, **(settings or {}), **_SETTINGS}
        self._session: SparkSession | None = None
        self._process = 0
        self._guard = threading.Lock()
        self._watch = threading.local()

    # ------------------------------------------------------------------------------------------------- questions

    def query(
        self, sql: str, params: Mapping[str, Any] | None = None, tables: Mapping[str, Any] | None = None
    ) -> pa.Table:
        """The rows of one statement; `params` fill $name, those that it does not name are left out."""
        with self._asking() as session, self._named(session, sql, tables or {}) as names:
            return self._rows(session.sql(translation.translated(sql, names), args=_given(sql, params)))

    def walked(
        self,
        sql: str,
        params: Mapping[str, Any],
        tables: Mapping[str, Any],
        order: Sequence[str],
        together: str | None,
        walk: Callable[[pa.Table], T],
    ) -> list[T]:
        """What `walk` makes of the rows of a statement, part by part, in each of which they lie in this order.

        Rows that have the same number or text in the column `together` are in one part; those that have none there, and
        all rows where no column is named, are dealt out by their keys.
        """
        parts = self._parts(tables)
        with self._asking() as session, self._named(session, sql, tables) as names:
            rows = session.sql(translation.translated(sql, names), args=_given(sql, params))
            dealt = rows.repartitionById(parts, _part_of(rows, together, parts))
            ordered = dealt.sortWithinPartitions(*_ascending(order))
            found = self._rows(ordered.mapInArrow(_walking(walk), _PIECES))
        return _unpacked(found)

    def everywhere(self, look: Callable[[pa.Table], T], tasks: int) -> list[T]:
        """What `look` finds where each of so many tasks runs."""
        with self._asking() as session:
            found = session.range(0, tasks, 1, tasks).mapInArrow(_walking(look), _PIECES)
            return _unpacked(self._rows(found))

    @contextmanager
    def watching(self, watch: Watch) -> Iterator[None]:
        """What this thread asks inside is told to the watch, and stopped when the watch wants it."""
        self._watch.now = watch
        try:
            yield
        finally:
            self._watch.now = None

    def close(self) -> None:
        """End the session; the next question begins another."""
        self._end(asks_server=True)

    def _end(self, *, asks_server: bool) -> None:
        with self._guard:
            session, self._session = self._session, None
            ours = self._process == os.getpid()
        if session is None or not ours or (self._remote and not asks_server):
            return
        try:
            session.stop()
        except Exception:  # noqa: BLE001 - a dead gateway throws anything
            if not self._remote:
                _forget_java()

    # --------------------------------------------------------------------------------------------------- session

    @property
    def _remote(self) -> bool:
        return self.master.startswith("sc://")

    def session(self) -> SparkSession:
        """The process' session; a forked process, and one whose session ended, begins another."""
        with self._guard:
            if self._session is None or self._process != os.getpid() or not self._lives(self._session):
                self._session = self._begun()
                self._process = os.getpid()
            return self._session

    def _begun(self) -> SparkSession:
        if importlib.util.find_spec("pyspark") is None:
            raise _not_installed(self.master, "PySpark", "pip install 'tenure[spark]'")
        if not self._remote and shutil.which("java") is None and "JAVA_HOME" not in os.environ:
            raise _not_installed(self.master, "Java", "apt-get install openjdk-17-jre-headless")
        from pyspark.sql import SparkSession
        from pyspark.sql.functions import arrow_udf

        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        logging.getLogger("py4j").setLevel(logging.WARNING)
        builder = SparkSession.builder
        if self._remote:
            session = builder.remote(self.master).create()
            for name in _SETTINGS:
                session.conf.set(name, self._settings[name])
        else:
            for name, value in self._settings.items():
                builder = builder.config(name, value)
            session = builder.master(self.master).getOrCreate()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # about pandas, which nothing here uses
            session.udf.register(functions.TEXT_OF, arrow_udf(functions.text_of, "string"))
            session.udf.register(functions.NUMBER_OF, arrow_udf(functions.number_of, "double"))
        return session

    def _lives(self, session: SparkSession) -> bool:
        if self._remote:
            return not session.is_stopped
        context = session.sparkContext
        return context._jsc is not None and not context._jsc.sc().isStopped()

    @contextmanager
    def _asking(self) -> Iterator[SparkSession]:
        """The session while one question is asked; what Spark says of the cluster becomes what a person can do."""
        watch: Watch | None = getattr(self._watch, "now", None)
        with self._refusals(watch):
            try:
                reach(self.master)
            except TenureError:
                # a master that is started again knows nothing of this session; a server would be asked for minutes
                self._end(asks_server=False)
                raise
            session = self.session()
            with watched(session, watch, remote=self._remote):
                yield session

    @contextmanager
    def _refusals(self, watch: Watch | None) -> Iterator[None]:
        try:
            yield
        except TenureError:
            raise
        except Exception as error:
            if not _of_spark(error):
                raise
            if watch is not None and watch.stopped:
                raise TenureError(
                    "engine.cancelled",
                    "The question was cancelled.",
                    fix="Ask it again when you need it.",
                ) from error
            detail = str(error).strip().split("\n", 1)[0][:300]
            if self._session is None or not self._alive():
                self._end(asks_server=False)
                raise lost(self.master, detail) from error
            raise TenureError(
                "engine.cluster_failed",
                "The cluster could not compute the answer.",
                fix="Ask again; `tenure doctor` looks at the cluster, and its own log says more.",
                detail=detail,
            ) from error

    def _alive(self) -> bool:
        try:
            reach(self.master)
            return self._session is not None and self._lives(self._session)
        except Exception:  # noqa: BLE001 - a dead gateway throws anything
            return False

    # ---------------------------------------------------------------------------------------------------- tables

    @contextmanager
    def _named(self, session: SparkSession, sql: str, tables: Mapping[str, Any]) -> Iterator[dict[str, str]]:
        """The names under which the session knows the tables of a statement, while it runs."""
        mark = uuid.uuid4().hex[:12]
        names = {name: f"{name}_{mark}" for name in translation.tables_of(sql)}
        missing = names.keys() - tables.keys()
        if missing:
            raise ValueError(f"the statement reads tables that are not given: {', '.join(sorted(missing))}")
        try:
            for name, known in names.items():
                self._frame(session, name, tables[name], translation.columns_of(sql)).createOrReplaceTempView(known)
            yield names
        finally:
            for known in names.values():
                session.catalog.dropTempView(known)

    def _frame(self, session: SparkSession, name: str, given: Any, named: Set[str] | None) -> DataFrame:
        from pyspark.sql.pandas.types import from_arrow_schema

        if isinstance(given, pa.Table):
            if given.num_rows:
                return session.createDataFrame(given)
            return session.createDataFrame([], from_arrow_schema(given.schema))
        whole = schema_of(name)
        files = given if isinstance(given, list) else [] if given is None else self.lake.files(name, given)
        if not files:
            return session.createDataFrame([], from_arrow_schema(whole))
        if not self.lake.storage.shared:
            return session.read.schema(from_arrow_schema(whole)).parquet(*map(_address, files))
        shape = pa.schema([field for field in whole if named is None or field.name in named] or [whole.field(0)])
        read = _reading(self.lake.storage.files, [self.lake.storage.inside(file) for file in files], shape)
        return session.range(0, len(files), 1, len(files)).mapInArrow(read, from_arrow_schema(shape))

    def _parts(self, tables: Mapping[str, Any]) -> int:
        """Into how many parts rows are dealt: a power of two, about a million rows of the largest table in each."""
        counts = [self.lake.count(name, given) for name, given in tables.items() if isinstance(given, int)]
        parts = LEAST_PARTS
        while parts * ROWS_PER_PART < max(counts, default=0):
            parts *= 2
        return parts

    def _rows(self, found: DataFrame) -> pa.Table:
        """The rows of a frame: small ones as they are, large ones by way of files that the executors write."""
        try:
            return _nullable(found.toArrow())
        except Exception as error:
            if not (_of_spark(error) and _TOO_LARGE.search(str(error))):
                raise
        from pyspark.sql.pandas.types import to_arrow_schema

        shape, files = to_arrow_schema(found.schema, timezone="UTC"), self.lake.storage.files or pafs.LocalFileSystem()
        with self.lake.storage.aside() as folder:
            written = found.mapInArrow(_writing(files, folder), "file string").toArrow()
            parts = [shape.empty_table()]
            for file in sorted(written["file"].to_pylist()):
                with files.open_input_file(file) as source:
                    parts.append(pa.ipc.open_file(source).read_all().cast(shape))
        return _nullable(pa.concat_tables(parts))


# ------------------------------------------------------------------------------------------------- what is sent


def _given(sql: str, params: Mapping[str, Any] | None) -> dict[str, Any]:
    given = dict(params or {})
    return {name: given[name] for name in translation.parameters_of(sql)}


def _part_of(rows: DataFrame, together: str | None, parts: int) -> Any:
    """The part of a row: keys by their leading bits, so that parts follow each other in the order of keys."""
    from pyspark.sql import functions as f

    anywhere = f.pmod(f.coalesce(f.col("row_key"), f.lit(0)), f.lit(parts)).cast("int")
    if together is None:
        return anywhere
    column = f.col(together)
    if rows.schema[together].dataType.typeName() == "string":
        own = f.pmod(f.xxhash64(column), f.lit(parts))
    else:
        own = f.shiftright(column, 65 - parts.bit_length()) + f.lit(parts // 2)
    return f.when(column.isNull(), anywhere).otherwise(own.cast("int"))


def _ascending(order: Sequence[str]) -> list[Any]:
    from pyspark.sql import functions as f

    return [f.col(name).asc_nulls_last() for name in order]


def _walking(walk: Callable[[pa.Table], Any]) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """What an executor does with a part: the walk's result goes back in pieces."""

    def walking(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        from pyspark import TaskContext

        held = list(batches)
        if not any(batch.num_rows for batch in held):
            return
        said = pickle.dumps(walk(pa.Table.from_batches(held)), protocol=pickle.HIGHEST_PROTOCOL)
        part = TaskContext.get().partitionId()
        for piece, begin in enumerate(range(0, len(said), _PIECE)):
            columns = [pa.array([part], pa.int32()), pa.array([piece], pa.int32())]
            columns.append(pa.array([said[begin : begin + _PIECE]], pa.binary()))
            yield pa.RecordBatch.from_arrays(columns, ["part", "piece", "said"])

    return walking


def _unpacked(found: pa.Table) -> list[Any]:
    """The results of all parts, in their order."""
    ordered = found.sort_by([("part", "ascending"), ("piece", "ascending")])
    parts: dict[int, list[bytes]] = {}
    for part, said in zip(ordered["part"].to_pylist(), ordered["said"], strict=True):
        parts.setdefault(part, []).append(said.as_buffer())
    return [pickle.loads(b"".join(pieces)) for pieces in parts.values()]


def _nullable(rows: pa.Table) -> pa.Table:
    """Rows whose columns do not say what Spark knows of their nulls."""
    return rows.cast(pa.schema([field.with_nullable(True).with_metadata({}) for field in rows.schema]))


def _address(file: str) -> str:
    """A file as Spark takes it, which reads patterns into names."""
    return "file://" + re.sub(r"([\[\]{}*?\\])", r"\\\1", file)


def _reading(
    files: pafs.FileSystem, places: Sequence[str], shape: pa.Schema
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """What an executor does with the numbers of files in object storage: it reads them as this machine would."""

    def reading(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for number in batch["id"].to_pylist():
                whole = ds.dataset([places[number]], schema=shape, format="parquet", filesystem=files)
                yield from whole.to_batches(batch_size=_ROWS_AT_ONCE)

    return reading


def _writing(files: pafs.FileSystem, folder: str) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """What an executor does with a part that is too large to be sent: it writes a file, whose name goes back."""

    def writing(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        from pyspark import TaskContext

        task = TaskContext.get()
        place = f"{folder}/{task.partitionId():08d}-{task.taskAttemptId()}.arrow"
        some = iter(batches)
        first = next(some, None)
        if first is None:
            return
        with files.open_output_stream(place) as sink, pa.ipc.new_file(sink, first.schema) as writer:
            writer.write_batch(first)
            for batch in some:
                writer.write_batch(batch)
        yield pa.RecordBatch.from_arrays([pa.array([place])], ["file"])

    return writing


# --------------------------------------------------------------------------------------------------- the cluster


def reach(master: str) -> None:
    """Knock at the cluster's door.

    Raises: TenureError (engine.cluster_lost) if nobody answers there.
    """
    import socket

    found = _DOORS.match(master)
    if found is None:
        return
    said = ""
    for door in found["doors"].split(","):
        named = _DOOR.fullmatch(door)
        assert named is not None  # any text has a host, and perhaps a port
        host, port = named.groups()
        try:
            with socket.create_connection((host.strip("[]"), int(port or _USUAL_PORTS[found["kind"]])), timeout=5):
                return
        except (OSError, ValueError) as error:
            said = str(error)
    raise lost(master, said)


def shown(master: str) -> str:
    """A master as it may be shown: the address of a Connect server may carry a token."""
    return master.split("/;", 1)[0]


def lost(master: str, detail: str) -> TenureError:
    """The error of a cluster that does not answer."""
    place = shown(master)
    return TenureError(
        "engine.cluster_lost",
        f"The cluster at {place} does not answer.",
        fix="Start its master again, or set TENURE_ENGINE to duckdb; `tenure doctor` looks at the cluster.",
        value=place,
        detail=detail,
    )


def _forget_java() -> None:
    """Let the next session start another Java: PySpark holds on to one that died."""
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

    SparkContext._gateway = SparkContext._jvm = SparkContext._active_spark_context = None
    SparkSession._instantiatedSession = SparkSession._activeSession = None


def _not_installed(master: str, what: str, command: str) -> SettingRefused:
    place = shown(master)
    return SettingRefused(
        "engine.not_installed",
        f"{what} is not on this machine, which the engine {place} needs.",
        fix=f"Install it: {command}; or set TENURE_ENGINE to duckdb.",
        value=place,
        what=what,
        command=command,
    )


def _of_spark(error: Exception) -> bool:
    return type(error).__module__.split(".")[0] in {"pyspark", "py4j", "grpc"} or isinstance(
        error, (ConnectionError, EOFError)
    )
