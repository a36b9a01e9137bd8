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
    "deals",
    "committee_members",
    "tenders",
    "tender_items",
    "demands",
    "demand_links",
    "activities",
    "spend",
    "touches",
    "leads",
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
SHARED = {"source": _SOURCE, "row_id": _ROW, "recorded_at": _tiers("记录时间"), "superseded_at": _tiers("失效时间")}

VOCABULARY: dict[str, dict[str, Tiers]] = {
    "accounts": {
        "account_id": (_ACCOUNT[0], ("编号", "id", "ID", "uid")),
        "name": _NAME,
        "legal_name": _tiers("工商名称 注册名称 营业执照名称 registered_name legal_entity"),
        "uscc": _tiers("统一社会信用代码 信用代码 社会信用代码 税号 纳税人识别号 credit_code tax_no tax_id"),
        "domain": _tiers("域名 网址 官网 网站 website site web_site url homepage"),
        "parent_id": _tiers("上级客户 上级客户编号 母公司 母公司编号 集团 parent parent_account parent_account_id"),
        "industry": _tiers("行业 所属行业 industry_name sector vertical"),
        "region": _tiers("地区 区域 省份 城市 国家 所在地 country country_code state province", "大区 geo location"),
        "employees": _tiers(
            "员工数 人数 员工人数 规模 公司规模 employee_count headcount number_of_employees company_size"
        ),
        "tier": _tiers("客户等级 等级 客户级别 级别 account_tier customer_tier grade"),
        "icp_fit": _tiers("匹配度 ICP匹配度 fit fit_score icp_score"),
        "sales_motion": _tiers("销售模式 销售方式 motion"),
        "acquired_channel": _tiers("获客渠道 来源渠道 客户来源 acquisition_channel lead_source", "渠道 channel"),
        "pool": _tiers("公海"),
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
        "department": _tiers("部门 所属部门 dept"),
        "reports_to": _tiers("上级 汇报对象 直属上级 manager_id supervisor"),
        "wechat": _tiers("微信 微信号 企业微信 wechat_id weixin"),
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
    "deals": {
        "deal_id": (
            ("商机编号", "商机ID", "商机号", "deal", "opportunity_id", "opportunity", "dealid"),
            ("编号", "id"),
        ),
        "account_id": _ACCOUNT,
        "name": _tiers("商机名称 商机 项目名称 deal_name opportunity_name", "名称 项目 title"),
        "pipeline": _tiers("商机类型 销售管道 管道 deal_type opportunity_type", "类型 type"),
        "stage": _tiers("阶段 销售阶段 商机阶段 deal_stage sales_stage stage_name", "状态 status"),
        "stage_at": _tiers("进入阶段时间 阶段变更时间 stage_changed_at stage_entered_at"),
        "owner": _tiers("负责人 销售 销售负责人 商机负责人 sales_agent sales_rep owner_name deal_owner", "agent rep"),
        "amount": _tiers(
            "金额 商机金额 预计金额 成交金额 close_value deal_value opportunity_amount value", "总额 total"
        ),
        "mrr": _tiers("月经常性收入 monthly_recurring_revenue"),
        "currency": _CURRENCY,
        "term_months": _tiers("合同期 合同月数 期限 term months"),
        "created_at": _tiers(
            "创建时间 创建日期 商机创建时间 engage_date created created_date opened_at open_date", "日期 date"
        ),
        "won_at": _tiers("赢单时间 成交时间 赢单日期 成交日期 won_date"),
        "lost_at": _tiers("输单时间 丢单时间 输单日期 lost_date"),
        "close_date": _tiers("预计成交日期 预计成交时间 预计签约日期 expected_close_date closing_date", "关闭日期"),
        "next_step": _tiers("下一步 下步计划 next_action"),
        "next_step_on": _tiers("下次跟进时间 下次跟进日期 next_step_date next_action_date"),
        "competitor": _tiers("竞争对手 竞品 competitors"),
        "lost_reason": _tiers("输单原因 丢单原因 赢单原因 loss_reason win_reason", "原因 reason"),
        "lost_to": _tiers("输给 中标方 lost_to_competitor"),
        "partner": _tiers("合作伙伴 渠道商 代理商 agent_company reseller"),
        "contract_id": _tiers("合同编号 合同号 contract contract_no"),
        "source_lead": _tiers("来源线索 线索编号 lead_id lead"),
    },
    "committee_members": {
        "deal_id": _tiers("商机编号 商机ID 商机 deal opportunity_id"),
        "contact_id": _tiers("联系人编号 联系人ID 联系人 contact"),
        "account_id": _ACCOUNT,
        "roles": _tiers("决策角色 角色 role committee_role buying_role"),
        "decision_power": _tiers("决策权 power"),
        "influence": _tiers("影响力"),
        "stance": _tiers("态度 立场 支持度 attitude"),
        "concerns": _tiers("顾虑 关注点 concern"),
        "criteria": _tiers("决策标准 评判标准 decision_criteria"),
        "relationship_owner": _tiers("关系人 关系负责人"),
        "influences": _tiers("影响谁 影响对象"),
    },
    "tenders": {
        "tender_id": (("招标编号", "投标编号", "标书编号", "tender", "bid_id"), ("编号", "id")),
        "account_id": _ACCOUNT,
        "deal_id": _tiers("商机编号 商机ID 商机 deal opportunity_id"),
        "name": _tiers("招标名称 项目名称 标书名称 tender_name project_name", "名称 title"),
        "project_no": _tiers("项目编号 招标项目编号 project_number"),
        "source_url": _tiers("公告链接 链接 公告地址 url link"),
        "method": _tiers("招标方式 采购方式 procurement_method"),
        "state": _tiers("状态 投标状态 status"),
        "owner": _tiers("负责人 投标负责人 bid_manager"),
        "budget": _tiers("预算 预算金额 最高限价"),
        "currency": _CURRENCY,
        "published_on": _tiers("公告日期 发布日期 published publish_date"),
        "sign_up_by": _tiers("报名截止 报名截止时间 registration_deadline"),
        "documents_by": _tiers("购买标书截止 标书发售截止 购标截止 document_deadline"),
        "questions_by": _tiers("答疑截止 提问截止 question_deadline"),
        "deposit_by": _tiers("保证金截止 保证金缴纳截止 deposit_deadline"),
        "submit_by": _tiers("投标截止 投标截止时间 递交截止 submit_deadline submission_deadline"),
        "opening_at": _tiers("开标时间 开标日期 opening_time"),
        "result_by": _tiers("结果公示 公示时间 result_date"),
        "deposit": _tiers("保证金 投标保证金 deposit_amount"),
        "deposit_form": _tiers("保证金形式"),
        "deposit_paid": _tiers("保证金缴纳日期"),
        "deposit_returned": _tiers("保证金退还日期"),
        "our_price": _tiers("我方报价 投标报价 报价 bid_price"),
        "winner": _tiers("中标方 中标单位"),
        "winning_price": _tiers("中标价 中标金额"),
        "review": _tiers("复盘 总结"),
    },
    "tender_items": {
        "tender_id": _tiers("招标编号 投标编号 标书编号 tender bid_id"),
        "item": _tiers("序号 项号 no number"),
        "account_id": _ACCOUNT,
        "kind": _tiers("类型 类别 type"),
        "title": _tiers("名称 内容 name"),
        "mandatory": _tiers("必备 是否必须 required"),
        "owner": _tiers("负责人"),
        "due_at": _tiers("截止时间 截止 due deadline"),
        "state": _tiers("状态 status"),
        "certificate_no": _tiers("证书编号 资质编号 certificate"),
        "valid_until": _tiers("有效期至 有效期 expires_on expiry"),
    },
    "demands": {
        "demand_id": (("需求编号", "需求ID", "demand", "request_id"), ("编号", "id")),
        "title": _tiers("需求 需求名称 标题 name summary"),
        "kind": _tiers("需求类型 类型 type"),
        "product_area": _tiers("模块 产品模块 area module"),
        "delivery": _tiers("标准或定制 交付方式"),
        "state": _tiers("状态 需求状态 status"),
        "reason": _tiers("原因 决定原因 decision_reason"),
        "target_release": _tiers("目标版本 计划版本 release"),
        "effort_days": _tiers("工作量 人天 effort"),
        "owner": _tiers("负责人 产品经理"),
        "merged_into": _tiers("并入 合并到"),
    },
    "demand_links": {
        "link_id": (("反馈编号", "link"), ("编号", "id")),
        "demand_id": _tiers("需求编号 需求ID 需求 demand"),
        "account_id": _ACCOUNT,
        "deal_id": _tiers("商机编号 商机ID 商机 deal opportunity_id"),
        "contact_id": _tiers("联系人编号 联系人ID 联系人 contact"),
        "need": _tiers("需求程度 重要程度 importance"),
        "quote": _tiers("原话 客户原话 verbatim"),
        "promised_for": _tiers("承诺日期 承诺时间 promised"),
        "custom_price": _tiers("定制价格 定制费用"),
        "currency": _CURRENCY,
        "notified": _tiers("告知日期 通知日期"),
    },
    "activities": {
        "activity_id": (("活动编号", "跟进编号", "activity", "task_id"), ("编号", "id")),
        "account_id": _ACCOUNT,
        "deal_id": _tiers("商机编号 商机ID 商机 deal opportunity_id"),
        "contacts": _tiers("联系人 参与人 participants attendees"),
        "kind": _tiers("跟进方式 类型 活动类型 type activity_type"),
        "subject": _tiers("主题 标题 title"),
        "body": _tiers("内容 跟进内容 记录 description notes content"),
        "owner": _tiers("跟进人 负责人 执行人 assignee"),
        "occurred_at": _tiers("跟进时间 发生时间 时间 date occurred"),
        "due_at": _tiers("截止时间 截止日期 到期时间 due due_date deadline"),
        "done_at": _tiers("完成时间 完成日期 completed_at"),
        "outcome": _tiers("结果 跟进结果 result"),
    },
    "spend": {
        "day": _tiers("日期 统计日期 投放日期 date spend_date report_date", "时间 day_start"),
        "channel": _tiers("渠道 媒体 平台 投放渠道 媒体平台 platform media traffic_source", "source 来源"),
        "campaign": _tiers(
            "推广计划 计划 计划名称 推广计划名称 广告计划 campaign_name campaign_group",
            "活动 活动名称 广告名称 ad_campaign",
        ),
        "keyword": _tiers("关键词 关键字 搜索词 search_keyword keyword_text", "term"),
        "impressions": _tiers(
            "展现 展现量 展现次数 展示 展示量 展示数 展示次数 曝光 曝光量 曝光次数 impr. impr imps", "views"
        ),
        "clicks": _tiers("点击 点击量 点击数 点击次数 click"),
        "cost": _tiers("消费 消耗 花费 费用 总费用 投放金额 spend total_spent amount_spent spent", "金额 amount"),
        "currency": _CURRENCY,
        "kind": _tiers("费用类型 花费类型 cost_type", "类型 type"),
    },
    "touches": {
        "touch_id": (("触点编号", "触点ID", "touch", "touchid"), ("编号", "id")),
        "account_id": _ACCOUNT,
        "contact_id": _tiers("联系人编号 联系人ID 联系人 contact"),
        "ts": _tiers("触达时间 触点时间 时间 touched_at timestamp time", "日期 date"),
        "channel": _tiers("渠道 媒体 来源 utm_source", "source"),
        "campaign": _tiers("活动 推广计划 utm_campaign campaign_name"),
        "keyword": _tiers("关键词 utm_term", "term"),
        "kind": _tiers("触点类型 类型 touch_type", "type"),
        "role": _tiers("角色 决策角色 committee_role"),
    },
    "leads": {
        "lead_id": (("线索编号", "线索ID", "线索号", "lead", "mql_id", "leadid"), ("编号", "id")),
        "account_id": _ACCOUNT,
        "contact_id": _tiers("联系人编号 联系人ID contact"),
        "deal_id": _tiers("商机编号 商机ID 商机 deal opportunity_id"),
        "company_name": _tiers("公司 公司名称 企业名称 单位 单位名称 company account_name organization", "客户"),
        "person_name": _tiers("姓名 联系人 联系人姓名 称呼 contact_name full_name person", "名字 name"),
        "title": _tiers("职位 职务 岗位 job_title position"),
        "email": _tiers("邮箱 电子邮箱 电子邮件 邮件 e-mail email_address mail"),
        "phone": _tiers("电话 手机 手机号 联系电话 手机号码 mobile telephone phone_number tel cell"),
        "wechat": _tiers("微信 微信号 wechat_id weixin"),
        "industry": _tiers("行业 所属行业 industry_name sector vertical"),
        "region": _tiers("地区 区域 省份 城市 国家 所在地 country state province"),
        "employees": _tiers("员工数 人数 员工人数 规模 公司规模 employee_count headcount company_size"),
        "message": _tiers("留言 备注 咨询内容 需求描述 comments notes question", "内容 content"),
        "channel": _tiers("渠道 来源渠道 线索来源 获客渠道 origin lead_source acquisition_channel", "来源 source"),
        "utm_source": _tiers("utmsource"),
        "medium": _tiers("媒介 utm_medium"),
        "campaign": _tiers("活动 推广计划 计划 广告计划 utm_campaign campaign_name"),
        "keyword": _tiers("关键词 搜索词 utm_term keywords"),
        "landing": _tiers("落地页 着陆页 landing_page landing_page_id page"),
        "referrer": _tiers("推荐人 引荐人 来源页 referer referred_by"),
        "heard_from": _tiers("从何得知 如何得知 how_did_you_hear heard_about_us self_reported"),
        "created_at": _tiers(
            "创建时间 创建日期 提交时间 首次联系日期 first_contact_date created created_date submitted_at",
            "日期 时间 date",
        ),
        "status": _tiers("状态 线索状态 线索阶段 lead_status", "阶段 stage"),
        "fit_score": _tiers("匹配度 匹配分 fit"),
        "engagement_score": _tiers("活跃分 互动分 engagement"),
        "grade": _tiers("等级 线索等级 评级 lead_grade rating"),
        "mql_at": _tiers("MQL时间 mql_date"),
        "respond_by": _tiers("响应截止 应响应时间 sla_due"),
        "responded_at": _tiers("响应时间 首次响应时间 first_response_at"),
        "sql_at": _tiers("SQL时间 接受时间 sql_date accepted_at"),
        "opportunity_at": _tiers("转商机时间 转化时间 converted_at"),
        "won_at": _tiers("赢单时间 成交时间 won_date"),
        "lost_at": _tiers("放弃时间 拒绝时间 关闭时间 rejected_at"),
        "reason": _tiers("放弃原因 拒绝原因 无效原因 reject_reason", "原因"),
        "owner": _tiers("负责人 跟进人 所属销售 销售 lead_owner owner_name sdr_id", "rep agent"),
        "consent": _tiers("同意 授权"),
        "capture": _tiers("原始数据 raw"),
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
        strong, weak = VOCABULARY[kind].get(column.name) or SHARED.get(column.name) or ((), ())
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
