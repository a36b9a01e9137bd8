"""An index that is open for reading: its parts mapped, and for each bucket which rows a unit has where."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from tenure.core.sequences.buckets import bucket_of
from tenure.core.sequences.events import I32, I64, U8
from tenure.warehouse.sequences import parts
from tenure.warehouse.sequences.folder import COPIES, Folder, Manifest
from tenure.warehouse.sequences.parts import Part


@dataclass(frozen=True, slots=True)
class Bucket:
    """The units of a bucket by their keys: the rows of each lie in the bucket's part, or all in the tail."""

    main: Part
    tail: Part | None
    units: I32
    low: I64
    high: I64
    in_tail: U8


class Opened:
    """One state of the index. Its files may be deleted meanwhile: what is mapped stays."""

    def __init__(self, folder: Folder, manifest: Manifest, former: Opened | None = None) -> None:
        self.manifest = manifest
        known = former.parts if former is not None else {}
        self.parts: dict[str, Part] = {}
        for copy in COPIES:
            for name in (*manifest.main[copy], *manifest.tail[copy], *manifest.nobody[copy]):
                self.parts[name] = known.get(name) or parts.read(folder, name, copy)
        self._users, self._accounts = folder.tables(manifest.users), folder.tables(manifest.accounts)
        self.events: list[str] = folder.tables(manifest.events)["text"].to_pylist()
        self._texts = [folder.tables(names) for names in manifest.texts]
        self._buckets: dict[tuple[str, int], Bucket] = {}
        self._guard = threading.Lock()

    @cached_property
    def users(self) -> pa.Table:
        """(key, id) of users, by code."""
        return self._users.combine_chunks()

    @cached_property
    def accounts(self) -> pa.Table:
        """(key, id) of accounts, by code."""
        return self._accounts.combine_chunks()

    @cached_property
    def texts(self) -> dict[str, pa.Table]:
        """Per property that has a column the values, by code."""
        return dict(zip(self.manifest.properties, self._texts, strict=True))

    def nobody(self, copy: str) -> list[Part]:
        """The rows that are in no trail of a copy."""
        return [self.parts[name] for name in self.manifest.nobody[copy]]

    def bucket(self, copy: str, number: int) -> Bucket:
        """The units of a bucket."""
        known = self._buckets.get((copy, number))
        if known is None:
            known = self._bucket(copy, number)
            with self._guard:
                self._buckets[copy, number] = known
        return known

    def _bucket(self, copy: str, number: int) -> Bucket:
        main = self.parts[self.manifest.main[copy][number]]
        low, high = main.first[:-1], main.first[1:]
        if not self.manifest.tail[copy]:
            return Bucket(main, None, main.units, low, high, np.zeros(len(low), np.uint8))
        tail = self.parts[self.manifest.tail[copy][0]]
        here = np.flatnonzero(bucket_of(tail.keys, self.manifest.buckets) == number)
        stays = np.flatnonzero(~np.isin(main.keys, tail.keys[here]))
        keys = np.concatenate([main.keys[stays], tail.keys[here]])
        order = np.argsort(keys)
        return Bucket(
            main,
            tail,
            np.concatenate([main.units[stays], tail.units[here]])[order],
            np.concatenate([low[stays], tail.first[:-1][here]])[order],
            np.concatenate([high[stays], tail.first[1:][here]])[order],
            np.append(np.zeros(len(stays), np.uint8), np.ones(len(here), np.uint8))[order],
        )
