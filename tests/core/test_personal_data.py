"""The detector of personal data, on a small corpus: what is about persons goes, what is about companies stays."""

from __future__ import annotations

import time

import pytest

from tenure.core.personal_data import GONE, cleaned, role_addresses

PERSONS = [
    ("联系人：张伟 电话 13800138000", ["张伟", "13800138000"]),
    ("总经理 王小明 表示", ["王小明"]),
    ("欧阳娜娜女士 欢迎来电", ["欧阳娜娜"]),
    ("产品总监李娜，加微信：lina_0086", ["李娜", "lina_0086"]),
    ("法定代表人:刘强东", ["刘强东"]),
    ("１３８００１３８０００", ["13800138000", "１３８００１３８０００"]),
    ("拨打 +86 138-0013-8000", ["0013"]),
    ("身份证 11010519491231002X", ["19491231"]),
    ("QQ:12345678 在线咨询", ["12345678"]),
    ("直线 0571-88888888", ["88888888"]),
    ("Jane Doe, CEO of Acme", ["Jane", "Doe"]),
    ("Our Managing Director Hans von der Berg", ["Hans", "Berg"]),
    ("Contact: John A. Smith", ["John", "Smith"]),
    ("Founded by Anna-Maria Weiß in 2010", ["Anna", "Weiß"]),
    ("Dr. Müller advises", ["Müller"]),
    ("jane.doe@acme.example or jane (at) acme (dot) example", ["jane"]),
    ("call +49 30 1234567", ["1234567"]),
]
COMPANIES = [
    "我们是领先的企业软件公司,服务制造业客户",
    "统一社会信用代码 91310000MA1FL8T23X",
    "我们招聘销售经理、项目经理和高级产品经理",
    "金融行业解决方案 云计算平台",
    "成立于2010年,员工500人,服务10,000家客户",
    "Cloud platform for retail Managers and Directors",
    "Order management for manufacturers since 1998",
    "2010-2024, version 3.11.2, order 202401150001",
    "Offices in Berlin, Paris and New York",
]


@pytest.mark.parametrize(("text", "gone"), PERSONS)
def test_what_is_about_a_person_is_taken_out(text, gone):
    found = cleaned(text)
    assert not found.is_clean
    assert GONE in found.text
    assert [word for word in gone if word in found.text] == []
    assert cleaned(found.text).text == found.text, "what is clean stays as it is"


@pytest.mark.parametrize("text", COMPANIES)
def test_what_is_about_a_company_stays(text):
    assert cleaned(text).text == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("info@acme.example", (("info", "acme.example"),), id="a desk"),
        pytest.param("INFO (at) mail.acme.example", (("info", "mail.acme.example"),), id="disguised, below the domain"),
        pytest.param("jane@acme.example", (), id="a person"),
        pytest.param("info@other.example", (), id="another company's"),
        pytest.param("kefu@qq.com", (), id="a private mailbox"),
    ],
)
def test_only_desks_of_the_company_itself_are_addresses_to_show(text, expected):
    assert role_addresses(text, "acme.example") == expected


@pytest.mark.parametrize(
    "hostile", ["张经理", "qq" + " " * 50, "1-", "A. ", "Jane Doe, ", "a@b.", "CEO of a ", "\ufdfa"]
)
def test_no_text_makes_it_slow(hostile):
    began = time.process_time()
    cleaned(hostile * (40_000 // len(hostile)))
    assert time.process_time() - began < 2
