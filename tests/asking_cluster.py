"""Asks a cluster the questions that come in line by line, and says how far it is and what it was told.

python asking_cluster.py WORKSPACE MASTER
"""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa

from tenure.core.errors import TenureError
from tenure.warehouse.cache import AnswerCache
from tenure.warehouse.engines import spark
from tenure.warehouse.engines.watching import Watch
from tenure.warehouse.workspace import Workspace

SETTINGS = {
    "spark.driver.host": "127.0.0.1",
    "spark.ui.enabled": "false",
    "spark.executor.memory": "700m",
    "spark.sql.shuffle.partitions": "8",
    "spark.sql.files.maxPartitionBytes": "1m",
}
ROWS_PER_PART = 4_000
"""So that there are many tasks, and the middle of a question is long enough to be met."""


def said(**what: Any) -> None:
    print(json.dumps(what, default=str), flush=True)


def main() -> None:
    spark.ROWS_PER_PART = ROWS_PER_PART
    workspace = Workspace.open(Path(sys.argv[1]), engine=sys.argv[2], cluster_rows=0, cluster_settings=SETTINGS)
    workspace.sequences, workspace._answers = None, AnswerCache(None)
    cluster = workspace.engine.cluster
    assert cluster is not None
    for line in sys.stdin:
        watch = Watch(lambda done, known: said(done=done, known=known), lambda: False)
        try:
            with cluster.watching(watch):
                table = workspace.ask(json.loads(line)).table
        except TenureError as error:
            said(error=error.as_dict())
            continue
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        said(table=base64.b64encode(sink.getvalue()).decode())


if __name__ == "__main__":
    main()
