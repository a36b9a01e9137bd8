"""Invented names: no two firms of one language share one, each fits its trade and region, and the lists are sound."""

import re
import time

import numpy as np
import numpy.typing as npt
import pytest

from tenure.core.simulation import names

MANY = 200_000
LANGUAGES = ("zh", "en")


def firms(language: str, numbers: npt.NDArray[np.int64], **fixed: int) -> list[str]:
    """Firms of any trade and any region of their language, unless `fixed` says which."""
    rng, count = np.random.default_rng(11), len(numbers)
    columns = {
        "industry": rng.integers(0, len(names.INDUSTRIES), count),
        "region": rng.choice(len(names.REGIONS), size=count, p=names.REGION_WEIGHTS[language]),
    }
    columns |= {name: np.full(count, value) for name, value in fixed.items()}
    return names.companies(rng.random((count, 4)), np.full(count, language == "zh"), number=numbers, **columns)


def region(code: str) -> int:
    return [row[0] for row in names.REGIONS].index(code)


def industry(code: str) -> int:
    return [row[0] for row in names.INDUSTRIES].index(code)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("first", "step"),
    [
        pytest.param(0, 1, id="one after the other"),
        pytest.param(3, 5, id="with gaps, as in a base of two languages"),
        pytest.param(800_000, 1, id="late numbers"),
    ],
)
def test_two_firms_of_one_language_never_share_a_name(language: str, first: int, step: int) -> None:
    numbers = first + step * np.arange(MANY)
    assert len(set(firms(language, numbers))) == MANY


@pytest.mark.parametrize("language", LANGUAGES)
def test_one_trade_in_one_region_is_enough_for_many_firms(language: str) -> None:
    alike = firms(language, np.arange(MANY), industry=3, region=region("CN-SH" if language == "zh" else "SG"))
    assert len(set(alike)) == MANY


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_million_numbers_fit(language: str) -> None:
    assert names.CAPACITY[language] > 1_000_000


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_brand_comes_back_only_after_all_others(language: str) -> None:
    brands = {"zh": names._BRANDS_ZH, "en": names._BRANDS_EN}[language]
    for first in (0, brands * 3):
        landed = names._shuffled((first + np.arange(brands)) % brands, brands)
        assert len(np.unique(landed)) == brands


def test_no_two_english_brands_are_spelled_alike() -> None:
    brands = names._english_brands(np.arange(names._BRANDS_EN))
    assert len(set(brands)) == len(brands) > 200_000


def test_no_place_or_trade_can_be_read_as_a_brand() -> None:
    heads, tails = set(names._BRAND_HEADS), set(names._BRAND_TAILS)
    assert min(len(heads), len(tails)) >= 120
    assert not heads & tails
    words = [word for row in (*names._PLACES_ZH, *names._TRADES_ZH) for word in row]
    assert not [word for word in words if word[0] in heads and word[1] in tails]


@pytest.mark.parametrize("trades", [names._TRADES_ZH, names._TRADES_EN], ids=LANGUAGES)
def test_a_trade_word_belongs_to_one_industry(trades: tuple[tuple[str, ...], ...]) -> None:
    words = [word for row in trades for word in row]
    assert len(trades) == len(names.INDUSTRIES)
    assert len(set(words)) == len(words)


def test_a_legal_form_is_equally_usual_wherever_it_is_known() -> None:
    usual = {form for row in names._FORMS_EN for form in row[0]}
    other = {form for row in names._FORMS_EN for form in row[1]}
    assert not usual & other


def test_a_chinese_name_is_place_brand_trade_and_form() -> None:
    place = "(上海)"
    trade = f"({'|'.join(names._TRADES_ZH[industry('medical')])})"
    form = "(有限公司|股份有限公司|（集团）有限公司|有限责任公司|)"
    pattern = re.compile(
        f"{place}?[{''.join(names._BRAND_HEADS)}][{''.join(names._BRAND_TAILS)}]{trade}(（上海）)?{form}"
    )
    found = firms("zh", np.arange(2_000), industry=industry("medical"), region=region("CN-SH"))
    assert [name for name in found if not pattern.fullmatch(name)] == []


@pytest.mark.parametrize(
    ("code", "forms"),
    [
        pytest.param("DE", ("GmbH", "AG", "GmbH & Co. KG"), id="Germany"),
        pytest.param("GB", ("Ltd", "PLC", "LLP"), id="United Kingdom"),
        pytest.param("SG", ("Pte. Ltd.", "LLP"), id="Singapore"),
        pytest.param("DK", ("ApS", "A/S"), id="Denmark"),
        pytest.param("CN-SH", ("Co., Ltd.", "Group"), id="an English name in China"),
    ],
)
def test_an_english_name_has_the_form_of_its_country_or_none(code: str, forms: tuple[str, ...]) -> None:
    found = firms("en", np.arange(2_000), industry=industry("energy"), region=region(code))
    trades = "|".join(names._TRADES_EN[industry("energy")])
    tail = re.compile(rf".+ ({trades})( \(Shanghai\))?( ({'|'.join(map(re.escape, forms))}))?")
    assert [name for name in found if not tail.fullmatch(name)] == []
    endings = [form for form in forms if any(name.endswith(f" {form}") for name in found)]
    assert endings == list(forms)


def test_only_an_english_firm_in_china_tells_its_region() -> None:
    assert any("(Shanghai)" in name for name in firms("en", np.arange(100), region=region("CN-SH")))
    assert not any("(" in name for name in firms("en", np.arange(1_000)))


def test_a_chinese_firm_abroad_names_the_country() -> None:
    assert any(name.startswith("德国") for name in firms("zh", np.arange(100), region=region("DE")))


def test_the_usual_form_is_the_usual_one() -> None:
    found = firms("zh", np.arange(10_000))
    plain = np.mean([re.search(r"(?<!股份)(?<!（集团）)有限公司$", name) is not None for name in found])
    assert 0.5 < plain < 0.8


def test_the_two_languages_stand_in_their_rows() -> None:
    rng, chinese = np.random.default_rng(5), np.arange(50) % 3 == 0
    zeros = np.zeros(50, dtype=np.int64)
    mixed = names.companies(rng.random((50, 4)), chinese, zeros, np.where(chinese, 0, region("US")), np.arange(50))
    assert [not name.isascii() for name in mixed] == chinese.tolist()


def test_a_name_is_the_same_whoever_stands_beside_it() -> None:
    draws, one = np.full((3, 4), 0.3), np.ones(3, dtype=np.int64)
    together = names.companies(draws, one > 0, one, one, np.array([7, 8, 9]))
    alone = names.companies(draws[:1], one[:1] > 0, one[:1], one[:1], np.array([8]))
    assert together[1] == alone[0]


def test_nobody_is_a_good_question_too() -> None:
    none = np.zeros(0, dtype=np.int64)
    assert names.companies(np.zeros((0, 4)), none > 0, none, none, none) == []
    assert names.people(np.zeros((0, 3)), none > 0) == []
    assert names.titles(none, np.zeros(0), none > 0) == []


@pytest.mark.parametrize("draw", [0.0, np.nextafter(1.0, 0.0)], ids=["the lowest draw", "the highest draw"])
@pytest.mark.parametrize("chinese", [True, False])
def test_the_ends_of_the_draws_have_names(draw: float, chinese: bool) -> None:
    flag, count = np.full(len(names.REGIONS), chinese), np.arange(len(names.REGIONS))
    draws = np.full((len(count), 4), draw)
    assert all(names.companies(draws, flag, count % len(names.INDUSTRIES), count, count))
    assert all(names.people(draws[:, :3], flag))
    assert all(names.titles(count % len(names.TITLES), draws[:, 0], flag))


def test_chinese_people_have_chinese_names_as_frequent_as_in_life() -> None:
    rng = np.random.default_rng(2)
    called = names.people(rng.random((50_000, 3)), np.full(50_000, True))
    assert {len(name) for name in called} == {2, 3, 4}
    assert np.mean([name[0] in "王李张" for name in called]) == pytest.approx(0.28, abs=0.02)  # of these sixty surnames
    assert any(name.startswith("欧阳") for name in called)
    assert np.mean([len(name) == 2 for name in called]) == pytest.approx(0.2, abs=0.01)


def test_english_people_have_a_first_and_a_last_name() -> None:
    rng = np.random.default_rng(2)
    called = names.people(rng.random((20_000, 3)), np.full(20_000, False))
    assert all(re.fullmatch(r"[A-Z][a-z]+ [A-Z][a-z]+", name) for name in called)
    assert len(set(called)) > 5_000


def test_a_title_fits_the_role_and_the_language() -> None:
    for place, (chinese, english) in enumerate(names.TITLES.values()):
        role, draws = np.full(200, place), np.linspace(0, 1, 200, endpoint=False)
        assert set(names.titles(role, draws, np.full(200, True))) == set(chinese)
        assert set(names.titles(role, draws, np.full(200, False))) == set(english)


def test_the_tables_are_sound() -> None:
    assert len({row[0] for row in names.INDUSTRIES}) == len(names.INDUSTRIES)
    assert len({row[0] for row in names.REGIONS}) == len(names.REGIONS) == len(names._PLACES_ZH)
    assert sum(row[3] == "en" for row in names.REGIONS) == len(names._FORMS_EN) - 1
    assert len(names._SURNAMES) == len(names._SURNAME_SHARES)
    assert len(set(names.MEMBERS)) == len(names.MEMBERS) == 12
    for language in LANGUAGES:
        weights = names.REGION_WEIGHTS[language]
        assert weights.sum() == pytest.approx(1)
        assert [row[3] == language for row in names.REGIONS] == (weights > 0).tolist()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_hundred_thousand_firms_are_named_at_once(language: str) -> None:
    """Well under a second even where other work takes the processor: a loop over rows would take many times that."""
    started = time.process_time()
    firms(language, np.arange(100_000))
    assert time.process_time() - started < 1.0
