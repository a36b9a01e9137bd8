"""The one door from the web to answers: pages and the API ask through it, and see what their caller may see."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone

import tenure
from tenure.apps.crm import selectors
from tenure.apps.workspaces.permissions import Caller, may, require, require_everything
from tenure.apps.workspaces.services import computing, custom, lake
from tenure.core.definition import Definition
from tenure.warehouse import questions
from tenure.warehouse.answer import Answer
from tenure.warehouse.measures import Condition
from tenure.warehouse.questions.base import Question
from tenure.warehouse.slices import ATTRIBUTES, Where
from tenure.warehouse.workspace import Asking, Workspace

EVERYTHING = Where()
LAST, AGAIN = "last", "again"
WISH: ContextVar[str] = ContextVar("wish", default="")
"""What the reader wants where the cluster failed: its last answer, however old, or that it tries again."""
OLDEST: ContextVar[datetime | None] = ContextVar("oldest", default=None)
"""When the oldest of the answers was computed that a request showed and that may lack what was written since."""


class Computing(Exception):
    """The cluster is at the answer."""

    def __init__(self, done: int, known: int, series: str, last: datetime | None) -> None:
        super().__init__(series)
        self.done, self.known, self.series, self.last = done, known, series, last


@dataclass(frozen=True, slots=True)
class Seen:
    """The workspace as one caller sees it: every answer is of the accounts they may see, and of no others."""

    caller: Caller | None
    """None for a command, which sees everything"""
    opened: Workspace
    owners: tuple[str, ...] | None
    """owners as the accounts spell them whose accounts the caller sees; None is every account"""
    named: str | None = None
    """the metric definition of every question that names none; None is the workspace's own"""
    only: Where = EVERYTHING
    """what the page is narrowed to: further conditions of every question about rows and accounts"""

    @property
    def limited(self) -> bool:
        """Whether the caller sees some accounts only."""
        return self.owners is not None

    @property
    def whole(self) -> Workspace:
        """The workspace without a limit.

        Raises: NotAllowed (permission.scope) for a caller who does not see every account.
        """
        if self.caller is not None:
            require_everything(self.caller, "workspace")
        return self.opened

    def under(self, definition: str | None) -> Seen:
        """The same, where every question that names no metric definition is asked under this one.

        Raises: QuestionRefused if there is no such definition.
        """
        return replace(self, named=self.opened.definition(definition).name if definition else None)

    def narrowed(self, only: Where) -> Seen:
        """The same, where every question that can be is asked about some rows and accounts only."""
        return replace(self, only=only)

    def ask(self, question: Question | Mapping[str, Any]) -> Answer:
        """The answer to a question about the accounts the caller sees; the rows behind it are of the same accounts.

        Raises: NotAllowed: permission.scope for a question that cannot be limited and a caller who is,
                permission.denied for one that names persons and a caller who may not read who they are.
                QuestionRefused for an unknown question, field or value.
                Computing if the answer is the cluster's, and is not there yet.
        """
        asked, limited = self._limited(question)
        answer = self._answered(limited)
        # what was read to answer is of everybody's rows
        return self._told(answer if limited is asked else replace(answer, rows_read={}), asked)

    def stop(self, question: Question | Mapping[str, Any]) -> bool:
        """Let the cluster end with a question that this caller asks; whether it was at it.

        Raises: as `ask` does.
        """
        return computing.stop(self.opened.asking(self._limited(question)[1]).series)

    def _limited(self, question: Question | Mapping[str, Any]) -> tuple[Any, Any]:
        """(the question as it is meant here, the same about what the caller sees: itself for one who sees all)."""
        asked: Any = question if isinstance(question, Question) else questions.parse(question)
        if self.named is not None and getattr(asked, "definition", "") is None:
            asked = replace(asked, definition=self.named)
        where = getattr(asked, "where", None)
        if isinstance(where, Where):
            rows = self.only.rows if asked.of_lines else ()
            where = Where((*where.rows, *rows), (*where.accounts, *self.only.accounts))
            asked = replace(asked, where=where)
        if self.caller is not None and (asked.persons() or self._names_personal(asked)):
            require(self.caller, "read_personal")
        if not self.limited or not asked.of_accounts:
            return asked, asked
        if not isinstance(where, Where):
            require_everything(self.caller, asked.name)
        theirs = Condition("owner", "in", self.owners)
        return asked, replace(asked, where=Where(where.rows, (*where.accounts, theirs)))

    def _names_personal(self, asked: Question) -> bool:
        """Whether a question names a custom field that the caller may not read."""
        text = str(asked.canonical())
        if ATTRIBUTES not in text or self.caller is None or may(self.caller, "read_personal"):
            return False
        return any(f"{ATTRIBUTES}{key}" in text for key in custom.personal_keys("accounts"))

    def _answered(self, asked: Question, cell: Mapping[str, Any] | None = None) -> Answer:
        """The answer, or one whose table is the rows behind a cell; for a page one of the cluster that is there.

        Raises: Computing if the cluster is at it, and TenureError if that failed.
        """
        asking = self.opened.asking(asked, cell)
        if self.caller is None or not asking.goes_to_cluster:
            return asking.answer()
        found, wish = asking.known(), WISH.get()
        if found is None:
            last = asking.last()
            if last is None or not (wish == LAST or computing.is_fresh(last.computed_at)):
                self._begin(asking, last, again=wish == AGAIN)
            else:
                OLDEST.set(min(last.computed_at, OLDEST.get() or last.computed_at))
                found = last
        # the rows behind it are the cluster's, too
        return replace(found, proof=lambda behind: self._answered(asked, behind).table)

    def _begin(self, asking: Asking, last: Answer | None, *, again: bool) -> NoReturn:
        """Let the cluster compute an answer, or tell how it failed."""
        if again:
            computing.forget(asking.series)
        said = computing.begin(asking.series, asking.question.canonical(), asking.cell)
        problem = said.error
        if problem is None:
            raise Computing(said.done, said.known, asking.series, None if last is None else last.computed_at)
        if last is not None:
            problem.where["last"] = last.computed_at.isoformat()
        raise problem

    def _told(self, answer: Answer, asked: Question) -> Answer:
        """The answer without what tells who a person is, for a caller who may not know."""
        if self.caller is None or not asked.personal() or may(self.caller, "read_personal"):
            return answer
        return answer.without(asked.personal())

    def has_account(self, account_id: str) -> bool:
        """Whether there is an account that the caller sees under an id, whatever the page is narrowed to."""
        asked = {"question": "accounts", "where": {"account_id": account_id}}
        return self.narrowed(EVERYTHING).ask(asked).table.num_rows > 0

    def definition(self, name: str | None = None) -> Definition:
        """A metric definition by name; if none is given the one this is under, which is mostly the workspace's own."""
        return self.opened.definition(name or self.named)

    def definitions(self) -> dict[str, Definition]:
        """The metric definitions by name."""
        return self.opened.definitions()

    def versions(self) -> dict[str, int]:
        """The lake versions a question asked now would read."""
        return self.opened.versions()


def workspace(caller: Caller) -> Seen:
    """The workspace as a caller sees it, with every change of the store in its lake."""
    lake.flush()
    return Seen(caller, _opened(Path(settings.TENURE_HOME)), selectors.owner_spellings(caller))


def everything() -> Seen:
    """The workspace as a command sees it: every account, with every change of the store in its lake."""
    lake.flush()
    return Seen(None, _opened(Path(settings.TENURE_HOME)), None)


def as_of() -> datetime:
    """Everything written until then is in what the request has asked so far: now, unless a last answer was shown."""
    return OLDEST.get() or timezone.now()


def today(opened: Seen) -> date:
    """The running day where the workspace is."""
    return timezone.now().astimezone(ZoneInfo(opened.definition().timezone)).date()


@lru_cache(maxsize=4)
def _opened(home: Path) -> Workspace:
    return tenure.open(home, **settings.TENURE_LIMITS)
