"""The codec: what is encrypted, what stays, what does not open elsewhere (rules 13)."""

from __future__ import annotations

import json
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from savctl.domain.encryption.codec import MetadataCodec
from savctl.domain.encryption.keys import KeyRing, KeysUnusable, read_keys
from savctl.domain.encryption.values import DAMAGED, PREFIX
from savctl.domain.model.json_text import encode
from savctl.domain.model.metadata import Metadata

KEYS = KeyRing(current="K2", keys={"K1": bytes(32), "K2": bytes([2]) * 32})
OLD = KeyRing(current="K1", keys={"K1": bytes(32)})
CODEC = MetadataCodec(("contact", "customer.phone"), lambda: KEYS)

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
NAMES = st.sampled_from(["contact", "customer", "customer.phone", "other"]) | st.text(max_size=5)
PHONE = st.dictionaries(st.sampled_from(["phone", "name"]), JSON)


def read(values: object) -> Metadata:
    return Metadata.read(json.dumps(values))


def stored(metadata: Metadata) -> Metadata:
    """The same out of the database."""
    return Metadata.read(metadata.text())


@given(st.dictionaries(NAMES, JSON | PHONE), st.integers(1, 2**64 - 1))
def test_what_is_encrypted_is_read_back_as_it_was(
    values: dict[str, object], ticket_id: int
) -> None:
    metadata = read(values)

    encrypted = stored(CODEC.encrypted(ticket_id, metadata))
    opened = CODEC.decrypted(ticket_id, encrypted)

    assert encode(dict(opened.metadata)) == encode(dict(metadata))
    assert opened.unreadable == ()
    assert CODEC.count_plain(encrypted) == 0
    assert CODEC.encrypted(ticket_id, encrypted) is encrypted, "nothing is encrypted twice"


def test_the_text_of_another_program_is_kept_as_it_was_spelt() -> None:
    text = '{"a": 1.500, "contact": {"n": 2.50,"x":"\\u00e9"}, "b": [ 1 ]}'

    encrypted = CODEC.encrypted(7, Metadata.read(text))
    opened = CODEC.decrypted(7, stored(encrypted)).metadata

    assert "2.50" not in str(encrypted.text())
    assert opened.text() == text


@pytest.mark.parametrize(
    ("ticket_id", "member"), [(8, "contact"), (7, "email"), (7, "other")], ids=str
)
def test_a_value_in_another_row_or_path_is_damaged(ticket_id: int, member: str) -> None:
    value = CODEC.encrypted(7, read({"contact": "Ada"}))["contact"]

    opened = CODEC.decrypted(ticket_id, read({member: value, "x": 1}))

    assert dict(opened.metadata) == {member: DAMAGED, "x": 1}
    assert [one.path for one in opened.unreadable] == [member]


def test_a_value_in_a_list_or_deeper_is_damaged_as_well() -> None:
    value = CODEC.encrypted(7, read({"contact": "Ada"}))["contact"]

    opened = CODEC.decrypted(7, read({"list": [value], "deep": {"contact": value}})).metadata

    assert dict(opened) == {"list": [DAMAGED], "deep": {"contact": DAMAGED}}


@pytest.mark.parametrize("rubbish", [PREFIX, f"{PREFIX}K2:", f"{PREFIX}K2:AAAA", f"{PREFIX}K 2:x"])
def test_rubbish_behind_the_prefix_is_damaged(rubbish: str) -> None:
    assert CODEC.decrypted(7, read({"contact": rubbish})).metadata["contact"] == DAMAGED


def test_every_bit_of_a_value_counts() -> None:
    value = str(CODEC.encrypted(7, read({"contact": "Ada"}))["contact"])
    start = len(f"{PREFIX}K2:")

    for at in range(start, len(value) - 1):  # the last character has unused bits
        other = "A" if value[at] != "A" else "B"
        spoilt = read({"contact": value[:at] + other + value[at + 1 :]})
        assert CODEC.decrypted(7, spoilt).metadata["contact"] == DAMAGED


def test_a_value_whose_key_is_not_there_names_the_key() -> None:
    value = CODEC.encrypted(7, read({"contact": "Ada"}))
    without = MetadataCodec(("contact",), lambda: OLD)

    assert without.decrypted(7, value).metadata["contact"] == "[encrypted: key K2]"
    assert without.rotated(7, value, keys=KEYS).metadata is value, (
        "what does not open stays as it is"
    )


def test_a_key_of_the_same_name_and_other_bytes_shows_damage() -> None:
    value = CODEC.encrypted(7, read({"contact": "Ada"}))
    other = MetadataCodec(("contact",), lambda: KeyRing(current="K2", keys={"K2": bytes(32)}))

    assert other.decrypted(7, value).metadata["contact"] == DAMAGED


def test_null_is_not_encrypted_and_an_empty_text_is() -> None:
    encrypted = CODEC.encrypted(7, read({"contact": None, "customer": {"phone": ""}}))

    assert encrypted["contact"] is None
    assert str(encrypted.object_at("customer")["phone"]).startswith(PREFIX)


def test_of_overlapping_paths_the_outer_one_is_encrypted() -> None:
    codec = MetadataCodec(("customer.phone", "customer"), lambda: KEYS)

    encrypted = codec.encrypted(7, read({"customer": {"phone": "1"}, "customer.phone": "2"}))

    assert str(encrypted["customer"]).startswith(PREFIX)
    assert str(encrypted["customer.phone"]).startswith(PREFIX)
    assert dict(codec.decrypted(7, encrypted).metadata) == {
        "customer": {"phone": "1"},
        "customer.phone": "2",
    }


def test_values_of_a_deeper_path_are_encrypted_once_with_the_outer_one() -> None:
    deep = CODEC.encrypted(7, read({"customer": {"phone": "1", "name": "Ada"}}))
    outer = MetadataCodec(("customer",), lambda: KEYS)

    encrypted = outer.encrypted(7, deep)

    assert str(encrypted["customer"]).startswith(PREFIX)
    assert outer.decrypted(7, encrypted).metadata["customer"] == {"phone": "1", "name": "Ada"}


def test_what_laravel_encrypted_stays_as_it_is() -> None:
    payload = b64encode(json.dumps({"iv": "a", "value": "b", "mac": "c", "tag": ""}).encode())
    metadata = read({"contact": payload.decode()})

    assert CODEC.encrypted(7, metadata) is metadata
    assert CODEC.rotated(7, metadata, keys=KEYS).metadata is metadata


def test_rotation_moves_old_and_plain_values_to_the_current_key() -> None:
    old = MetadataCodec(("contact",), lambda: OLD).encrypted(7, read({"contact": "Ada"}))
    both = old.with_members(customer={"phone": "1"})

    rotated = CODEC.rotated(7, both, keys=KEYS).metadata

    assert str(rotated["contact"]).startswith(f"{PREFIX}K2:")
    assert str(rotated.object_at("customer")["phone"]).startswith(f"{PREFIX}K2:")
    assert CODEC.decrypted(7, rotated).metadata["contact"] == "Ada"
    assert CODEC.rotated(7, rotated, keys=KEYS).metadata is rotated


@pytest.mark.parametrize(
    "around",
    [
        '{"a":1.0,  "contact" : "VALUE", "b": [1e2, "\\/"]}',  # stays as another program spelt it
        '{"a": "\\u00e9", "contact": "VALUE"}',
        '{"contact": "VALUE", "a": {"contact": "VALUE"}}',
        '{"contact": "VALUE", "history": [{"reason": "VALUE"}]}',
        '{"a": "x \\"contact\\": \\"VALUE\\"", "contact": "VALUE"}',
    ],
)
def test_rotation_changes_the_value_in_its_place_and_nothing_else(around: str) -> None:
    old = MetadataCodec(("contact",), lambda: OLD).encrypted(7, read({"contact": "Ada"}))
    text = around.replace("VALUE", str(old["contact"]))

    rotated = CODEC.rotated(7, Metadata.read(text), keys=KEYS)

    anew = str(rotated.metadata["contact"])
    assert anew.startswith(f"{PREFIX}K2:")
    assert json.loads(str(rotated.metadata.text())) == {**json.loads(text), "contact": anew}
    assert dict(rotated.metadata) == json.loads(str(rotated.metadata.text()))
    assert CODEC.decrypted(7, stored(rotated.metadata)).metadata["contact"] == "Ada"
    assert [one.path for one in rotated.unreadable] == (["a.contact"] if '"a": {' in text else [])
    if "1.0" in around:
        assert rotated.metadata.text() == around.replace("VALUE", anew)


def test_a_reason_in_the_history_that_looks_encrypted_is_shown_as_it_is() -> None:
    metadata = read({"history": [{"reason": f"{PREFIX}K2:AAAA"}]})

    assert CODEC.decrypted(7, metadata).metadata is metadata


@pytest.mark.parametrize(
    "text",
    [
        "",
        "K1",
        "K1 not-base64!",
        f"K1 {b64encode(bytes(31)).decode()}",
        f"K/1 {b64encode(bytes(32)).decode()}",
        f"{'K' * 65} {b64encode(bytes(32)).decode()}",
        f"K1 {b64encode(bytes(32)).decode()}\nK1 {b64encode(bytes(32)).decode()}",
    ],
)
def test_malformed_keys_are_refused_and_never_repeated(text: str) -> None:
    with pytest.raises(KeysUnusable) as refused:
        read_keys(text, source="keys")

    assert b64encode(bytes(31)).decode()[:20] not in f"{refused.value}{refused.value.hint}"
    assert "not-base64" not in str(refused.value)


def test_the_last_line_is_the_current_key_and_is_not_shown() -> None:
    lines = [f"{kid} {b64encode(bytes([n]) * 32).decode()}" for n, kid in enumerate(("a", "b.2"))]

    keys = read_keys("\n".join([*lines, ""]), source="keys")

    assert (keys.current, list(keys.keys)) == ("b.2", ["a", "b.2"])
    assert repr(bytes([1]) * 32) not in repr(keys)
