"""Take each check of who may do or see what away, one at a time, and see that the table of addresses notices each.

    python scripts/mutate_permissions.py [--only PART ...] [--jobs 2] [--list]

The mistakes are made from the code: every `@requires(...)` of a view is removed, and lowered to what everybody may;
every `allowed(...)` of the API lets everybody in; every permission is given to every role and, where it touches all
accounts, to who sees some of them; every condition by which a record, a figure or a name is limited to the accounts of
its reader is taken away. Each is made in a copy of the tree, in which the tests that should notice it run. All must be
noticed. A condition whose text is gone or stands twice is an error: rewrite it with the code.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from mutate_definitions import Mutation, copied, mutated

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "tenure"
ACCESS, SCOPE = "tests/web/test_access.py", "tests/web/test_scope.py"
PATIENCE = 1800
PERMISSIONS = "apps/workspaces/permissions.py"
CRM = "apps/crm/selectors.py"
SUBSCRIPTIONS = "apps/subscriptions/selectors.py"
ASKING = "web/asking.py"
KINDS = "web/records/kinds.py"
QUESTIONS = "warehouse/questions"

CONDITIONS = (
    Mutation("some accounts are all", PERMISSIONS, "(permission not in OF_EVERYTHING or sees_everything(who))", "True"),
    Mutation("everybody sees everything", PERMISSIONS, "return who.scope == Scope.ALL", "return True"),
    Mutation("own is the team's", PERMISSIONS, "if caller.scope == Scope.TEAM:", "if True:"),
    Mutation("width and case matter", PERMISSIONS, 'unicodedata.normalize("NFKC", owner).casefold().strip()', "owner"),
    Mutation("nobody's is anybody's", PERMISSIONS, "for word in named if word.strip()", "for word in named"),
    Mutation(
        "what is whole is for all",
        PERMISSIONS,
        "    if not sees_everything(who):\n        raise",
        "    if False:\n        raise",
    ),
    Mutation(
        "writers are never limited",
        PERMISSIONS,
        "isinstance(by, (Member, ApiKey)) and not sees_everything(by)",
        "False",
    ),
    Mutation("(none) is an owner", CRM, "folded(owner) in visible and owner != NONE", "folded(owner) in visible"),
    Mutation("every account is seen", CRM, ".filter(~Exists(of_others), owner__in=spellings)", ""),
    Mutation("the first source decides", CRM, "~Exists(of_others), ", ""),
    Mutation(
        "rows of every account", CRM, '.filter(account_id__in=accounts_visible_to(caller).values("account_id"))', ""
    ),
    Mutation("former records of others", CRM, 'folded(version.owner or "") in visible', "True"),
    Mutation("former rows of others", CRM, "or _is_visible(caller, version.account_id)", "or True"),
    Mutation("moved to others", CRM, "        account_for(by, str(account_id))", "        pass"),
    Mutation("what all share is written", CRM, "        require_everything(by, model.KIND)", "        pass"),
    Mutation("accounts for others", CRM, "    if new and model is AccountVersion and not", "    if False and not"),
    Mutation(
        "names of others",
        CRM,
        "known = accounts_visible_to(caller).filter(account_id__in=account_ids).exclude(name=None)",
        "known = AccountVersion.objects.live().filter(account_id__in=account_ids).exclude(name=None)",
    ),
    Mutation("discounts of others", SUBSCRIPTIONS, ".filter(subscription_id__in=theirs)", ""),
    Mutation(
        "former discounts of others",
        SUBSCRIPTIONS,
        "return _is_visible(caller, version.subscription_id)",
        "return True",
    ),
    Mutation("a discount for others", SUBSCRIPTIONS, 'elif "subscription_id" in values and not', "elif False and not"),
    Mutation(
        "contracts of others",
        SUBSCRIPTIONS,
        "crm.of_visible_accounts(caller, ContractVersion.objects.live())",
        "ContractVersion.objects.live()",
    ),
    Mutation(
        "subscriptions of others",
        SUBSCRIPTIONS,
        "crm.of_visible_accounts(caller, SubscriptionVersion.objects.live())",
        "SubscriptionVersion.objects.live()",
    ),
    Mutation("figures of everybody", ASKING, "(*where.accounts, theirs)", "where.accounts"),
    Mutation(
        "questions of the company",
        ASKING,
        "            require_everything(self.caller, asked.name)",
        "            return self.opened.ask(asked)",
    ),
    Mutation("the whole workspace", ASKING, '        require_everything(self.caller, "workspace")\n', ""),
    Mutation(
        "records of others by key",
        KINDS,
        "return scope.visible_to(caller, kind.model)",
        "return kind.model.objects.live()",
    ),
    Mutation("history of others", KINDS, "or not scope.sees(caller, newest.version or newest.former)", ""),
    Mutation(
        "a contract of others is proved",
        f"{QUESTIONS}/renewals.py",
        "terms = _within(_terms(snapshot, (), self.where), self.where.accounts)",
        "terms = _terms(snapshot, (), self.where)",
    ),
    Mutation(
        "successors of others",
        f"{QUESTIONS}/renewals.py",
        "_followers(_within(terms, self.where.accounts))",
        "_followers(terms)",
    ),
    Mutation("anomalies of others", f"{QUESTIONS}/anomalies.py", "[one for one in found if one[-1] in met]", "found"),
    Mutation(
        "invoices of others are proved",
        f"{QUESTIONS}/invoiced.py",
        "if same and all(meets(fields[c.column], c) for c in conditions):",
        "if same:",
    ),
    Mutation(
        "a key of an owner",
        "apps/workspaces/services/keys.py",
        "    if role == Role.OWNER:\n        keep_to_owners(by)\n",
        "",
    ),
)


class Try(NamedTuple):
    """A mistake and the tests that should notice it."""

    mutation: Mutation
    tests: tuple[str, ...]
    """files, and -k with the addresses of the view where there is one"""


def tries() -> list[Try]:
    """Every mistake, made from the code as it is."""
    out = [Try(m, (SCOPE,)) for m in CONDITIONS]
    inactive = Mutation(
        "inactive members may", PERMISSIONS, "if isinstance(who, Member) and not who.is_active:", "if False:"
    )
    out.append(Try(inactive, (ACCESS, "-k", "inactive")))
    permissions = (SOURCE / PERMISSIONS).read_text(encoding="utf-8")
    for line in re.findall(r'^        "\w+": .*,$', permissions, re.M):
        name, roles = line.strip().rstrip(",").split(": ", 1)
        if roles != "_EVERYBODY":
            lowered = Mutation(f"everybody: {name}", PERMISSIONS, line, line.replace(roles, "_EVERYBODY"))
            out.append(Try(lowered, (ACCESS,)))
    for name in re.findall(r'"(\w+)"', permissions.split("OF_EVERYTHING = frozenset(", 1)[1].split(")", 1)[0]):
        listed = permissions.split("OF_EVERYTHING = frozenset(", 1)[1].split(")", 1)[0]
        without = listed.replace(f'"{name}"', '"own_account"')
        out.append(Try(Mutation(f"some accounts: {name}", PERMISSIONS, listed, without), (ACCESS, SCOPE)))
    addresses = _addresses()
    for file in sorted((SOURCE / "web").rglob("*.py")):
        path = str(file.relative_to(SOURCE))
        for mutation in _of_views(path, file.read_text(encoding="utf-8")):
            names = sorted(addresses.get(mutation.name.split()[0], ()))
            out.append(Try(mutation, (ACCESS, *(("-k", " or ".join(names)) if names else ()))))
    return out


def _addresses() -> dict[str, set[str]]:
    """View -> the names of its addresses."""
    found: dict[str, set[str]] = {}
    text = (SOURCE / "web" / "urls.py").read_text(encoding="utf-8")
    for view, name in re.findall(r'\.(\w+),[^\n]*name="(\w+)"', text):
        found.setdefault(view, set()).add(name)
    return found


def _of_views(path: str, text: str) -> Iterator[Mutation]:
    """What can be left out of a module of views or of the API."""
    for found in re.finditer(r'^@requires\("(\w+)"\)\n((?:@.*\n)*def (\w+)\()', text, re.M):
        permission, rest, name = found.groups()
        yield Mutation(f"{name} for visitors", path, found[0], rest)
        if permission not in ("ask", "own_account"):
            yield Mutation(f"{name} for everybody", path, found[0], f'@requires("own_account")\n{rest}')
    if path.startswith("web/api/"):
        for found in re.finditer(r'^def (\w+)\((?:.*\n)+?.*allowed\(request, "(\w+)"\)', text, re.M):
            name, permission = found.groups()
            if permission != "ask" and found[0].count("\ndef ") == 0:
                call = f'allowed(request, "{permission}")'
                changed = found[0].replace(call, "request.auth")
                yield Mutation(f"{name} by any key", path, found[0], changed)


def tried(template: Path, one: Try) -> tuple[Try, bool, str, float]:
    """The mistake, whether no test noticed it, the test that did, and the seconds it took."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="tenure-permission-") as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(template, tree, symlinks=True, copy_function=shutil.copy2)
        place = tree / "src" / "tenure" / one.mutation.path
        place.write_text(mutated(place.read_text(encoding="utf-8"), one.mutation), encoding="utf-8")
        alive, noticed = survives(tree, one.tests)
    return one, alive, noticed, time.monotonic() - start


def survives(tree: Path, tests: tuple[str, ...]) -> tuple[bool, str]:
    """Do the tests pass in a tree? And the first line that says why not."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-W", "ignore"]
    environment = {**os.environ, "PYTHONPATH": str(tree / "src")}
    try:
        done = subprocess.run(
            [*command, *tests], cwd=tree, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        return False, f"no end after {PATIENCE} s"
    failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    if done.returncode and not failed:
        raise SystemExit(f"the tests could not run:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.returncode == 0, failed[0][:110] if failed else ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", help="parts of the names of mistakes")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--list", action="store_true", help="say which mistakes there are, and stop")
    given = parser.parse_args()
    chosen = [t for t in tries() if not given.only or any(part in t.mutation.name for part in given.only)]
    for one in chosen:
        mutated((SOURCE / one.mutation.path).read_text(encoding="utf-8"), one.mutation)
    if given.list:
        print("\n".join(f"{one.mutation.path}: {one.mutation.name}" for one in chosen))
        return 0
    with tempfile.TemporaryDirectory(prefix="tenure-permissions-") as folder:
        template = copied(Path(folder) / "template")
        shutil.copy2(ROOT / "hatch_build.py", template / "hatch_build.py")
        healthy, failed = survives(template, (SCOPE,))
        if not healthy:
            print(f"the tests fail without any mistake: {failed}")
            return 2
        alive = 0
        with ThreadPoolExecutor(given.jobs) as pool:
            for one, survived, noticed, seconds in pool.map(lambda t: tried(template, t), chosen):
                alive += survived
                state = "SURVIVED" if survived else "noticed"
                print(f"{state:<9}{seconds:6.0f} s  {one.mutation.name:<36} {noticed}", flush=True)
    print(f"{len(chosen) - alive} of {len(chosen)} mistakes noticed")
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main())
