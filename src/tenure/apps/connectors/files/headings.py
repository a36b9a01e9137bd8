"""The words people write over their columns, in Chinese and English. Hides spelling: case, spaces, units in brackets.

`VOCABULARY[kind][column]` has two tiers: words that mean the column, and words that mean it if nothing better is there.
The column's own name and its names in the public contract (`schema.GIVEN_AS`) always come first.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from tenure.warehouse.schema import GIVEN_AS, TABLES

KINDS = (
    "accounts",
    "contacts",
    "subscriptions",
    "contracts",
    "discounts",
    "invoice_lines",
    "fx_rates",
    "events",
    "identities",
)
"""What can be imported; a subset of the lake's tables."""

Tiers = tuple[tuple[str, ...], tuple[str, ...]]


def _tiers(strong: str, weak: str = "") -> Tiers:
    return tuple(strong.split()), tuple(weak.split())


_ACCOUNT = _tiers(
    "客户ID 客户编号 客户编码 客户代码 客户号 客户 公司ID 公司编号 account customer company_id client_id accountid "
    "customerid account_no account_number customer_no customer_number organization_id org_id tenant_id",
    "客户名称 客户名 公司 公司名称 企业 企业名称 单位 account_name customer_name company "
    "company_name client organization",
)
_SUBSCRIPTION = _tiers(
    "订阅ID 订阅号 订阅编号 订阅 subscription subscriptionid sub_id subscription_no subscription_number",
    "订单号 订单编号 order_id order_no",
)
_PLAN = _tiers(
    "套餐 套餐名称 版本 方案 计划 plan_name plan_id plan_tier price_plan edition package", "规格 price_id sku"
)
_PRODUCT = _tiers("产品 产品名称 产品线 product_name product_id product_code", "商品")
_CURRENCY = _tiers("币种 币别 货币 结算币种 currency_code iso_currency ccy")
_INTERVAL = _tiers(
    "计费周期 付款周期 结算周期 收费周期 周期 billing_interval billing_period "
    "billing_frequency billing_cycle period frequency "
    "plan_interval",
    "续费周期 cycle",
)
_INTERVAL_COUNT = _tiers("周期数 计费周期数 plan_interval_count billing_interval_count")
_START = _tiers(
    "开始日期 开始日 开始时间 起始日期 起始日 生效日期 生效日 生效时间 服务开始 服务开始日 "
    "服务开始日期 start_date startdate begin_date "
    "date_start valid_from service_start effective_date started_at",
    "起 开始 起始 开通日期 开通日 from begin",
)
_END = _tiers(
    "结束日期 结束日 结束时间 截止日期 终止日期 到期日 到期日期 到期时间 服务结束 服务结束日 "
    "服务结束日期 end_date enddate "
    "date_end valid_to valid_until service_end expiry_date expiration_date expires_at ended_at",
    "止 结束 终止 到期 截止 to until expiry",
)
_SIGNED = _tiers(
    "签约日期 签约日 签订日期 签署日期 签字日期 sign_date signature_date signed_on signed_date contract_date", "签约"
)
_QUANTITY = _tiers(
    "数量 席位 席位数 座席数 坐席数 用户数 账号数 许可数 seats seat_count units licenses licences qty users"
)
_TAX = _tiers("税额 税金 税 tax_amount vat vat_amount")
_NAME = _tiers(
    "名称 公司名称 客户名称 公司 客户名 企业名称 全称 account_name company_name customer_name company", "简称 客户"
)
_SOURCE = _tiers("来源系统 source_system")
_ROW = _tiers("rowid")
_IDENTITY = {"source": _SOURCE, "row_id": _ROW, "recorded_at": _tiers("记录时间"), "superseded_at": _tiers("失效时间")}

VOCABULARY: dict[str, dict[str, Tiers]] = {
    "accounts": {
        "account_id": (_ACCOUNT[0], ("编号", "id", "ID", "uid")),
        "name": _NAME,
        "parent_id": _tiers("上级客户 上级客户编号 母公司 母公司编号 集团 parent parent_account parent_account_id"),
        "industry": _tiers("行业 所属行业 industry_name sector vertical"),
        "region": _tiers("地区 区域 省份 城市 国家 所在地 country country_code state province", "大区 geo location"),
        "employees": _tiers(
            "员工数 人数 员工人数 规模 公司规模 employee_count headcount number_of_employees company_size"
        ),
        "tier": _tiers("客户等级 等级 客户级别 级别 account_tier customer_tier grade"),
        "owner": _tiers("负责人 客户经理 客户负责人 所属销售 account_owner account_manager csm owner_name"),
        "product": _PRODUCT,
        "created_at": _tiers(
            "创建时间 创建日期 注册时间 注册日期 建档日期 created created_date signup_date signup_at "
            "registered_at created_utc"
        ),
        "merged_into": _tiers("并入 合并到 并入客户 merged_to"),
    },
    "contacts": {
        "contact_id": (("联系人ID", "联系人编号", "contact", "contactid", "person_id"), ("编号", "id")),
        "account_id": _ACCOUNT,
        "user_id": _tiers("用户ID 用户编号 使用者ID userid"),
        "name": _tiers("姓名 联系人姓名 联系人 名字 contact_name full_name fullname person"),
        "title": _tiers("职位 职务 岗位 job_title position"),
        "roles": _tiers("决策角色 角色 role committee_role buying_role"),
        "email": _tiers("邮箱 电子邮箱 电子邮件 邮件 e-mail email_address mail"),
        "phone": _tiers("电话 手机 手机号 联系电话 手机号码 mobile telephone phone_number tel cell"),
        "consent": _tiers("同意 授权 营销同意 opt_in"),
        "left": _tiers("离职日期 离职日 离职时间 left_on left_date"),
    },
    "subscriptions": {
        "account_id": _ACCOUNT,
        "subscription_id": (_SUBSCRIPTION[0], (*_SUBSCRIPTION[1], "id")),
        "item": _tiers("明细 订阅项 项目 明细项 item_id line_item subscription_item subscription_item_id"),
        "product": _PRODUCT,
        "plan": _PLAN,
        "currency": _CURRENCY,
        "amount": _tiers(
            "单价 价格 每席位单价 月单价 月费 年费 月费单价 每月单价 unit_price price unit_amount "
            "plan_amount monthly_amount monthly_price "
            "annual_amount yearly_amount monthly_fee annual_fee mrr_amount mrr 月经常性收入",
            "金额 费用 fee 订阅金额",
        ),
        "quantity": _QUANTITY,
        "interval": _INTERVAL,
        "interval_count": _INTERVAL_COUNT,
        "start": _START,
        "end": _END,
        "cancelled": _tiers(
            "取消日期 取消日 退订日期 退订时间 取消时间 canceled_at cancel_date cancelled_on cancellation_date"
        ),
        "trial_end": _tiers("试用结束 试用结束日 试用结束日期 试用到期 trial_end_date trial_end_at trial_ends_at"),
        "pauses": _tiers("暂停 暂停期 停用期 paused pause"),
        "tax_inclusive_rate": _tiers("含税税率 内含税率 tax_rate_included"),
        "signed": _SIGNED,
        "unpaid": _tiers("欠费终止日 欠费日期 坏账日 unpaid_on unpaid_date"),
    },
    "contracts": {
        "contract_id": (
            ("合同编号", "合同号", "合同ID", "contract", "contract_no", "contract_number", "contractid"),
            ("编号", "id"),
        ),
        "account_id": _ACCOUNT,
        "currency": _CURRENCY,
        "total": _tiers(
            "合同金额 合同总额 总金额 合同总价 contract_value total_value contract_amount tcv total_amount",
            "金额 总价 amount value",
        ),
        "start": _START,
        "end": _END,
        "schedule": _tiers("阶梯 付款计划 价格阶梯 ramp steps"),
        "renews": _tiers("续签自 原合同编号 原合同 续约合同 续签合同 renewal_of renews_contract previous_contract"),
        "kind": _tiers("合同类型 类型 contract_type contract_kind type"),
        "product": _PRODUCT,
        "plan": _PLAN,
        "quantity": _QUANTITY,
        "notice_days": _tiers("通知天数 提前通知天数 提前通知 notice_period notice_period_days"),
        "notice_given": _tiers("通知日期 不续约通知日 notice_date notice_given_on"),
        "auto_renew": _tiers("自动续约 自动续费 自动续期 auto_renewal auto_renew_flag autorenew"),
        "signed": _SIGNED,
    },
    "discounts": {
        "subscription_id": _SUBSCRIPTION,
        "kind": _tiers("折扣类型 优惠类型 类型 discount_type discount_kind type"),
        "value": _tiers(
            "折扣 折扣值 优惠 优惠值 折扣率 discount discount_value percent_off amount_off", "数值 金额 amount"
        ),
        "duration": _tiers("期限 折扣期限 优惠期限 discount_duration"),
        "start": _START,
        "end": _END,
        "row_id": (("折扣ID", "折扣编号", "优惠编号", "rowid"), ("id", "编号")),
    },
    "invoice_lines": {
        "line_id": (
            ("行ID", "明细ID", "发票行号", "明细编号", "line", "line_item_id", "invoice_line_id", "lineid"),
            ("id",),
        ),
        "account_id": _ACCOUNT,
        "subscription_id": _SUBSCRIPTION,
        "type": _tiers("类型 明细类型 line_type invoice_type charge_type"),
        "invoice_id": _tiers("发票号 发票号码 发票编号 账单号 账单编号 invoice invoice_no invoice_number", "number"),
        "plan": _PLAN,
        "amount": _tiers(
            "金额 含税金额 价税合计 开票金额 total total_amount gross_amount amount_usd line_amount",
            "amount_paid amount_due",
        ),
        "tax": _TAX,
        "currency": _CURRENCY,
        "interval": _INTERVAL,
        "interval_count": _INTERVAL_COUNT,
        "period_start": (
            ("账期开始", "账期起", "服务期开始", "period_from", "billing_start", "service_start", "period_begin"),
            (*_START[0], *_START[1], "发票日期", "开票日期", "invoice_date", "date"),
        ),
        "period_end": (
            ("账期结束", "账期止", "服务期结束", "period_to", "billing_end", "service_end"),
            (*_END[0], *_END[1]),
        ),
        "full_period_start": _tiers("完整账期开始 full_start"),
        "full_period_end": _tiers("完整账期结束 full_end"),
        "prorated": _tiers("按比例 是否按比例 proration is_prorated"),
    },
    "fx_rates": {
        "day": _tiers("日期 汇率日期 日 date rate_date as_of", "月份 month"),
        "currency": (_CURRENCY[0], ("外币", "from_currency", "base_currency")),
        "rate": _tiers("汇率 中间价 折算率 exchange_rate fx_rate fx", "value"),
    },
    "events": {
        "event_id": (("事件ID", "事件编号", "消息ID", "messageid", "insert_id", "$insert_id", "uuid"), ("id", "编号")),
        "event": _tiers("事件 事件名 事件名称 行为 event_name event_type", "name 名称 action"),
        "ts": _tiers(
            "时间 事件时间 发生时间 时间戳 event_time event_timestamp occurred_at original_timestamp time",
            "日期 date datetime created_at",
        ),
        "account_id": _ACCOUNT,
        "user_id": _tiers("用户ID 用户编号 使用者ID userid distinct_id", "用户 user"),
        "anonymous_id": _tiers("匿名ID 设备ID 访客ID anonymousid device_id visitor_id"),
        "properties": _tiers("属性 事件属性 event_properties props params"),
        "received_at": _tiers("接收时间 received"),
    },
    "identities": {
        "anonymous_id": _tiers("匿名ID 设备ID 访客ID anonymousid device_id visitor_id previous_id"),
        "user_id": _tiers("用户ID 用户编号 使用者ID userid distinct_id", "用户 user"),
        "account_id": _ACCOUNT,
        "valid_from": _tiers("生效时间 起始时间 since from", "时间 time ts"),
    },
}


@dataclass(frozen=True, slots=True)
class Implied:
    """What a heading says about other columns: `MRR` is a price per month for all units together."""

    interval: str
    all_units: bool = False


IMPLIED: dict[str, Implied] = {
    **dict.fromkeys(
        ("monthlyamount", "monthlyprice", "monthlyfee", "月费", "月单价", "月费单价", "每月单价"), Implied("month")
    ),
    **dict.fromkeys(("annualamount", "yearlyamount", "annualfee", "年费"), Implied("year")),
    **dict.fromkeys(("mrramount", "mrr", "月经常性收入"), Implied("month", all_units=True)),
}

_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|【[^【】]*】")
_NOISE = re.compile(r"[\s_\-./:*#·、]+")


@lru_cache(maxsize=4096)
def normal(heading: str) -> str:
    """A heading without case, width, spaces, punctuation and units in brackets: `单价（元）` is `单价`."""
    text = unicodedata.normalize("NFKC", heading).casefold()
    bare = _NOISE.sub("", _BRACKETS.sub("", text))
    return bare or _NOISE.sub("", text)


@lru_cache(maxsize=16)
def ranks(kind: str) -> dict[str, dict[str, int]]:
    """For each column of a kind, the normal words that name it with their rank: 0 own name, 1 strong, 2 weak."""
    table: dict[str, dict[str, int]] = {}
    for column in TABLES[kind].inputs:
        words = table.setdefault(column.name, {})
        strong, weak = VOCABULARY[kind].get(column.name) or _IDENTITY.get(column.name) or ((), ())
        for rank, names in ((2, weak), (1, strong)):
            for name in names:
                words[normal(name)] = rank
        words[normal(column.name)] = 0
    for given, name in GIVEN_AS.items():
        if name in table and not (given == "discount_id" and kind != "discounts"):
            table[name][normal(given)] = 0
    return table


@lru_cache(maxsize=1)
def _all_words() -> frozenset[str]:
    return frozenset(word for kind in KINDS for words in ranks(kind).values() for word in words)


def known_headings(line: str, separator: str | None = None) -> int:
    """How many cells of a line are headings we know; without a separator, cells end at any usual one."""
    cells = line.split(separator) if separator else re.split(r"[,;\t|]", line)
    return sum(1 for cell in cells[:500] if normal(cell.strip().strip('"')[:100]) in _all_words())
