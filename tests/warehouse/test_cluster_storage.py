"""A cluster reads a lake in object storage as one machine does."""

from __future__ import annotations

from pathlib import Path

import pytest

import tenure
from clusters import IN_PROCESS, SETTINGS, differences, too_large, without_spark
from tenure.warehouse.engines import checking
from warehouse.test_storage import ASKED, questions


@pytest.mark.skipif(bool(without_spark()), reason=without_spark())
def test_a_cluster_reads_a_bucket(bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No jar is needed; what is too large for the driver goes by way of the bucket, and nothing of it stays there."""
    here = tenure.open(tmp_path / "here", lake=bucket, threads=2)
    questions(here)
    there = tenure.open(tmp_path / "there", lake=bucket, engine=IN_PROCESS, cluster_rows=0, cluster_settings=SETTINGS)
    cluster = there.engine.cluster
    assert cluster is not None
    for asked in ASKED[:2]:
        one, other = here.ask(asked), there.ask(asked)
        assert not differences(one.table, other.table)
        cell = {"step": "2"} if asked["question"] == "funnel" else {"period": "2024-03", "kind": "new"}
        assert one.rows_behind(cell).num_rows > 0
        assert not differences(one.rows_behind(cell), other.rows_behind(cell))
    tables = {"events": there.lake.version("events")}
    for sql in ("SELECT count(*) AS n FROM events", "SELECT e.* FROM events AS e ORDER BY e.row_key"):
        small = cluster.query(sql, {}, tables)
        assert not differences(small, here.engine.query(sql, {}, tables))
        with too_large(monkeypatch, cluster):
            assert not differences(small, cluster.query(sql, {}, tables))
    assert there.lake.storage.names("_cluster") == []
    assert {machine.unread for machine in checking.executors(cluster)} == {""}
    file = there.lake.storage.inside(there.lake.files("events")[0])
    there.lake.storage.files.delete_file(file)  # type: ignore[union-attr]
    monkeypatch.setattr(checking, "a_file", lambda lake: "s3://" + file)
    (unread,) = {machine.unread for machine in checking.executors(cluster)}
    assert file in unread
