"""The collector on sites of ours: polite to them, safe for us, and clean in what it keeps."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from apps.connectors.local_sites import Page, Sites, bomb, html
from tenure.apps.connectors.crawler import manners
from tenure.apps.connectors.crawler.fetching import PinnedWeb, is_public
from tenure.apps.connectors.crawler.port import NotFetched
from tenure.apps.connectors.crawler.walking import Found, Limits, walk

QUICK = Limits(page_seconds=0.4, page_bytes=100_000)
WORDS = {"words": ("ERP", "制造"), "hiring": ("数据分析",), "industry": ("manufacturing",), "technology": ("Shopify",)}
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def server() -> Iterator[Sites]:
    made = Sites()
    yield made
    made.close()


@pytest.fixture
def sites(server: Sites) -> Sites:
    server.pages, server.names = {}, {}
    server.asked.clear()
    server.at.clear()
    return server


def walked(sites: Sites, host: str = "acme.test", limits: Limits = QUICK, **more) -> Found:
    return walk([sites.start(host)], WORDS, web=sites.web(), clock=sites.clock, now=lambda: NOON, limits=limits, **more)


# ---------------------------------------------------------------------- polite


def test_it_reads_what_it_may_names_itself_and_takes_its_time(sites):
    sites.pages["acme.test"] = {
        "/robots.txt": "User-agent: *\nDisallow: /inside/\n\nUser-agent: TenureCollector\nDisallow: /secret/\n",
        "/": html("<a href='/secret/x'>s</a> <a href='/inside/x'>i</a> <a href='/a#top'>a</a> <a href='/a'>a</a>"
                  "<a href='/b' rel='nofollow'>b</a> <a href='https://elsewhere.test/'>e</a>"),
        "/a": html("A"),
        "/inside/x": html("in"),
    }  # fmt: skip
    found = walked(sites)
    assert sites.paths() == ["/robots.txt", "/.well-known/tdmrep.json", "/", "/inside/x", "/a"]
    assert sites.agents == {"TenureCollector/test (+https://us.example/bot)"}
    assert all(later - earlier >= 1 for earlier, later in pairwise(sites.at))
    assert (found.verdict, found.pages, found.skipped["robots"], found.requests) == ("visited", 3, 1, 5)


@pytest.mark.parametrize(
    ("robots", "verdict", "least"),
    [
        pytest.param(Page("", 404), "visited", 1, id="4xx: no rules"),
        pytest.param(Page("", 403), "visited", 1, id="403 is a 4xx"),
        pytest.param(Page("", 503), "robots_unreachable", 1, id="5xx: nothing may be read"),
        pytest.param(Page("", 429), "robots_unreachable", 1, id="too busy: nothing may be read"),
        pytest.param(Page("User-agent: *\nDisallow: /\n", drip=0.1), "robots_unreachable", 1, id="never comes"),
        pytest.param("User-agent: *\nDisallow: /", "robots", 1, id="nothing for anybody"),
        pytest.param("\ufeff#\r\nUSER-AGENT:*\rdisallow:/\r", "robots", 1, id="written oddly"),
        pytest.param("#" * 400_000 + "\nUser-agent: *\nDisallow: /", "robots", 1, id="rules after 400 KB"),
        pytest.param("User-agent: *\nCrawl-delay: 7", "visited", 7, id="a delay is kept"),
        pytest.param("User-agent: *\nRequest-rate: 1/9", "visited", 9, id="a rate is kept"),
        pytest.param("User-agent: *\nCrawl-delay: 0.1", "visited", 1, id="never faster than once a second"),
        pytest.param("User-agent: *\nVisit-time: 0100-0500", "closed_now", 1, id="not at this hour"),
        pytest.param("User-agent: *\nCrawl-delay: 5000", "too_slow", 1, id="slower than the time there is"),
    ],
)
def test_robots_txt(sites, robots, verdict, least):
    sites.pages["acme.test"] = {"/robots.txt": robots, "/": html("<a href='/a'>a</a>"), "/a": html("")}
    found = walked(sites)
    assert found.verdict == verdict
    asked = [at for at, path in zip(sites.at, sites.paths(), strict=True) if path != "/robots.txt"]
    assert all(later - earlier >= least for earlier, later in pairwise(asked))
    if verdict != "visited":
        assert "/" not in sites.paths()


def test_robots_txt_is_read_again_after_a_day():
    old = manners.rules_of(404, b"", now=0)
    assert (old.is_old(86_399), old.is_old(86_400)) == (False, True)


RESERVED = [
    pytest.param(Page(html("x"), headers={"X-Robots-Tag": "noindex"}), id="header"),
    pytest.param(Page(html("x"), headers={"X-Robots-Tag": "max-snippet: 5, noai"}), id="header among others"),
    pytest.param(Page(html("x"), headers={"X-Robots-Tag": "tenurecollector: none"}), id="header for us"),
    pytest.param(Page(html("x"), headers={"TDM-Reservation": "1"}), id="mining is reserved"),
    pytest.param(html("x", "<meta name='ROBOTS' content='follow, NoSnippet'>"), id="tag"),
    pytest.param(html("x", "<meta name='tdm-reservation' content='1'>"), id="mining tag"),
]


@pytest.mark.parametrize("page", RESERVED)
def test_a_page_that_is_reserved_is_not_kept(sites, page):
    sites.pages["acme.test"] = {"/": page}
    found = walked(sites)
    assert (found.verdict, found.pages, found.facts) == ("reserved", 0, {})


def test_words_for_others_do_not_concern_us(sites):
    sites.pages["acme.test"] = {"/": Page(html("x"), headers={"X-Robots-Tag": "googlebot: noindex"})}
    assert walked(sites).pages == 1


def test_paths_reserved_by_the_host_are_left_out(sites):
    reserved = '[{"location": "/a*", "tdm-reservation": 1}, {"location": "/b", "tdm-reservation": 0}]'
    links = html("<a href='/a/1'>a</a><a href='/b'>b</a>")
    sites.pages["acme.test"] = {"/.well-known/tdmrep.json": reserved, "/": links, "/a/1": html(""), "/b": html("")}
    found = walked(sites)
    assert "/a/1" not in sites.paths()
    assert (found.pages, found.skipped["reserved"]) == (2, 1)


@pytest.mark.parametrize("status", [401, 403, 429, 503])
def test_a_site_that_turns_us_away_is_left_at_once(sites, status):
    sites.pages["acme.test"] = {"/": html("<a href='/a'>a</a><a href='/b'>b</a>"), "/a": Page("", status), "/b": "x"}
    assert walked(sites).verdict == "turned_away"
    assert "/b" not in sites.paths()


# ---------------------------------------------------------------------- safe


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.100.100.200", "0.0.0.0"),
        *("224.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "::1", "::", "fe80::1%eth0", "fd00:ec2::254"),
        *("::ffff:127.0.0.1", "::ffff:a9fe:a9fe", "64:ff9b::7f00:1", "2002:7f00:1::", "ff02::1", "localhost", ""),
    ],
)
def test_no_connection_to_private_addresses(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "64:ff9b::101:101"])
def test_connections_to_the_internet(address):
    assert is_public(address)


def test_a_redirect_to_a_private_address_is_not_followed(sites):
    sites.names["acme.test"] = ["127.0.0.1"]
    sites.names["www.acme.test"] = ["10.0.0.8"]
    inside = f"http://www.acme.test:{sites.port}/latest/meta-data/"
    sites.pages["acme.test"] = {"/": Page("", 302, {"Location": inside})}
    assert walked(sites).verdict == "private_address"
    assert sites.paths() == ["/robots.txt", "/.well-known/tdmrep.json", "/"]


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://127.0.0.1:{port}/",
        "http://2130706433:{port}/",
        "file:///etc/passwd",
        "gopher://acme.test/",
        "//evil.test:{port}/",
        "http://user:pw@acme.test:{port}/",
        "http://acme.test:22/",
    ],
)
def test_redirects_lead_nowhere_else(sites, target):
    sites.pages["evil.test"] = {"/": html("evil")}
    sites.pages["acme.test"] = {"/": Page("", 301, {"Location": target.format(port=sites.port)})}
    found = walked(sites)
    assert found.pages == 0
    assert {host for host, _path in sites.asked} == {"acme.test"}


def test_a_name_that_changes_its_address_gains_nothing(sites):
    """Each request resolves once and connects to what it checked: the next answer is checked again."""
    sites.pages["acme.test"] = {"/": html("<a href='/a'>a</a>"), "/a": html("")}
    sites.names["acme.test"] = ["127.0.0.1", "127.0.0.1", "127.0.0.1", "192.168.0.1"]
    found = walked(sites)
    assert (found.pages, found.skipped["private_address"]) == (1, 1)


def test_one_private_address_among_several_is_one_too_many():
    web = PinnedWeb("x", resolve=lambda host, port: ["93.184.216.34", "10.0.0.1"])
    with pytest.raises(NotFetched, match="private_address"):
        web.get("http://mixed.test/", most=10, seconds=1)


DAYS = html("".join(f"<a href='/cal?d={n}'>d</a>" for n in range(99)))
TRAPS = {
    "deeper and deeper": (lambda path: Page(html(f"<a href='{path.rstrip('/')}/next/'>n</a>")), "endless"),
    "a calendar without end": (lambda path: Page(DAYS), "endless"),
    "in circles": (lambda path: Page("", 302, {"Location": "/a" if path != "/a" else "/b"}), "redirects"),
    "redirects without end": (lambda path: Page("", 302, {"Location": path + "x"}), "redirects"),
    "a huge page": (lambda path: Page(html("x" * 200_000)), "too_large"),
    "a packed bomb": (lambda path: Page(bomb(20), headers={"Content-Encoding": "gzip"}), "too_large"),
    "badly packed": (lambda path: Page(b"\1" * 99, headers={"Content-Encoding": "gzip"}), "bad_answer"),
    "packed otherwise": (lambda path: Page("x", headers={"Content-Encoding": "br"}), "bad_answer"),
    "no page": (lambda path: Page("%PDF", headers={"Content-Type": "application/pdf"}), "no_page"),
}


@pytest.mark.parametrize("trap", TRAPS)
def test_traps_end(sites, trap):
    answer, why = TRAPS[trap]

    def page(path: str) -> Page:
        return Page("", 404) if path in ("/robots.txt", "/.well-known/tdmrep.json") else answer(path)

    sites.pages["acme.test"] = page
    found = walked(sites, limits=Limits(page_seconds=0.4, page_bytes=100_000, depth=99, pages=12))
    assert found.skipped[why]
    assert found.requests <= 12


def test_what_drips_is_given_up_when_its_time_is_over(sites):
    sites.pages["acme.test"] = {"/": Page(html("slow"), drip=0.05)}
    found = walked(sites)
    assert found.verdict == "slow"


def test_a_walk_ends_with_its_pages_its_requests_and_its_time(sites):
    sites.pages["acme.test"] = {"/": html("".join(f"<a href='/p{n}'>p</a>" for n in range(50)))} | {
        f"/p{n}": html("p") for n in range(50)
    }
    assert walked(sites, limits=Limits(pages=4)).pages == 4
    assert walked(sites, limits=Limits(requests=7)).requests == 7
    assert walked(sites, limits=Limits(site_seconds=9)).requests <= 10


def test_a_walk_that_is_stopped_asks_for_nothing_more(sites):
    sites.pages["acme.test"] = {"/": html("<a href='/a'>a</a>"), "/a": html("")}

    class Enough(Exception):
        pass

    def check() -> None:
        if len(sites.asked) == 3:
            raise Enough

    with pytest.raises(Enough):
        walked(sites, check=check)
    assert len(sites.asked) == 3


# ---------------------------------------------------------------------- clean


HOME = html(
    """<h1>为制造企业</h1><p>ERP。总经理 张伟 手机 13800138000。</p><a href="mailto:wei.zhang@acme.test">Zhang</a>
    <p>info@acme.test, sales@gmail.com. 京ICP备12345678号. 员工 320 余人</p>
    <a href="/team/zhang-wei">Team</a> <a href="/careers">加入我们</a>""",
    """<title>Home | Acme</title><meta name="description" content="Manufacturing software">
    <meta name="generator" content="WordPress 6"><script src="https://hm.baidu.com/hm.js"></script>
    <script type="application/ld+json">[{"@type": "Organization", "name": "Acme GmbH", "industry": "Manufacturing",
      "address": {"addressCountry": "DE"}}, {"@type": "Person", "name": "Jane Doe"}]</script>""",
)


def test_only_what_is_about_the_company_is_kept(sites):
    sites.pages["acme.test"] = {
        "/": HOME,
        "/careers": html("我们招聘 数据分析 工程师, 联系人：李娜", "<title>招聘</title>"),
        "/team/zhang-wei": html("张伟"),
    }
    found = walked(sites)
    home, careers = sites.start("acme.test"), f"{sites.start('acme.test')}careers"
    assert "/team/zhang-wei" not in sites.paths()
    assert found.name == "Acme GmbH"
    assert found.facts == {
        ("about", "Manufacturing software"): home,
        ("industry", "Manufacturing"): home,
        ("industry", "manufacturing"): home,
        ("region", "DE"): home,
        ("region", "北京"): home,
        ("employees", "320"): home,
        ("words", "ERP"): home,
        ("words", "制造"): home,
        ("technology", "WordPress"): home,
        ("technology", "Baidu Tongji"): home,
        ("hiring", "数据分析"): careers,
    }
    assert found.addresses == {("info", "acme.test"): home}
    assert found.dropped["name"] >= 2
    assert found.dropped["mobile"] == 1
    everything = repr((found.name, found.facts, found.addresses))
    assert not [one for one in ("张伟", "李娜", "Jane", "13800138000", "wei.zhang") if one in everything]


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        pytest.param("<title>Jane Doe, CEO | Acme</title>", "Acme", id="a person in the title"),
        pytest.param("<meta property='og:site_name' content='Contact: Jane Doe'>", "", id="a person as the name"),
        pytest.param("<title>Acme - Home</title>", "Acme", id="the part that the domain is made of"),
    ],
)
def test_a_name_in_which_a_person_stands_is_not_kept(sites, head, expected):
    sites.pages["acme.test"] = {"/": html("x", head)}
    assert walked(sites).name == expected


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        pytest.param(html("制造").encode("gb18030").replace(b"utf-8", b"gb2312"), {}, id="what the page says"),
        pytest.param("制造".encode("gbk"), {"Content-Type": "text/html; charset=GBK"}, id="what the server says"),
        pytest.param("制造".encode(), {"Content-Type": "text/html; charset=nonsense"}, id="neither"),
    ],
)
def test_characters(sites, body, headers):
    sites.pages["acme.test"] = {"/": Page(body, headers=headers)}
    assert ("words", "制造") in walked(sites).facts


@pytest.mark.parametrize("body", [b"", b"\0" * 900, b"<" * 9_000, b"<div>" * 9_000, b"\xff\xfe" * 900])
def test_no_page_is_too_broken(sites, body):
    sites.pages["acme.test"] = {"/": Page(body)}
    assert walked(sites).pages == 1
