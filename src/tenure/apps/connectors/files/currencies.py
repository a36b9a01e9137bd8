"""Currency codes as people write them. Hides the list of ISO 4217 and the names that are taken for a code."""

from __future__ import annotations

import unicodedata

ISO_4217 = frozenset(
    ["AED", "AFN", "ALL", "AMD", "ANG", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT", "BGN", "BHD", "BIF", "BMD", "BND", "BOB", "BOV", "BRL", "BSD", "BTN", "BWP", "BYN", "BZD", "CAD", "CDF", "CHE", "CHF", "CHW", "CLF", "CLP", "CNY", "COP", "COU", "CRC", "CUP", "CVE", "CZK", "DJF", "DKK", "DOP", "DZD", "EGP", "ERN", "ETB", "EUR", "FJD", "FKP", "GBP", "GEL", "GHS", "GIP", "GMD", "GNF", "GTQ", "GYD", "HKD", "HNL", "HRK", "HTG", "HUF", "IDR", "ILS", "INR", "IQD", "IRR", "ISK", "JMD", "JOD", "JPY", "KES", "KGS", "KHR", "KMF", "KPW", "KRW", "KWD", "KYD", "KZT", "LAK", "LBP", "LKR", "LRD", "LSL", "LYD", "MAD", "MDL", "MGA", "MKD", "MMK", "MNT", "MOP", "MRU", "MUR", "MVR", "MWK", "MXN", "MXV", "MYR", "MZN", "NAD", "NGN", "NIO", "NOK", "NPR", "NZD", "OMR", "PAB", "PEN", "PGK", "PHP", "PKR", "PLN", "PYG", "QAR", "RON", "RSD", "RUB", "RWF", "SAR", "SBD", "SCR", "SDG", "SEK", "SGD", "SHP", "SLE", "SLL", "SOS", "SRD", "SSP", "STN", "SVC", "SYP", "SZL", "THB", "TJS", "TMT", "TND", "TOP", "TRY", "TTD", "TWD", "TZS", "UAH", "UGX", "USD", "USN", "UYI", "UYU", "UYW", "UZS", "VED", "VES", "VND", "VUV", "WST", "XAF", "XCD", "XCG", "XOF", "XPF", "YER", "ZAR", "ZMW", "ZWG", "ZWL"]
)
_CALLED = {
    **dict.fromkeys(("RMB", "CNH", "人民币", "元", "人民币元", "RENMINBI", "YUAN"), "CNY"),
    **dict.fromkeys(("美元", "美金", "US$", "USDOLLAR", "US DOLLAR"), "USD"),
    **dict.fromkeys(("欧元", "€", "EURO"), "EUR"),
    **dict.fromkeys(("英镑", "£"), "GBP"),
    **dict.fromkeys(("港币", "港元", "HK$"), "HKD"),
    **dict.fromkeys(("日元", "日圆"), "JPY"),
    **dict.fromkeys(("新台币", "台币", "NT$"), "TWD"),
    **dict.fromkeys(("新加坡元", "新元", "S$"), "SGD"),
    **dict.fromkeys(("韩元", "₩"), "KRW"),
}


def currency(text: str) -> str | None:
    """The ISO 4217 code of what was written; None if it is none or could be several (such as $ and ¥)."""
    word = unicodedata.normalize("NFKC", text).strip().upper()
    word = _CALLED.get(word, word)
    return word if word in ISO_4217 else None
