"""What a page says of its company. Hides HTML: what comes out is a few words, facts and links.

Everything that could tell of a person is dropped first. Of running text nothing is kept at all: only which of the
profile's own words stand in it.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser

from tenure.apps.connectors.crawler.manners import is_reserving
from tenure.core import icp
from tenure.core.personal_data import cleaned, role_addresses

LONGEST_TEXT = 200_000
LONGEST_ABOUT = 300
LONGEST_NAME = 120
MOST_LINKS = 300
_CHARSET = re.compile(rb"charset\s*=\s*[\"']?([\w-]{2,30})", re.IGNORECASE)
_ABOUT_PEOPLE = re.compile(
    r"/(?:team|our-team|people|person|persons|staff|author|authors|user|users|profile|profiles|leadership|management|"
    r"employees|members?|mitarbeiter|tuandui|renwu)(?:/|$|\.)",
    re.IGNORECASE,
)
"""Paths of pages about people: they are not asked for."""
_WORTH = re.compile(
    r"about|company|career|job|join|hiring|product|solution|contact|imprint|impressum|customer|guanyu|zhaopin|"
    r"关于|招聘|加入|产品|方案|联系|公司",
    re.IGNORECASE,
)
"""Addresses and link texts that are likely to say something of the company: read first."""
_HIRING = re.compile(
    r"career|jobs?(?:/|$|\b)|hiring|join|recruit|zhaopin|karriere|招聘|加入我们|诚聘|职位", re.IGNORECASE
)
_COMPANIES = frozenset({"Organization", "Corporation", "LocalBusiness"})
_STAFF = re.compile(
    r"(?:员工|团队|雇员)\s*(?:总数|规模|人数)?\s*(?:超过?|约|近|达|有)?\s*([\d,]{1,9})\s*(?:多|余)?\s*(?:人|名|位)"
    r"|([\d,]{1,9})\s*\+?\s*(?:多|余)?\s*(?:名|位)\s*(?:员工|雇员)"
    r"|([\d,]{1,9})\s*\+?\s*(?:employees|people work|Mitarbeiter)",
    re.IGNORECASE,
)
_FILING = re.compile(r"([京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼])ICP备")
"""The filing number that stands on every site in mainland China begins with the province."""
_PROVINCES = dict(
    zip(
        "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼",
        (
            *("北京", "天津", "上海", "重庆", "河北", "河南", "云南", "辽宁", "黑龙江", "湖南", "安徽", "山东", "新疆"),
            *("江苏", "浙江", "江西", "湖北", "广西", "甘肃", "山西", "内蒙古", "陕西", "吉林", "福建", "贵州", "广东"),
            *("青海", "西藏", "四川", "宁夏", "海南"),
        ),
        strict=True,
    )
)
_SIGNS: Mapping[str, tuple[str, ...]] = {
    "WordPress": ("wp-content/", "wp-includes/"),
    "Shopify": ("cdn.shopify.com",),
    "WooCommerce": ("plugins/woocommerce",),
    "Magento": ("mage/cookies", "magento"),
    "Drupal": ("drupal-settings-json", "/sites/default/files"),
    "Joomla": ("/media/jui/", "joomla"),
    "Wix": ("static.wixstatic.com",),
    "HubSpot": ("js.hs-scripts.com", "js.hsforms.net"),
    "Salesforce": ("force.com", "pardot.com"),
    "Marketo": ("munchkin.marketo.net",),
    "Intercom": ("widget.intercom.io",),
    "Zendesk": ("static.zdassets.com",),
    "Udesk": ("udesk.cn",),
    "53KF": ("53kf.com",),
    "Youzan": ("yzcdn.cn", "youzan.com"),
    "Google Analytics": ("google-analytics.com", "googletagmanager.com"),
    "Baidu Tongji": ("hm.baidu.com",),
    "GrowingIO": ("growingio.com",),
    "Sensors Data": ("sensorsdata",),
    "Matomo": ("matomo.js", "piwik.js"),
    "Mixpanel": ("cdn.mxpnl.com",),
    "Segment": ("cdn.segment.com",),
    "Next.js": ("/_next/static/",),
    "Nuxt": ("/_nuxt/",),
    "jQuery": ("jquery",),
    "Vue": ("vue.min.js", "vue.runtime", "/vue@"),
    "React": ("react-dom", "react.production"),
}
"""Technology -> what of it stands in the addresses of a page's scripts and style sheets."""


@dataclass(slots=True)
class Read:
    """What one page gave."""

    is_reserved: bool = False
    facts: list[tuple[str, str]] = field(default_factory=list)
    """subject and value; `name` and `about` beside those of the profile"""
    addresses: tuple[tuple[str, str], ...] = ()
    links: list[str] = field(default_factory=list)
    """the most promising first"""
    dropped: Counter[str] = field(default_factory=Counter)


def read(url: str, headers: Mapping[str, str], body: bytes, domain: str, words: Mapping[str, Sequence[str]]) -> Read:
    """What a page says of its company, as far as the profile's words ask for it."""
    tree = LexborHTMLParser(_decoded(headers, body))
    found = Read()
    robots = "\n".join(_metas(tree, "robots") + [f"TenureCollector: {one}" for one in _metas(tree, "tenurecollector")])
    if is_reserving(robots) or "1" in _metas(tree, "tdm-reservation"):
        found.is_reserved = True
        return found
    if not re.search(r"\b(?:nofollow|none)\b", robots, re.IGNORECASE):
        found.links = _links(tree, url)
    sources = _sources(tree)
    said = [*_organisations(tree)]
    tree.strip_tags(["script", "style", "noscript", "template", "svg"])
    text = (tree.body.text(separator=" ", strip=True) if tree.body else "")[:LONGEST_TEXT]
    mails = " ".join(str(node.attributes.get("href") or "")[7:200] for node in tree.css('a[href^="mailto:"]'))
    found.addresses = role_addresses(f"{text} {mails}", domain)
    plain = cleaned(f"{text} {mails}")
    found.dropped.update(plain.dropped)
    found.facts = [*_facts(tree, url, domain, said, sources, plain.text, words, found.dropped)]
    return found


def is_about_people(url: str) -> bool:
    """Whether an address is that of a page about persons, or names one."""
    parts = urlsplit(url)
    return _ABOUT_PEOPLE.search(parts.path) is not None or not cleaned(f"{parts.path} {parts.query}").is_clean


def _facts(
    tree: Any,
    url: str,
    domain: str,
    said: Sequence[Mapping[str, Any]],
    sources: str,
    text: str,
    words: Mapping[str, Sequence[str]],
    dropped: Counter[str],
) -> Iterator[tuple[str, str]]:
    """Subject and value of everything found; a text in which a person was named is left out as a whole."""
    title = tree.css_first("title")
    names = [one.get("name") for one in said] + _metas(tree, "og:site_name")
    names += _named(title.text() if title is not None else "", domain)
    for name in names:
        if (kept := _kept(name, LONGEST_NAME, dropped)) is not None:
            yield "name", kept
            break
    about = [*_metas(tree, "description"), *_metas(tree, "og:description")]
    for line in about[:1]:
        if (kept := _kept(line, LONGEST_ABOUT, dropped)) is not None:
            yield "about", kept
    for one in said:
        yield from _organisation(one, dropped)
    folded = icp.folded(f"{text} {' '.join(about)} {' '.join(_metas(tree, 'keywords'))}")
    staff = _STAFF.search(text)
    if staff is not None and (count := int(next(filter(None, staff.groups())).replace(",", "") or 0)):
        yield "employees", str(count)
    for sign in _FILING.findall(text)[:1]:
        yield "region", _PROVINCES[sign]
    for subject in ("industry", "region", "words"):
        yield from ((subject, word) for word in words.get(subject, ()) if icp.mentions(folded, word))
    if _HIRING.search(urlsplit(url).path) or (title is not None and _HIRING.search(title.text())):
        yield from (("hiring", word) for word in words.get("hiring", ()) if icp.mentions(folded, word))
    generator = " ".join(_metas(tree, "generator")).casefold()
    for name, signs in _SIGNS.items():
        if any(sign in sources for sign in signs) or name.casefold() in generator:
            yield "technology", name
    known = {name.casefold() for name in _SIGNS}
    for word in words.get("technology", ()):
        if word.casefold() not in known and icp.mentions(icp.folded(f"{sources} {generator}"), word):
            yield "technology", word


def _organisation(said: Mapping[str, Any], dropped: Counter[str]) -> Iterator[tuple[str, str]]:
    """What a site says of its organisation for machines (schema.org)."""
    staff = said.get("numberOfEmployees")
    if isinstance(staff, Mapping):
        staff = staff.get("value") or staff.get("minValue")
    if staff is not None and str(staff).strip().isdecimal() and len(str(staff)) < 9:
        yield "employees", str(int(staff))
    place = said.get("address")
    place = place[0] if isinstance(place, list) and place else place
    if isinstance(place, Mapping):
        for name in ("addressRegion", "addressLocality", "addressCountry"):
            if (kept := _kept(place.get(name), LONGEST_NAME, dropped)) is not None:
                yield "region", kept
    if (kept := _kept(said.get("industry"), LONGEST_NAME, dropped)) is not None:
        yield "industry", kept


def _kept(text: Any, longest: int, dropped: Counter[str]) -> str | None:
    """A line that tells of no person, cut to a length; None for any other."""
    if not isinstance(text, str) or not text.strip():
        return None
    plain = cleaned(text[: 4 * longest])
    if not plain.is_clean:
        dropped.update(plain.dropped)
        return None
    return plain.text[:longest].strip() or None


def _named(title: str, domain: str) -> list[str]:
    """The part of a title that is the company's name: the one that its domain is made of, or the last."""
    parts = [part.strip() for part in re.split(r"\s+[|–—·-]\s+|[|_]", title[:500]) if part.strip()]
    label = domain.partition(".")[0]
    alike = [part for part in parts if label in re.sub(r"[\W_]", "", part.casefold())]
    return [*alike[:1], *parts[-1:]]


def _organisations(tree: Any) -> Iterator[Mapping[str, Any]]:
    for node in tree.css('script[type="application/ld+json"]')[:5]:
        try:
            found = json.loads(node.text()[:100_000])
        except (ValueError, RecursionError):
            continue
        graph = found.get("@graph") if isinstance(found, dict) else found
        for one in (graph if isinstance(graph, list) else [found])[:20]:
            kinds = one.get("@type") if isinstance(one, dict) else None
            if _COMPANIES & {str(kind) for kind in (kinds if isinstance(kinds, list) else [kinds])}:
                yield one


def _metas(tree: Any, name: str) -> list[str]:
    nodes = tree.css(f'meta[name="{name}" i], meta[property="{name}" i]')
    return [str(node.attributes.get("content") or "").strip() for node in nodes[:5]]


def _sources(tree: Any) -> str:
    nodes = [*tree.css("script[src]")[:100], *tree.css("link[href]")[:100]]
    return " ".join(str(n.attributes.get("src") or n.attributes.get("href") or "")[:300] for n in nodes).casefold()


def _links(tree: Any, url: str) -> list[str]:
    base = tree.css_first("base[href]")
    root = urljoin(url, str(base.attributes.get("href") or "")) if base is not None else url
    ranked: dict[str, bool] = {}
    for node in tree.css("a[href]")[: 5 * MOST_LINKS]:
        if "nofollow" in str(node.attributes.get("rel") or "").casefold().split():
            continue
        try:
            address = urldefrag(urljoin(root, str(node.attributes.get("href") or "").strip()))[0]
            parts = urlsplit(address)
        except ValueError:
            continue
        if parts.scheme in ("http", "https"):
            worth = _WORTH.search(f"{parts.path} {node.text(strip=True)[:80]}") is not None
            ranked[address] = ranked.get(address, False) or worth
    return sorted(ranked, key=lambda one: not ranked[one])[:MOST_LINKS]


def _decoded(headers: Mapping[str, str], body: bytes) -> str:
    """A page as text, by what the server or the page says of its characters, or by what they look like."""
    told = _CHARSET.search(headers.get("content-type", "").encode()) or _CHARSET.search(body[:2_048])
    names = [told[1].decode("ascii")] if told else []
    for name in [*({"gb2312": "gb18030", "gbk": "gb18030"}.get(one.lower(), one) for one in names), "utf-8"]:
        try:
            return body.decode(name)
        except (LookupError, UnicodeDecodeError):
            continue
    return body.decode("gb18030" if names and names[0].lower().startswith("gb") else "utf-8", "replace")
