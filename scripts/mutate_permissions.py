"""Take each check of who may do or see what away, one at a time, and see that a test notices each.

    python scripts/mutate_permissions.py [--only PART ...] [--jobs 2] [--list]

The mistakes are made from the code: every `@requires(...)` of a view is removed, and lowered to what everybody may;
every `allowed(...)` of the API lets everybody in; every permission is given to every role and, where it touches all
accounts, to who sees some of them; every condition by which a record, a figure or a name is limited to the accounts of
its reader is taken away. Each is made in a copy of the tree, in which first the tests run that are about its addresses
or its rule, and, if these do not notice it, all of access and scope. All must be noticed. A condition whose text is
gone or stands twice is an error: rewrite it with the code.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from mistakes import SOURCE, Mutation, Try, chosen, run

ACCESS, SCOPE = "tests/web/test_access.py", "tests/web/test_scope.py"
PEOPLE = "tests/apps/workspaces/test_people.py"
QUICK = ("--no-migrations",)
"""The tables are made from the models: migrations are tested elsewhere."""
PERMISSIONS = "apps/workspaces/permissions.py"
CRM = "apps/crm/selectors.py"
SUBSCRIPTIONS = "apps/subscriptions/selectors.py"
ASKING = "web/asking.py"
KINDS = "web/records/kinds.py"
QUESTIONS = "warehouse/questions"
MADE_IN_A_LOOP = {"record_list": "contracts", "record_file": "contracts_file"}
"""Views whose addresses urls.py does not write out, with the name of one of them."""

OF_EVERYBODY = {"ask", "own_account"}
"""Permissions that every role has."""
CHECKED_AGAIN = {"erase"}
"""Permissions the service asks for too: without its check the API refuses all the same."""


class Condition(NamedTuple):
    """What limits a reader to their accounts, by a word of the tests in which its loss shows first."""

    shows: str
    mutation: Mutation


CONDITIONS = (
    Condition(
        "touches_every_account",
        Mutation(
            "some accounts are all", PERMISSIONS, "(permission not in OF_EVERYTHING or sees_everything(who))", "True"
        ),
    ),
    Condition(
        "records[", Mutation("everybody sees everything", PERMISSIONS, "return who.scope == Scope.ALL", "return True")
    ),
    Condition("records[", Mutation("own is the team's", PERMISSIONS, "if caller.scope == Scope.TEAM:", "if True:")),
    Condition(
        "records[",
        Mutation(
            "width and case matter", PERMISSIONS, 'unicodedata.normalize("NFKC", owner).casefold().strip()', "owner"
        ),
    ),
    Condition(
        "see_a_team",
        Mutation("nobody's is anybody's", PERMISSIONS, "for word in named if word.strip()", "for word in named"),
    ),
    Condition(
        "cannot_be_limited",
        Mutation(
            "what is whole is for all",
            PERMISSIONS,
            "    if not sees_everything(who):\n        raise",
            "    if False:\n        raise",
        ),
    ),
    Condition(
        "one_writes",
        Mutation(
            "writers are never limited",
            PERMISSIONS,
            "isinstance(by, (Member, ApiKey)) and not sees_everything(by)",
            "False",
        ),
    ),
    Condition(
        "nobodys_accounts",
        Mutation("(none) is an owner", CRM, "folded(owner) in visible and owner != NONE", "folded(owner) in visible"),
    ),
    Condition(
        "records[", Mutation("every account is seen", CRM, ".filter(~Exists(of_others), owner__in=spellings)", "")
    ),
    Condition("source_recorded_last", Mutation("the first source decides", CRM, "~Exists(of_others), ", "")),
    Condition(
        "follow_their_account",
        Mutation(
            "rows of every account", CRM, '.filter(account_id__in=accounts_visible_to(caller).values("account_id"))', ""
        ),
    ),
    Condition(
        "was_withdrawn", Mutation("former records of others", CRM, 'folded(version.owner or "") in visible', "True")
    ),
    Condition(
        "was_withdrawn", Mutation("former rows of others", CRM, "or _is_visible(caller, version.account_id)", "or True")
    ),
    Condition(
        "moves_nothing", Mutation("moved to others", CRM, "        account_for(by, str(account_id))", "        pass")
    ),
    Condition(
        "one_writes",
        Mutation("what all share is written", CRM, "        require_everything(by, model.KIND)", "        pass"),
    ),
    Condition(
        "one_writes",
        Mutation("accounts for others", CRM, "    if new and model is AccountVersion and not", "    if False and not"),
    ),
    Condition(
        "records[",
        Mutation(
            "names of others",
            CRM,
            "known = accounts_visible_to(caller).filter(account_id__in=account_ids).exclude(name=None)",
            "known = AccountVersion.objects.live().filter(account_id__in=account_ids).exclude(name=None)",
        ),
    ),
    Condition(
        "not_there[discounts", Mutation("discounts of others", SUBSCRIPTIONS, ".filter(subscription_id__in=theirs)", "")
    ),
    Condition(
        "not_there[discounts",
        Mutation(
            "former discounts of others",
            SUBSCRIPTIONS,
            "owners_visible_to(caller) is None or _is_visible(caller, version.subscription_id)",
            "True",
        ),
    ),
    Condition(
        "one_writes",
        Mutation(
            "a discount for others", SUBSCRIPTIONS, 'elif "subscription_id" in values and not', "elif False and not"
        ),
    ),
    Condition(
        "follow_their_account",
        Mutation(
            "contracts of others",
            SUBSCRIPTIONS,
            "crm.of_visible_accounts(caller, ContractVersion.objects.live())",
            "ContractVersion.objects.live()",
        ),
    ),
    Condition(
        "follow_their_account",
        Mutation(
            "subscriptions of others",
            SUBSCRIPTIONS,
            "crm.of_visible_accounts(caller, SubscriptionVersion.objects.live())",
            "SubscriptionVersion.objects.live()",
        ),
    ),
    Condition("nothing_else", Mutation("figures of everybody", ASKING, "(*where.accounts, theirs)", "where.accounts")),
    Condition(
        "cannot_be_limited",
        Mutation(
            "questions of the company",
            ASKING,
            "            require_everything(self.caller, asked.name)",
            "            return self.opened.ask(asked)",
        ),
    ),
    Condition(
        "cannot_be_limited",
        Mutation("the whole workspace", ASKING, '        require_everything(self.caller, "workspace")\n', ""),
    ),
    Condition(
        "of_others_is_not_there",
        Mutation(
            "records of others by key",
            KINDS,
            "return scope.visible_to(caller, kind.model)",
            "return kind.model.objects.live()",
        ),
    ),
    Condition(
        "of_others_is_not_there",
        Mutation("history of others", KINDS, "or not scope.sees(caller, newest.version or newest.former)", ""),
    ),
    Condition(
        "contracts_due",
        Mutation(
            "a contract of others is proved",
            f"{QUESTIONS}/renewals.py",
            "terms = _within(_terms(snapshot, (), self.where, _called(name)), self.where.accounts)",
            "terms = _terms(snapshot, (), self.where, _called(name))",
        ),
    ),
    Condition(
        "contracts_due",
        Mutation(
            "successors of others",
            f"{QUESTIONS}/renewals.py",
            "_followers(_within(terms, self.where.accounts))",
            "_followers(terms)",
        ),
    ),
    Condition(
        "anomalies",
        Mutation(
            "anomalies of others", f"{QUESTIONS}/anomalies.py", "[one for one in found if one[-1] in met]", "found"
        ),
    ),
    Condition(
        "invoiced",
        Mutation(
            "invoices of others are proved",
            f"{QUESTIONS}/invoiced.py",
            "if same and all(meets(fields[c.column], c) for c in conditions):",
            "if same:",
        ),
    ),
    Condition(
        "key_of_an_owner",
        Mutation(
            "a key of an owner",
            "apps/workspaces/services/keys.py",
            "    if role == Role.OWNER:\n        keep_to_owners(by)\n",
            "",
        ),
    ),
    Condition(
        "rows_of_what_others_own",
        Mutation(
            "elsewhere is told from nowhere",
            "warehouse/answer.py",
            "if value not in self.table[name].to_pylist():",
            "if False:",
        ),
    ),
    Condition(
        "what_others_own",
        Mutation(
            "the account of a figure is anybody's",
            "web/subscriptions/proof.py",
            "if proven.account and not listed and not opened.has_account(proven.account):",
            "if False:",
        ),
    ),
)


def tries() -> list[Try]:
    """Every mistake, made from the code as it is."""
    out = [_try(one.mutation, (SCOPE,), one.shows) for one in CONDITIONS]
    for name, condition in (
        ("who left may", "if isinstance(who, Member) and not who.is_active:"),
        ("revoked keys may", "if isinstance(who, ApiKey) and who.revoked_at is not None:"),
    ):
        out.append(_try(Mutation(name, PERMISSIONS, condition, "if False:"), (PEOPLE,), "may_nothing"))
    of_views = [*_of_views()]
    permissions = (SOURCE / PERMISSIONS).read_text(encoding="utf-8")
    for line in re.findall(r'^        "\w+": .*,$', permissions, re.M):
        name, roles = line.strip().rstrip(",").split(": ", 1)
        if roles != "_EVERYBODY":
            lowered = Mutation(f"everybody: {name}", PERMISSIONS, line, line.replace(roles, "_EVERYBODY"))
            behind = {address for view in of_views if f'"{view.permission}"' == name for address in view.addresses}
            out.append(_try(lowered, (ACCESS,), _cases(behind)))
    listed = permissions.split("OF_EVERYTHING = frozenset(", 1)[1].split(")", 1)[0]
    for name in re.findall(r'"(\w+)"', listed):
        without = Mutation(f"some accounts: {name}", PERMISSIONS, listed, listed.replace(f'"{name}"', '"own_account"'))
        out.append(_try(without, (SCOPE, ACCESS), f"touches_every_account[{name}] or some_accounts[admin-own]"))
    out += [_try(view.mutation, (ACCESS,), _cases(view.addresses)) for view in of_views]
    return out


def _try(mutation: Mutation, files: tuple[str, ...], shows: str) -> Try:
    """A mistake with the tests of some files whose names have a word, and after them all of the files."""
    every = (*QUICK, *files)
    return Try(mutation, ((*every, "-k", shows), every))


def _cases(addresses: Iterable[str]) -> str:
    """The words of pytest for the cases of some addresses."""
    return " or ".join(f"[{name}-" for name in sorted(addresses))


class View(NamedTuple):
    mutation: Mutation
    permission: str
    addresses: frozenset[str]
    """the names of what leads to the view"""


def _of_views() -> Iterator[View]:
    """What can be left out of the modules of views and of the API."""
    named = {view: {name} for view, name in MADE_IN_A_LOOP.items()}
    urls = (SOURCE / "web" / "urls.py").read_text(encoding="utf-8")
    for view, name in re.findall(r'\.(\w+),\s*(?:\{[^}]*\},\s*)?(?:name=)?"(\w+)",?\s*\)', urls):
        named.setdefault(view, set()).add(name)
    for file in sorted((SOURCE / "web").rglob("*.py")):
        path, text = str(file.relative_to(SOURCE)), file.read_text(encoding="utf-8")
        for found in re.finditer(r'^@requires\("(\w+)"\)\n((?:@.*\n)*def (\w+)\()', text, re.M):
            permission, rest, name = found.groups()
            addresses = frozenset(named[name])
            yield View(Mutation(f"{name} for visitors", path, found[0], rest), permission, addresses)
            if permission not in OF_EVERYBODY:
                lowered = Mutation(f"{name} for everybody", path, found[0], f'@requires("own_account")\n{rest}')
                yield View(lowered, permission, addresses)
        if path.startswith("web/api/"):
            yield from _of_api(path, text)


def _of_api(path: str, text: str) -> Iterator[View]:
    for found in re.finditer(r'^def (\w+)\((?:.*\n)+?.*allowed\(request, "(\w+)"\)', text, re.M):
        name, permission = found.groups()
        if permission not in (*OF_EVERYBODY, *CHECKED_AGAIN) and found[0].count("\ndef ") == 0:
            before = re.findall(r'url_name="(\w+)"', text[: found.start()])
            changed = found[0].replace(f'allowed(request, "{permission}")', "request.auth")
            addresses = frozenset(f"api:{one}" for one in before[-1:])
            yield View(Mutation(f"{name} by any key", path, found[0], changed), permission, addresses)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", help="parts of the names of mistakes")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--list", action="store_true", help="say which mistakes there are, and stop")
    given = parser.parse_args()
    found = chosen(tries(), given.only)
    if given.list:
        print("\n".join(f"{one.mutation.path}: {one.mutation.name}" for one in found))
        return 0
    words = sorted({one.tests[0][-1] for one in found})
    healthy = (*QUICK, ACCESS, SCOPE, PEOPLE, *(("-k", " or ".join(words)) if given.only else ()))
    alive = sum(not done.noticed for done in run(found, healthy, given.jobs))
    print(f"{len(found) - alive} of {len(found)} mistakes noticed")
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main())
