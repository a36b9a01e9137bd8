"""Finding and sorting names: width, case, pinyin, and characters that are read in several ways."""

from __future__ import annotations

import pytest

from tenure.core import search

NAMES = [
    "云梯科技",
    "北京长安银行",
    "长沙银行",
    "重庆长江电子",
    "Ａｃｍｅ　云梯",
    "ACME Ltd",
    "绿叶食品",
    "单氏集团",
    "西安 3M 中国",
]


def found(query: str, limit: int | None = None) -> list[str]:
    return [NAMES[i] for i in search.Index([name] for name in NAMES).search(query, limit)]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("云梯", ["云梯科技", "Ａｃｍｅ　云梯"]),
        ("ytkj", ["云梯科技"]),
        ("YunTi", ["云梯科技", "Ａｃｍｅ　云梯"]),
        ("yun ti ke", ["云梯科技"]),
        ("ａｃｍｅ", ["Ａｃｍｅ　云梯", "ACME Ltd"]),
        ("acme yun", []),
        ("cayh", ["北京长安银行"]),
        ("changanyin", ["北京长安银行"]),
        ("changsha", ["长沙银行"]),
        ("zhangsha", []),
        ("chongqing", ["重庆长江电子"]),
        ("lvye", ["绿叶食品"]),
        ("lüye", ["绿叶食品"]),
        ("danshi", ["单氏集团"]),
        ("chanshi", ["单氏集团"]),
        ("xi'an", ["西安 3M 中国"]),
        ("xa3mzg", ["西安 3M 中国"]),
        ("yt-", []),
        ("unti", []),
        ("", []),
        ("  ", []),
        ("'", []),
        ("\n", []),
    ],
)
def test_what_a_query_finds(query, names):
    assert found(query) == names


@pytest.mark.parametrize("query", ["云梯", "ytkj", "yun", "yinh", "a", "acme", "银行", "3M", "xi'an", "none", "", "\n"])
def test_who_wants_every_name_gets_those_the_search_finds(query):
    index = search.Index([name, name[::-1]] for name in NAMES)
    assert index.every(query).tolist() == sorted(index.search(query))


def test_whole_names_come_first_then_beginnings_then_what_has_it_inside():
    names = ["The Elm", "Elm & Sons", "Elm", "Helmet"]
    index = search.Index([name] for name in names)
    assert [names[i] for i in index.search("elm")] == ["Elm", "Elm & Sons", "The Elm", "Helmet"]
    assert [names[i] for i in index.search("elm", limit=2)] == ["Elm", "Elm & Sons"]


def test_an_entry_is_found_by_each_of_its_texts_and_once():
    index = search.Index([("云梯科技", "yunti-1"), ("Birch", "b2")])
    assert index.search("yunti") == [0]
    assert index.search("b2") == [1]


def test_names_are_sorted_as_a_chinese_reader_expects():
    names = ["重庆长江", "安徽", "长沙银行", "zebra", "3M", "Acme", "北京", "ａpple", "啊"]
    assert sorted(names, key=search.sort_key) == [
        "3M", "Acme", "ａpple", "zebra", "啊", "安徽", "北京", "长沙银行", "重庆长江"
    ]  # fmt: skip


def test_a_name_of_doubtful_characters_does_not_multiply():
    assert len(search.spelled("单曾仇朴解查盖区尉乐" * 3)) <= 31
