"""What people decided about numbers: definitions, closed months, targets, annotations."""

from __future__ import annotations

from tenure.warehouse.schema.columns import FLAWS, IDENTITY, Column, Table, day_columns

TABLES = (
    Table(
        "metric_definitions",
        "Named and versioned settings that change numbers.",
        ("name", "version"),
        ("name", "version", "settings"),
        (
            Column("name", "text", "the definition's name"),
            Column("version", "integer", "1, 2, ..."),
            Column("settings", "json", "the settings, as JSON"),
            Column("author", "text", "who wrote it"),
            *IDENTITY,
            FLAWS,
        ),
    ),
    Table(
        "closes",
        "Months that a person has closed: from then on, changes show as restatements.",
        ("month",),
        ("month", "closed_at", "closed_by"),
        (
            Column("month", "text", "the month, as 2024-03"),
            Column("closed_at", "stamp", "what was known at this moment is the closed figure"),
            Column("closed_by", "text", "the person's name"),
            Column("note", "text", "why, if anything is to be said"),
            *IDENTITY,
            FLAWS,
        ),
    ),
    Table(
        "targets",
        "What metrics should be at the close of a period.",
        ("metric", "period"),
        ("metric", "period", "value"),
        (
            Column("metric", "text", "the metric's name"),
            Column("period", "text", "the period, as 2026-12, 2026-Q4, 2026 or FY2026"),
            Column("value", "number", "the value aimed at: money of the reporting currency, or a share such as 0.9"),
            *IDENTITY,
            FLAWS,
        ),
    ),
    Table(
        "annotations",
        "What happened on a day, for the charts over time.",
        ("annotation_id",),
        ("annotation_id", "day", "kind", "text"),
        (
            Column("annotation_id", "text", "the annotation's id"),
            *day_columns("day", "the day it happened"),
            Column("kind", "text", "release, price, campaign or other"),
            Column("text", "text", "what happened, in a few words"),
            *IDENTITY,
            FLAWS,
        ),
    ),
)
