"""The ideal customer profile: every change is a new version, and every prospect is scored anew by it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from tenure.apps.acquisition import selectors
from tenure.apps.acquisition.models import ProfileVersion, Prospect, ProspectFact
from tenure.apps.workspaces.services.writing import Actor, writing
from tenure.core import icp
from tenure.core.errors import TenureError

_AT_ONCE = 500


def save_profile(name: str, given: Sequence[Mapping[str, Any]], *, by: Actor) -> ProfileVersion:
    """Write the rules of the profile, and score every prospect by them; what is as it was stays that version.

    Raises: TenureError (icp.bad_rule, icp.too_many, icp.bad_name); `row` says which rule.
    """
    name = name.strip()
    if not 0 < len(name) <= 100 or not name.isprintable():
        raise TenureError(
            "icp.bad_name",
            _("A profile has a name of 1 to 100 characters."),
            fix=_("Name it by the customers it looks for."),
            field="name",
            value=name[:80],
        )
    if len(given) > icp.MOST_RULES:
        raise TenureError(
            "icp.too_many",
            _("A profile has at most %(most)s rules.") % {"most": icp.MOST_RULES},
            fix=_("Put words that are worth the same into one rule."),
            most=icp.MOST_RULES,
        )
    rules = []
    for row, one in enumerate(given):
        try:
            rules.append(icp.rule_from(one))
        except TenureError as problem:
            problem.where["row"] = row
            raise
    kept = [rule.as_dict() for rule in rules]
    with writing(by) as write:
        former = selectors.profile()
        if former is not None and (former.name, former.rules) == (name, kept):
            return former
        made = ProfileVersion.objects.create(name=name, rules=kept, made_at=write.now, by=write.member)
        before = {} if former is None else {"name": former.name, "rules": _said(former.rules)}
        write.audit("edited", "profile", name, before=before, after={"name": name, "rules": _said(kept)})
        _score_all(made, rules)
    return made


def score(prospects: Sequence[Prospect], version: ProfileVersion | None, rules: Sequence[icp.Rule]) -> None:
    """Score some prospects by what is known of them; one that was emptied keeps the score it had."""
    known: dict[int, list[icp.Fact]] = {one.pk: [] for one in prospects if one.emptied_at is None}
    for fact in ProspectFact.objects.filter(prospect_id__in=list(known)).order_by("pk"):
        known[fact.prospect_id].append(icp.Fact(fact.subject, fact.value, fact.url))
    changed = [one for one in prospects if one.pk in known]
    for one in changed:
        one.score, one.profile = icp.score(rules, known[one.pk]).value, version
    Prospect.objects.bulk_update(changed, ["score", "profile"], batch_size=_AT_ONCE)


def evidence(prospect: Prospect) -> tuple[icp.Evidence, ...]:
    """What became of each rule of the version that scored a prospect."""
    if prospect.profile is None:
        return ()
    facts = [icp.Fact(fact.subject, fact.value, fact.url) for fact in prospect.facts.order_by("pk")]
    return icp.score(selectors.rules_of(prospect.profile), facts).evidence


def _score_all(version: ProfileVersion, rules: Sequence[icp.Rule]) -> None:
    numbers = list(Prospect.objects.filter(emptied_at=None).order_by("pk").values_list("pk", flat=True))
    for at in range(0, len(numbers), _AT_ONCE):
        score(list(Prospect.objects.filter(pk__in=numbers[at : at + _AT_ONCE])), version, rules)


def _said(rules: Sequence[Mapping[str, Any]]) -> list[str]:
    """Rules as the audit trail shows them."""
    return [f"{one['name']} ({one['subject']}: {', '.join(one['values'])}) {one['points']:+d}" for one in rules]
