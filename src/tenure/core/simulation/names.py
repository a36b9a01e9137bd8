"""Believable names of invented firms and people, Chinese and English. Hides word lists and how names stay distinct.

A firm's brand comes from its number: numbers are cut into rounds as long as the list of all brands, and each round is
one shuffle of that list. A brand that returns in a later round takes another combination of trade word, legal form and
place style, the usual combinations first. So within one language two firms never share a name, whatever their
industries, regions and draws, while their numbers stay below `CAPACITY`.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isqrt
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Words = npt.NDArray[np.object_]

# code, English, Chinese
INDUSTRIES: tuple[tuple[str, str, str], ...] = (
    ("manufacturing", "Manufacturing", "制造业"),
    ("software", "Software and IT", "软件和信息技术"),
    ("logistics", "Logistics", "物流"),
    ("retail", "Retail", "零售"),
    ("medical", "Medical and health", "医疗健康"),
    ("education", "Education", "教育"),
    ("finance", "Finance", "金融"),
    ("property", "Property", "房地产"),
    ("energy", "Energy", "能源"),
    ("catering", "Food and catering", "食品餐饮"),
    ("media", "Media", "传媒"),
    ("agriculture", "Agriculture", "农业"),
    ("business_services", "Business services", "企业服务"),
    ("wholesale", "Wholesale and trade", "批发贸易"),
)

# code (ISO 3166), English, Chinese, language of its firms, country
REGIONS: tuple[tuple[str, str, str, str, str], ...] = (
    ("CN-GD", "Guangdong", "广东", "zh", "CN"),
    ("CN-JS", "Jiangsu", "江苏", "zh", "CN"),
    ("CN-ZJ", "Zhejiang", "浙江", "zh", "CN"),
    ("CN-SH", "Shanghai", "上海", "zh", "CN"),
    ("CN-BJ", "Beijing", "北京", "zh", "CN"),
    ("CN-SD", "Shandong", "山东", "zh", "CN"),
    ("CN-SC", "Sichuan", "四川", "zh", "CN"),
    ("CN-HB", "Hubei", "湖北", "zh", "CN"),
    ("CN-FJ", "Fujian", "福建", "zh", "CN"),
    ("CN-HA", "Henan", "河南", "zh", "CN"),
    ("CN-HN", "Hunan", "湖南", "zh", "CN"),
    ("CN-AH", "Anhui", "安徽", "zh", "CN"),
    ("CN-TJ", "Tianjin", "天津", "zh", "CN"),
    ("CN-CQ", "Chongqing", "重庆", "zh", "CN"),
    ("CN-SN", "Shaanxi", "陕西", "zh", "CN"),
    ("CN-HE", "Hebei", "河北", "zh", "CN"),
    ("CN-LN", "Liaoning", "辽宁", "zh", "CN"),
    ("CN-JX", "Jiangxi", "江西", "zh", "CN"),
    ("US", "United States", "美国", "en", "US"),
    ("GB", "United Kingdom", "英国", "en", "GB"),
    ("DE", "Germany", "德国", "en", "DE"),
    ("SG", "Singapore", "新加坡", "en", "SG"),
    ("NL", "Netherlands", "荷兰", "en", "NL"),
    ("FR", "France", "法国", "en", "FR"),
    ("AU", "Australia", "澳大利亚", "en", "AU"),
    ("CA", "Canada", "加拿大", "en", "CA"),
    ("DK", "Denmark", "丹麦", "en", "DK"),
    ("MY", "Malaysia", "马来西亚", "en", "MY"),
)


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _weights(language: str, shares: tuple[float, ...]) -> Floats:
    """The shares of one language's regions as chances over all `REGIONS`: 0 elsewhere, 1 together."""
    spread = np.zeros(len(REGIONS))
    spread[[row[3] == language for row in REGIONS]] = shares
    spread /= spread.sum()
    spread.setflags(write=False)
    return spread


REGION_WEIGHTS: Mapping[str, Floats] = MappingProxyType(
    {
        "zh": _weights("zh", (14, 12, 11, 11, 11, 7, 5, 4, 4, 4, 3, 3, 3, 3, 2.5, 2.5, 2, 1.5)),
        "en": _weights("en", (26, 15, 13, 12, 8, 7, 6, 5, 4, 4)),
    }
)

# The places a Chinese firm of a region names itself after, in the order of REGIONS; abroad it is the country.
_PLACES_ZH = (
    ("广东", "广州", "深圳", "东莞", "佛山"), ("江苏", "南京", "苏州", "无锡"), ("浙江", "杭州", "宁波", "温州"),
    ("上海",), ("北京",), ("山东", "济南", "青岛", "烟台"), ("四川", "成都", "绵阳"), ("湖北", "武汉", "宜昌"),
    ("福建", "福州", "厦门", "泉州"), ("河南", "郑州", "洛阳"), ("湖南", "长沙", "株洲"), ("安徽", "合肥", "芜湖"),
    ("天津",), ("重庆",), ("陕西", "西安"), ("河北", "石家庄", "唐山"), ("辽宁", "沈阳", "大连"),
    ("江西", "南昌", "赣州"), *((row[2],) for row in REGIONS if row[3] == "en"),
)  # fmt: skip

# A brand is one character of each list. The lists share no character, no pair repeats a syllable, and a character that
# would make a household name with one of the other list is left out.
_BRAND_HEADS = tuple(
    "睿拓弘紫锦琪瑾瑜晴昕昊翊沛溪骐雁智慧知屹岩敦晔晖晏暄杉栋毅沐泓涵淇瀚灏焕煜熙珞琨璞璇皓硕磐祺禹翰聆谦轩逸霁颂馨骁"
    "骥玖芷若萃铎隽霄曙朔枢梓楠槿溯滢澍炜烁熠皎稷策纯绮羲翎臻阔岱翌晓淳松擎砺洵恪灿檀棠煊熹瞻祯禧简绘骊墨奕寰励蕙毓珀"
    "玮琥晗晰彤璨曦桐芮沁穆歆瑭瑛琰苓菡"
)
_BRAND_TAILS = tuple(
    "达诚盛昌兴丰源泽润泰康宁和合佳祥福舟桥程远腾鹏凯胜图文峰涛泉林成正格谷优尚品乐然恒迈顺畅升旭晨洲岸仁鸣麟航帆驰翔"
    "创耀辰云博森茂荣霖铭锋钧朗雅悦骏澜宸曜景川岚庭沃纳鼎海安德隆途峻嵘旺柏枫莱迪捷衡佑杰哲扬苑阁麓潮卓跃磊诺桦兰恺"
    "昶琛珩赫韵帛昂望贝"
)

# The trade words of each industry, the usual first. No word stands under two industries: names would meet.
_TRADES_ZH = (
    ("智能制造", "精密机械", "装备制造", "自动化设备", "精工"),
    ("科技", "信息技术", "软件", "网络科技", "数据技术"),
    ("供应链", "物流", "供应链管理", "国际货运", "仓储物流"),
    ("商贸", "电子商务", "零售", "百货", "连锁超市"),
    ("医疗器械", "医疗科技", "生物科技", "医药", "健康产业"),
    ("教育科技", "教育咨询", "职业培训", "文化教育", "教育"),
    ("融资租赁", "商业保理", "金融信息服务", "投资管理", "资产管理"),
    ("物业管理", "置业", "商业管理", "物业服务", "地产"),
    ("新能源", "能源科技", "光伏科技", "储能技术", "电力"),
    ("餐饮管理", "食品", "餐饮", "餐饮服务", "酒店管理"),
    ("文化传媒", "传媒", "广告", "数字传媒", "影视文化"),
    ("农业科技", "农业发展", "生态农业", "种业", "农业"),
    ("企业管理", "人力资源", "管理咨询", "企业服务", "商务服务"),
    ("贸易", "国际贸易", "进出口", "实业", "经贸"),
)
_TRADES_EN = (
    ("Manufacturing", "Precision", "Automation", "Machinery", "Industries"),
    ("Software", "Systems", "Technologies", "Digital", "Data"),
    ("Logistics", "Freight", "Supply Chain", "Forwarding", "Shipping"),
    ("Retail", "Stores", "Commerce", "Outfitters", "Home & Living"),
    ("Medical", "Health", "Medical Devices", "Diagnostics", "Biotech"),
    ("Learning", "Education", "Training", "Academy", "Skills"),
    ("Capital", "Finance", "Leasing", "Factoring", "Financial Services"),
    ("Properties", "Estates", "Real Estate", "Facilities", "Developments"),
    ("Energy", "Power", "Renewables", "Solar", "Grid"),
    ("Foods", "Catering", "Hospitality", "Kitchens", "Restaurants"),
    ("Media", "Studios", "Advertising", "Pictures", "Communications"),
    ("Farms", "Agriculture", "Seeds", "Growers", "Agri"),
    ("Consulting", "Advisory", "Business Services", "Staffing", "Partners"),
    ("Trading", "Distribution", "Wholesale", "Supplies", "Imports"),
)
_TRADE_SHARES = (5.0, 4.0, 3.0, 2.0, 1.5)

# How a Chinese name is put together: before the brand, before the form, the form, how usual it is.
_SHAPES_ZH = (
    ("place", "", "有限公司", 44.0), ("place", "", "股份有限公司", 9.0), ("place", "", "（集团）有限公司", 4.0),
    ("place", "", "有限责任公司", 3.0), ("place", "", "", 4.0),
    ("", "", "有限公司", 14.0), ("", "", "股份有限公司", 5.0), ("", "", "（集团）有限公司", 3.0),
    ("", "", "有限责任公司", 1.0), ("", "", "", 5.0),
    ("", "place", "有限公司", 10.0), ("", "place", "股份有限公司", 1.5), ("", "place", "有限责任公司", 0.5),
)  # fmt: skip

# The forms of each overseas region, and last of a Chinese region: the usual ones, the others, then none at all. No form
# is usual in one region and other in a second: names would meet.
_FORMS_EN = (
    (("Inc.", "Inc.", "Corp."), ("LLC",)), (("Ltd",), ("PLC", "LLP")), (("GmbH",), ("AG", "GmbH & Co. KG")),
    (("Pte. Ltd.",), ("LLP",)), (("B.V.",), ("N.V.",)), (("SAS",), ("SARL",)), (("Pty Ltd",), ("Limited",)),
    (("Inc.", "Corp."), ("ULC",)), (("ApS",), ("A/S",)), (("Sdn. Bhd.",), ("Berhad",)), (("Co., Ltd.",), ("Group",)),
)  # fmt: skip
_FORM_SHARES = (7.0, 2.0, 1.5)

# A coined English brand is one of each: consonant at both ends, then vowel first, then consonant first, so that no two
# triples spell the same word.
_OPENINGS = _words(
    "Bel Brel Bren Bryn Cal Cel Clar Corv Crel Dal Del Dor Fal Fen Fin Gal Gar Gren Hal Halc Har Hel Jun Kal Kel Lar "
    "Lin Lor Lum Lyr Mar Mel Mer Mil Nel Nor Quel Quor Ral Rav Rol Sel Ser Sil Stel Sten Syl Tal Tam Tar Tern Thal "
    "Tol Tren Val Var Vel Vin Vol Wel Wyn Yar Zel"
)
_MIDDLES = _words("a e i o ia io ea an en in on ar er or el il ol am em es is os")
_ENDINGS = _words(
    "dane den dex dia dium don dor dran dris fin gard gon kan ken kon kra kus lance lane len lia lis lix lon lume "
    "lux lyn mont mere mex mia mira mon nell net nex nor nova novo plex quin ra rell ren rix rys sen sia sol sys ta "
    "tane tec tel tex tia tine ton tone tra tren tris va vance vane vel vent vera via vis vix von vora zen"
)
# A place-like English brand: "Thornmere Compass".
_PLACE_HEADS = _words(
    "Alder Amber Ash Aspen Barn Birch Bram Bright Cald Cedar Copper Dray Dun East Elder Elm Fair Fern Fleet Frost "
    "Glen Gray Hark Harrow Haver Hazel Heather Holly Iron Lang Larch Linden Maple Marl Mid Mill Moor Nether North "
    "Oat Pewter Quarry Quill Rain Raven Rowan Rye Sand Sedge Snow South Stave Strath Summer Swan Thistle Thorn "
    "Wether Wheat Whit Willow Win Winter Wren Wych"
)
_PLACE_TAILS = _words(
    "bank bourne bridge brook bury by combe cote crest croft dale den field ford garth gate grove ham haven holm "
    "holt hurst leigh march mead mere more port ridge shaw side stead stock stow thorpe vale wick wold worth yard"
)
_PLACE_SIGNS = _words(
    "Anchor Anvil Arbor Arrow Atlas Bay Beacon Bell Bower Bridge Canal Cape Castle Compass Cove Creek Delta Ferry "
    "Forge Garden Grange Harbor Heron Hill House Kestrel Key Lane Lantern Lodge Loom Meadow Orchard Otter Park Peak "
    "Pier Point Prism Quay River Sail Spring Square Summit Tower Union Vista"
)

# Surnames by their share among Chinese people, about in thousandths; the rarer ones that are left out are not counted.
_SURNAMES = _words(
    "王 李 张 刘 陈 杨 黄 赵 吴 周 徐 孙 马 朱 胡 郭 何 林 高 罗 郑 梁 谢 宋 唐 许 邓 冯 韩 曹 曾 彭 萧 蔡 潘 田 董 "
    "袁 于 余 叶 蒋 杜 苏 魏 程 吕 丁 沈 任 姚 卢 傅 钟 姜 崔 谭 汪 欧阳 上官"
)
_SURNAME_SHARES = (
    72, 72, 68, 54, 46, 31, 23, 23, 21, 19, 17, 15, 13, 13, 12, 12, 12, 11, 10, 10, 9.5, 8.5, 8, 7.5, 7.5, 7, 7,
    6.5, 6.5, 6, 6, 6, 6, 5.5, 5.5, 5, 5, 5, 4.8, 4.8, 4.7, 4.6, 4.5, 4.5, 4.5, 4.5, 4.4, 4.2, 4.1, 4, 4, 4, 3.9,
    3.8, 3.7, 3.7, 3.6, 3.5, 0.8, 0.1,
)  # fmt: skip
_GIVEN_FIRST = tuple(
    "子文思晓雨佳嘉志雅欣梦诗若静美春秋明宏学书景睿浩泽梓奕煜皓启"
    "知心语依婉淑秀慧可亦以星昕楚沐清宛舒南云瑞远庆如芷安君叶夏允"
)
_GIVEN_LAST = tuple(
    "轩玥瑶萱怡桐嫣莹沁璐霞蓓岚萍芳妤然仁鸣嵘博航澈阳晔昊琛樾屿柏"
    "泉铭尧柯言宸楷沅川霖翰桓朗跃乔珊瑜茹菡棋畅卓禾潼娴榕容谦"
)
_FIRST_NAMES = _words(
    "Aaron Aisha Alice Amelia Amir Ana Andrea Anika Anton Arjun Astrid Beatriz Ben Bianca Camille Carla Caroline "
    "Chiara Clara Daniel Daria David Deepa Diego Dmitri Elena Elin Elise Emil Erik Esther Farah Felix Fiona Freya "
    "Gabriel Grace Hana Hannah Hugo Ines Irene Isabel Ivan Jakob Jana Jasper Joanna Jonas Julia Karim Karin Katja "
    "Lars Laura Leila Leo Lena Lucas Magnus Marcus Maria Marta Martin Mei Mila Nadia Nina Noah Oliver Olivia Omar "
    "Paula Peter Priya Rafael Rosa Sofia Thomas Yuki"
)
_LAST_NAMES = _words(
    "Abbott Ahmed Almeida Andersen Aziz Bakker Barros Bekker Bennett Bergman Brandt Byrne Campos Carlin Chandra "
    "Clarke Coelho Correia Dahl Dalton Desai Dubois Eklund Ellison Engel Farrell Faure Fichtner Fontaine Forde "
    "Galvez Gibson Gupta Haas Hansen Harper Hayes Holm Hughes Ibrahim Iversen Jansen Jensen Kaur Keller Koch "
    "Kowalski Kumar Lambert Lassen Laurent Lindgren Lowell Lozano Marsh Maurer Mehta Meyer Moreau Nair Nakamura "
    "Nielsen Novak Okafor Olsen Patel Pereira Petrov Prescott Quinn Rahman Rossi Sato Schmidt Serrano Tanaka Turner "
    "Visser Walsh Weber"
)

# committee role -> its job titles, Chinese and English; the order of the roles is what `titles` counts by
TITLES: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = MappingProxyType(
    {
        "decision_maker": (
            ("总经理", "首席执行官", "副总裁", "首席运营官", "事业部总经理"),
            ("Chief Executive", "Managing Director", "Vice President", "Chief Operating Officer", "General Manager"),
        ),
        "manager": (
            ("运营总监", "市场总监", "销售总监", "部门经理", "运营经理"),
            ("Head of Operations", "Marketing Director", "Sales Director", "Operations Manager", "Team Lead"),
        ),
        "executor": (
            ("运营专员", "市场专员", "运营主管", "销售运营", "数据分析师"),
            ("Operations Specialist", "Marketing Specialist", "Coordinator", "Sales Operations", "Data Analyst"),
        ),
        "technical_expert": (
            ("技术总监", "信息部经理", "系统架构师", "高级工程师", "数据工程师"),
            ("Chief Technology Officer", "IT Manager", "Solution Architect", "Senior Engineer", "Data Engineer"),
        ),
        "procurement": (
            ("采购总监", "采购经理", "采购专员", "招标主管"),
            ("Procurement Director", "Procurement Manager", "Buyer", "Sourcing Lead"),
        ),
        "liaison": (
            ("总经理助理", "行政经理", "项目协调", "商务助理"),
            ("Executive Assistant", "Office Manager", "Project Coordinator", "Business Assistant"),
        ),
    }
)

# the firm's own account managers
MEMBERS: tuple[str, ...] = (
    "林若岚", "周思远", "陈雨萱", "许嘉航", "沈知言", "何晓川", "罗景川", "苏婉清",
    "Clara Lindgren", "Jonas Bakker", "Priya Nair", "Hugo Fontaine",
)  # fmt: skip


def _objects(values: tuple[str, ...]) -> Words:
    return np.array(values, dtype=object)


def _grid(rows: tuple[tuple[str, ...], ...]) -> tuple[Words, Integers]:
    """Rows of unequal length as a table filled up with blanks, and the length of each."""
    widths = np.array([len(row) for row in rows], dtype=np.int64)
    blank = ("",) * int(widths.max())
    return np.array([(row + blank)[: len(blank)] for row in rows], dtype=object), widths


def _pick(draws: Floats, sizes: Integers | int) -> Integers:
    """A position below `sizes` for each draw of [0, 1)."""
    return np.asarray(draws * sizes, dtype=np.int64)


def _scatter(values: Integers, salt: int) -> Integers:
    """A fixed, even scatter of whole numbers over [0, 2**53) (the finish of SplitMix64)."""
    mixed = values.astype(np.uint64) + np.uint64((salt + 1) * 0x9E3779B97F4A7C15 % 2**64)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (mixed >> np.uint64(11)).astype(np.int64)


def _shuffled(places: Integers, size: int) -> Integers:
    """Where each place of [0, size) lands in one fixed shuffle: four rounds that push one coordinate by the other."""
    width = max(d for d in range(1, isqrt(size) + 1) if size % d == 0)
    row, column = np.divmod(places, width)
    for salt in range(4):
        row = (row + _scatter(column, 2 * salt)) % (size // width)
        column = (column + _scatter(row, 2 * salt + 1)) % width
    return row * width + column


def _orders(shares: Floats, salt: int, rows: int = 128) -> Integers:
    """Some orders of the combinations, each one a draw without return that favours the larger shares."""
    chance = (_scatter(np.arange(rows * len(shares), dtype=np.int64), salt) + 0.5) / 2**53
    return np.argsort(-np.log(chance.reshape(rows, -1)) / shares, axis=1)


_COMBINATIONS_ZH = _orders(np.multiply.outer([shape[3] for shape in _SHAPES_ZH], _TRADE_SHARES).ravel(), 101)
_COMBINATIONS_EN = _orders(np.multiply.outer(_FORM_SHARES, _TRADE_SHARES).ravel(), 102)
_COINED = len(_OPENINGS) * len(_MIDDLES) * len(_ENDINGS)
_BRANDS_ZH = len(_BRAND_HEADS) * len(_BRAND_TAILS)
_BRANDS_EN = _COINED + len(_PLACE_HEADS) * len(_PLACE_TAILS) * len(_PLACE_SIGNS)

# language -> the number below which names are distinct
CAPACITY: Mapping[str, int] = MappingProxyType(
    {"zh": _BRANDS_ZH * _COMBINATIONS_ZH.shape[1], "en": _BRANDS_EN * _COMBINATIONS_EN.shape[1]}
)


def _brand_and_combination(number: Integers, brands: int, orders: Integers) -> tuple[Integers, Integers, Integers]:
    """The brand of each number, and the shape (or form) and trade word that no earlier round gave to that brand."""
    rounds, place = np.divmod(number, brands)
    brand = _shuffled(place, brands)
    order = orders[_scatter(brand, 103) % len(orders), rounds % orders.shape[1]]
    shape, trade = np.divmod(order, len(_TRADE_SHARES))
    return brand, shape, trade


def _chinese_firms(draws: Floats, industry: Integers, region: Integers, number: Integers) -> Words:
    brand, shape, trade = _brand_and_combination(number, _BRANDS_ZH, _COMBINATIONS_ZH)
    head, tail = np.divmod(brand, len(_BRAND_TAILS))
    places, sizes = _grid(_PLACES_ZH)
    place = places[region, _pick(draws[:, 0], sizes[region])]
    before = np.array([row[0] == "place" for row in _SHAPES_ZH])[shape]
    within = np.array([row[1] == "place" for row in _SHAPES_ZH])[shape]
    name = np.where(before, place, "") + _objects(_BRAND_HEADS)[head] + _objects(_BRAND_TAILS)[tail]
    name = name + np.array(_TRADES_ZH, dtype=object)[industry, trade] + np.where(within, "（" + place + "）", "")
    firms: Words = name + _objects(tuple(row[2] for row in _SHAPES_ZH))[shape]
    return firms


def _english_brands(brand: Integers) -> Words:
    rest, ending = np.divmod(np.minimum(brand, _COINED - 1), len(_ENDINGS))
    opening, middle = np.divmod(rest, len(_MIDDLES))
    coined = _objects(_OPENINGS)[opening] + _objects(_MIDDLES)[middle] + _objects(_ENDINGS)[ending]
    rest, sign = np.divmod(np.maximum(brand - _COINED, 0), len(_PLACE_SIGNS))
    head, tail = np.divmod(rest, len(_PLACE_TAILS))
    placed = _objects(_PLACE_HEADS)[head] + _objects(_PLACE_TAILS)[tail] + " " + _objects(_PLACE_SIGNS)[sign]
    brands: Words = np.where(brand < _COINED, coined, placed)
    return brands


def _english_firms(draws: Floats, industry: Integers, region: Integers, number: Integers) -> Words:
    brand, rank, trade = _brand_and_combination(number, _BRANDS_EN, _COMBINATIONS_EN)
    overseas = np.array([row[3] == "en" for row in REGIONS])
    place_of_forms = np.where(overseas, np.cumsum(overseas) - 1, len(_FORMS_EN) - 1)
    forms, sizes = _grid(tuple(tuple(f" {form}" for form in forms) for row in _FORMS_EN for forms in (*row, ("",))))
    forms[2 :: len(_FORM_SHARES)] = ""
    line = place_of_forms[region] * len(_FORM_SHARES) + rank
    form = forms[line, _pick(draws[:, 1], sizes[line])]
    towns = np.where(overseas, "", _objects(tuple(f" ({row[1]})" for row in REGIONS)))
    town = np.where(draws[:, 2] < 0.4, towns[region], "")
    firms: Words = _english_brands(brand) + " " + np.array(_TRADES_EN, dtype=object)[industry, trade] + town + form
    return firms


def companies(draws: Floats, chinese: Flags, industry: Integers, region: Integers, number: Integers) -> list[str]:
    """One company name each, distinct for distinct numbers of one language.

    Shapes:  `draws` is (n, 4), of [0, 1): the place, the spelling of the legal form, whether an English name of a
             Chinese region tells it; the fourth is not read. The others are (n,).
    Units:   `industry` and `region` count by INDUSTRIES and REGIONS; `number` is the account's own, from 0.
    Returns: n names. From CAPACITY[language] on, names return.
    """
    names: Words = np.empty(len(number), dtype=object)
    for language, rows in ((_chinese_firms, chinese), (_english_firms, ~chinese)):
        if rows.any():
            names[rows] = language(draws[rows], industry[rows], region[rows], number[rows])
    return list(names.tolist())


def people(draws: Floats, chinese: Flags) -> list[str]:
    """One full name each; people may share one.

    Shapes:  `draws` is (n, 3), of [0, 1): the surname and two parts of the given name; `chinese` is (n,).
    Returns: n names, Chinese surnames as frequent as among Chinese people, one given name in five a single character.
    """
    bounds = np.cumsum(_SURNAME_SHARES) / np.sum(_SURNAME_SHARES)
    surname = np.minimum(np.searchsorted(bounds, draws[:, 0], side="right"), len(_SURNAMES) - 1)
    double = np.clip((draws[:, 1] - 0.2) / 0.8, 0.0, 1.0)  # the draws above a fifth, stretched over the whole list
    given = np.where(draws[:, 1] < 0.2, "", _objects(_GIVEN_FIRST)[_pick(double, len(_GIVEN_FIRST))])
    local = _objects(_SURNAMES)[surname] + given + _objects(_GIVEN_LAST)[_pick(draws[:, 2], len(_GIVEN_LAST))]
    first = _objects(_FIRST_NAMES)[_pick(draws[:, 1], len(_FIRST_NAMES))]
    last = _objects(_LAST_NAMES)[_pick(draws[:, 2], len(_LAST_NAMES))]
    return list(np.where(chinese, local, first + " " + last).tolist())


def titles(role: Integers, draws: Floats, chinese: Flags) -> list[str]:
    """One job title each, fitting the person's part in a buying committee.

    Shapes:  three arrays (n,).
    Units:   `role` counts by the keys of TITLES in their order; `draws` are of [0, 1).
    """
    words, sizes = _grid(tuple(row for pair in TITLES.values() for row in pair))
    line = role * 2 + np.where(chinese, 0, 1)
    return list(words[line, _pick(draws, sizes[line])].tolist())
