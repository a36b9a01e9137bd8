"""What prospects and the collector are called on pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from tenure.web import formatting as f

SUBJECTS: Mapping[str, Any] = {
    "industry": gettext_lazy("Industry"),
    "employees": gettext_lazy("Employees"),
    "region": gettext_lazy("Region"),
    "words": gettext_lazy("Words on the site"),
    "hiring": gettext_lazy("Hires for"),
    "technology": gettext_lazy("Technology"),
    "about": gettext_lazy("About itself"),
}
FIELDS: Mapping[str, Any] = {
    "name": gettext_lazy("Name"),
    "domain": gettext_lazy("Domain"),
    "phone": gettext_lazy("Telephone"),
    "industry": SUBJECTS["industry"],
    "employees": SUBJECTS["employees"],
    "region": SUBJECTS["region"],
}
"""What a telephone list may hold."""
ROBOTS: Mapping[str, Any] = {
    "allowed": gettext_lazy("allowed by robots.txt"),
    "no_file": gettext_lazy("no robots.txt"),
    "": gettext_lazy("from a list"),
}
VERDICTS: Mapping[str, Any] = {
    "visited": gettext_lazy("Visited"),
    "enough": gettext_lazy("Visited as far as the limits go"),
    "opted_out": gettext_lazy("The owner does not want it"),
    "robots": gettext_lazy("robots.txt says no"),
    "robots_unreachable": gettext_lazy("robots.txt did not come, so nothing was read"),
    "reserved": gettext_lazy("The page is reserved"),
    "turned_away": gettext_lazy("The site turned us away"),
    "closed_now": gettext_lazy("Not at this time of the day"),
    "too_slow": gettext_lazy("The site wants more time than there is"),
    "unreachable": gettext_lazy("No answer"),
    "slow": gettext_lazy("Too slow"),
    "private_address": gettext_lazy("Not an address of the internet"),
    "bad_address": gettext_lazy("Not an address of a page"),
    "bad_answer": gettext_lazy("The answer cannot be read"),
    "too_large": gettext_lazy("The page is too large"),
    "no_page": gettext_lazy("No page there"),
    "elsewhere": gettext_lazy("It leads to another site"),
    "redirects": gettext_lazy("It leads in circles"),
    "about_people": gettext_lazy("A page about people"),
    "endless": gettext_lazy("Pages without end"),
    "failed": gettext_lazy("Failed"),
    "nothing_read": gettext_lazy("Nothing to read"),
}
"""What became of a site, or why one of its pages was not read."""
DROPPED: Mapping[str, Any] = {
    "id_number": gettext_lazy("ID numbers"),
    "mobile": gettext_lazy("mobile numbers"),
    "phone": gettext_lazy("telephone numbers"),
    "email": gettext_lazy("e-mail addresses"),
    "messenger": gettext_lazy("messenger accounts"),
    "name": gettext_lazy("names"),
}


def counted(count: int) -> str:
    """How many prospects."""
    return ngettext("%(count)s prospect", "%(count)s prospects", count) % {"count": f.exact(count)}


def tally(counts: Mapping[str, int], names: Mapping[str, Any]) -> str:
    """Counts by what they count, in one line."""
    said = (
        _("%(what)s %(count)s") % {"what": names.get(name, name), "count": f.exact(counts[name])}
        for name in names
        if counts.get(name)
    )
    return " · ".join(said)
