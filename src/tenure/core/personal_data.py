"""What in a text is about a person, not about a company: found, and taken out before anything is kept.

It errs on one side. A company's word that looks like a name is taken out, too: nothing is lost but a word, and what is
kept was never a person's. See docs/explanation/polite-collector.md, "What is dropped".
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

KINDS = ("id_number", "mobile", "phone", "email", "messenger", "name")
GONE = "▯"
"""What stands in the place of what was taken out."""

ROLES = (
    *("info", "contact", "hello", "hi", "office", "mail", "team", "service", "services", "support", "help", "helpdesk"),
    *("sales", "marketing", "business", "bd", "partner", "partners", "purchase", "procurement", "press", "media", "pr"),
    *("hr", "job", "jobs", "career", "careers", "recruit", "recruiting", "talent", "admin", "webmaster", "postmaster"),
    *("privacy", "legal", "security", "billing", "finance", "kefu", "zhaopin", "shichang", "xiaoshou", "hezuo"),
)
"""Local parts that name a desk, not a person."""
PRIVATE_MAIL = frozenset(
    (
        *("qq.com", "vip.qq.com", "foxmail.com", "163.com", "126.com", "yeah.net", "139.com", "189.cn", "sina.com"),
        *("sina.cn", "sohu.com", "aliyun.com", "gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com"),
        *("msn.com", "yahoo.com", "icloud.com", "me.com", "gmx.de", "gmx.net", "web.de", "proton.me", "mail.ru"),
    )
)
"""Where people have mailboxes of their own: no address there is a company's desk."""

_AT = r"(?:@|\s*[(\[{]\s*(?:at|AT|#|@)\s*[)\]}]\s*)"
_DOT = r"(?:\.|\s*[(\[{]\s*(?:dot|DOT|\.)\s*[)\]}]\s*)"
_EMAIL = re.compile(rf"(?P<local>[\w.+'-]{{1,64}}){_AT}(?P<domain>[\w-]+(?:{_DOT}[\w-]+)+)")
_ID = re.compile(r"(?<![0-9A-Za-z])[1-9]\d{5}(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])\d{3}[\dXx](?!\w)")
_MOBILE = re.compile(r"(?<![\d.])(?:\(?\+?(?:00)?86\)?[\s-]?)?1[3-9]\d[\s.-]?\d{4}[\s.-]?\d{4}(?!\d)")
_PHONE = re.compile(r"(?<![\d.])(?:\+\d[\d() /.-]{7,18}\d|\(?0\d{2,4}\)?[\s/-]{0,2}\d{3,4}[\s-]?\d{3,5})(?!\d)")
_MESSENGER = re.compile(
    r"(?:微信|威信|weixin|wechat|vx|qq|钉钉|whatsapp|telegram|skype)(?:号码|号|群|id)?\s*[::]?\s*"
    r"(?P<id>[A-Za-z0-9_-]*\d[A-Za-z0-9_-]{3,}|(?<=:)\s*[A-Za-z][A-Za-z0-9_-]{5,19})",
    re.IGNORECASE,
)

_SURNAME = (
    "(?:欧阳|司马|上官|诸葛|东方|皇甫|尉迟|公孙|慕容|令狐|夏侯|司徒|端木|"
    "[赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏窦章云苏潘葛范彭郎鲁韦昌马苗凤花方俞任"
    "袁柳唐费廉岑薛雷贺倪汤滕殷罗毕郝邬安常乐于时傅皮卞齐康伍余元卜顾孟平黄和穆萧尹姚邵汪祁毛狄米贝明臧戴宋庞熊纪舒屈"
    "祝董梁杜阮蓝闵席季麻强贾路娄江童颜郭梅盛林刁钟徐邱骆高夏蔡田樊胡凌霍万柯管卢莫房裘缪丁邓郁单洪包左石崔吉龚程嵇邢"
    "裴陆荣翁荀甄曲封储靳段富焦巴侯车侍班仰秋宫宁仇栾甘厉祖武符刘景詹束龙叶幸司韶黎薄印白蒲从鄂索赖卓蔺屠蒙池乔阴胥闻"
    "党翟谭劳姬申扶堵冉宰郦雍桑桂濮牛寿边扈燕冀浦尚温庄晏柴瞿阎慕连茹习艾鱼容向古易廖庾终暨居衡步耿满弘匡国文寇广东欧沃"
    "利越隆师巩聂晁敖冷訾辛阚那简饶曾沙养鞠须丰关相查后荆红游竺权盖益桓公肖覃岳帅闫涂])"
)
_NO_NAME = "(?!高[级效端层]|金融|华[东南北中]|方案|平台|安全|时间|成功|国[内际家]|全国|广[东州]|向上|解决|和[高初中资])"
_NAME_ZH = _NO_NAME + _SURNAME + r"[\u4e00-\u9fff]{1,2}"
_TITLE_ZH = (
    r"(?:(?:副|总|执行|常务)?(?:董事长|总经理|总裁|董事)|(?:[\u4e00-\u9fff]{0,4})?(?:经理|总监|主任|主管|专员|顾问)|"
    r"联合创始人|创始人|合伙人|首席[\u4e00-\u9fff]{1,4}官|CEO|CTO|CFO|COO|CMO|HRBP|HR|法定代表人|法人代表|法人|"
    r"联系人|负责人|对接人|站长|店长|厂长|校长|院长|处长|秘书长|书记|教授|博士|工程师|先生|女士|小姐|老师|同学)"
)
_LEADS_ZH = (
    r"(?:法定代表人|法人代表|联系人|负责人|对接人|收件人|作者|编辑|记者|姓名|创始人|董事长|总经理|总裁|经理|总监|主任|"
    r"CEO|CTO|CFO|COO|HR)"
)
_NAMES_ZH = (
    re.compile(rf"{_LEADS_ZH}\s*[:\-–—是为]?\s*(?P<name>{_NAME_ZH})"),
    re.compile(rf"(?P<name>{_NAME_ZH})\s*[,，、(\-–—]?\s*(?={_TITLE_ZH})"),
)
_UP, _LOW = "A-ZÀ-ÖØ-ÞŁŚŠŽ", "a-zà-öø-ÿßłśšž'’"
_WORD = rf"[{_UP}][{_LOW}]+(?:-[{_UP}][{_LOW}]+)?"
_NAME_EN = rf"{_WORD}(?:[ ](?:[{_UP}]\.|van|von|de|der|da|di|bin|al))*(?:[ ]{_WORD}){{1,2}}"
_TITLE_EN = (
    r"(?:CEO|CTO|CFO|COO|CMO|CIO|CPO|CRO|VP|[Cc]o-?[Ff]ounder|[Ff]ounder|[Cc]hair(?:man|woman)?|"
    r"(?:[Vv]ice )?[Pp]resident|(?:[Mm]anaging )?[Dd]irector|[Mm]anager|[Hh]ead of|[Oo]wner|[Pp]artner|[Ll]ead|"
    r"[Ee]ngineer|[Aa]ttorney|[Cc]hief \w+ [Oo]fficer|[Gg]esch[äa]ftsf[üu]hrer(?:in)?|"
    r"[Ii]nhaber(?:in)?|[Aa]nsprechpartner(?:in)?)"
)
_LEADS_EN = (
    r"(?:[Cc]ontact(?: [Pp]erson)?|[Aa]uthor|[Ww]ritten [Bb]y|[Pp]osted [Bb]y|[Ff]ounded [Bb]y|[Ll]ed [Bb]y|[Bb]y|"
    r"[Aa]ttn|[Ii]nterview [Ww]ith)"
)
_BESIDE_EN = r"(?:,|\(|-|–|—|\||:|is our|is the|as)"
_NAMES_EN = (
    re.compile(rf"\b(?:Mr|Mrs|Ms|Dr|Prof|Herr|Frau)\.?[ ](?P<name>{_WORD}(?:[ ]{_WORD}){{0,2}})"),
    re.compile(rf"\b(?P<name>{_NAME_EN})[ ]?{_BESIDE_EN}[ ]?(?=(?:[\w&]+[ ]){{0,4}}?{_TITLE_EN}\b)"),
    re.compile(rf"\b{_TITLE_EN}(?:[ ](?:of|for|and|&)[ ][\w& ]{{1,30}}?)?[ ]?[:,–—-]?[ ](?P<name>{_NAME_EN})"),
    re.compile(rf"\b{_LEADS_EN}[ ]?[:–—-]?[ ](?P<name>{_NAME_EN})"),
)
MOST_ADDRESSES = 20
LONGEST_DOMAIN = 253
_LONGEST = 400_000
"""Characters that are looked at; what is beyond is not returned."""


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A text without what is about a person; how often each kind of that was in it."""

    text: str
    dropped: Mapping[str, int]

    @property
    def is_clean(self) -> bool:
        """Whether nothing had to be taken out."""
        return not self.dropped


def cleaned(text: str) -> Cleaned:
    """A text without ID numbers, telephone numbers, addresses, messenger ids, and names next to titles."""
    text = _plain(text)
    dropped: Counter[str] = Counter()

    def take(kind: str, pattern: re.Pattern[str]) -> None:
        nonlocal text
        text, count = pattern.subn(_gone, text)
        if count:
            dropped[kind] += count

    take("email", _EMAIL)
    take("id_number", _ID)
    take("mobile", _MOBILE)
    take("messenger", _MESSENGER)
    take("phone", _PHONE)
    for pattern in (*_NAMES_ZH, *_NAMES_EN):
        take("name", pattern)
    return Cleaned(text, dict(dropped))


def role_addresses(text: str, domain: str) -> tuple[tuple[str, str], ...]:
    """The addresses of desks of a company in a text, as (role, domain): its own domain's, by `ROLES`, nobody else's."""
    found: dict[tuple[str, str], None] = {}
    for match in _EMAIL.finditer(_plain(text)):
        local = match["local"].casefold()
        host = re.sub(_DOT, ".", match["domain"]).casefold().strip(".")
        if (
            local in ROLES
            and len(host) <= LONGEST_DOMAIN
            and host not in PRIVATE_MAIL
            and (host == domain or host.endswith(f".{domain}"))
        ):
            found[local, host] = None
    return tuple(found)[:MOST_ADDRESSES]


def _plain(text: str) -> str:
    """A text of bounded length in one width of characters, with single spaces: long runs make patterns slow."""
    return " ".join(unicodedata.normalize("NFKC", text[:_LONGEST])[:_LONGEST].replace("\0", "").split())


def _gone(match: re.Match[str]) -> str:
    """The match with its name taken out, or all of it where no part is one."""
    if "name" not in match.re.groupindex:
        return GONE
    begin, end = match.span("name")
    whole = match.group()
    return whole[: begin - match.start()] + GONE + whole[end - match.start() :]
