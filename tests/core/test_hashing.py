"""Keys: stored in the lake, so they may never change, never depend on how Arrow keeps a text, and hardly ever meet."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure.core.hashing import stable_hash

MASK = (1 << 64) - 1
M = 0xC6A4A7935BD1E995


def slow_hash(fields: list[str | None]) -> int:
    """MurmurHash64A as published, chained over the fields."""

    def finish(h: int) -> int:
        h ^= h >> 47
        h = h * M & MASK
        return h ^ h >> 47

    seed = 0
    for field in fields:
        if field is None:
            seed = finish((seed ^ 0x9E3779B97F4A7C15) * M & MASK)
            continue
        data = field.encode()
        h = seed ^ (len(data) * M & MASK)
        whole = len(data) // 8 * 8
        for at in range(0, whole, 8):
            k = int.from_bytes(data[at : at + 8], "little") * M & MASK
            k = (k ^ k >> 47) * M & MASK
            h = (h ^ k) * M & MASK
        if whole < len(data):
            h = (h ^ int.from_bytes(data[whole:], "little")) * M & MASK
        seed = finish(h)
    return seed - (1 << 64) if seed >> 63 else seed


@pytest.mark.parametrize(
    ("text", "key"),
    [("", 0), ("a", 510903276987443985), ("acct_0000001", -3619406766237314801), ("客户甲", -6686938007060988787)],
)
def test_keys_never_change(text: str, key: int) -> None:
    assert stable_hash([text]).tolist() == [key]


field = st.one_of(st.none(), st.text(max_size=40))


@settings(deadline=None)  # the first call compiles or loads
@given(st.lists(st.tuples(field, field), max_size=20))
def test_equals_a_slow_hash(rows: list[tuple[str | None, str | None]]) -> None:
    first, second = [a for a, _ in rows], [b for _, b in rows]
    assert stable_hash(first, second).tolist() == [slow_hash([a, b]) for a, b in rows]
    assert stable_hash(first, tag="contract").tolist() == [slow_hash(["contract", a]) for a in first]


def test_the_same_texts_in_every_form_have_the_same_keys() -> None:
    texts = ["a", None, "", "a longer text than eight bytes", "客户"]
    plain = pa.array(texts, pa.string())
    forms = [
        plain,
        pa.array(texts, pa.large_string()),
        pa.array(texts, pa.string_view()),
        plain.dictionary_encode(),
        pa.concat_arrays([pa.array(["x", None]), plain]).slice(2),
        pa.chunked_array([plain.slice(0, 1), plain.slice(1, 0), plain.slice(1)]),
    ]
    for form in forms:
        assert stable_hash(form).tolist() == [slow_hash([text]) for text in texts], type(form)


def test_fields_do_not_run_into_each_other() -> None:
    keys = stable_hash(["a", "ab", "", "abc", None], ["bc", "c", "abc", "", "abc"])
    assert len(set(keys.tolist())) == 5


def test_columns_of_different_lengths_are_no_key() -> None:
    with pytest.raises(ValueError, match="one length"):
        stable_hash(["a"], ["b", "c"])


def test_a_million_similar_ids_do_not_meet() -> None:
    numbers = pa.array(np.arange(1_000_000)).cast(pa.string())
    keys = stable_hash(pa.array(["acct_"] * 1_000_000), numbers)
    assert len(np.unique(keys)) == 1_000_000
    # well mixed: every bit is set in about half of the keys
    bits = np.unpackbits(keys.view(np.uint8).reshape(-1, 8), axis=1)
    assert np.abs(bits.mean(axis=0) - 0.5).max() < 0.005
