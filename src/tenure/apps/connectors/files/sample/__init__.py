"""The sample of `make demo`: a small invented firm. Made by `scripts/make_sample.py`, never edited by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from importlib.resources import as_file
from importlib.resources import files as resources
from pathlib import Path

KINDS = ("accounts", "subscriptions", "discounts", "contracts", "fx_rates", "invoice_lines")
"""The sample's files in the order in which they are best imported: what is referred to comes first."""

SETTINGS: Mapping[str, str] = {"TENURE_REPORTING_CURRENCY": "CNY", "TENURE_TIMEZONE": "Asia/Shanghai"}
"""What the firm reports in: its exchange rates are in yuan."""


@contextmanager
def files() -> Iterator[dict[str, Path]]:
    """{kind: path} of the sample's files, also where the package is not unpacked on the disk."""
    with ExitStack() as stack:
        yield {kind: stack.enter_context(as_file(resources(__name__) / f"{kind}.csv")) for kind in KINDS}
