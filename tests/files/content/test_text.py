"""Text of any country is text, and nothing else is (field report, q2)."""

from __future__ import annotations

import struct
import zlib

import pytest

from tests.files.content.test_limits import refused_by

JAPANESE = "注文番号,商品名,数量\r\n4711,青い靴 (左),2\r\n".replace("\r\n", "\r\n") * 3
EUROPEAN = "Größe;Farbe;Prix\r\nM;grün;à 10\r\nL;châtain clair;ÄÖÜß\r\n" * 3
RUSSIAN = "Заказ;Товар;Цена\r\n4711;Ботинки;10\r\n" * 3
POLISH = "Zamówienie;źdźbło;żółć\r\n" * 3
GREEK = "Παραγγελία;Προϊόν;Τιμή\r\n1;Άσπρο;2\r\n" * 3
TAIWANESE = "訂單,商品,數量\r\n1,藍色,2\r\n" * 3
CHINESE, KOREAN = "订单号,商品,数量\r\n1,蓝色,2\r\n" * 3, "주문,상품,수량\r\n1,파랑,2\r\n" * 3
ARABIC, THAI = "رقم;اسم\r\n1;گچپژ\r\n" * 3, "เลขที่,สินค้า\r\n1,รองเท้า\r\n" * 3


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (JAPANESE, "cp932"), (JAPANESE, "euc_jp"), (JAPANESE, "iso2022_jp"), (JAPANESE, "utf-8"),
        (JAPANESE, "utf-16"), (JAPANESE, "utf-16-le"), (JAPANESE, "utf-16-be"),
        (EUROPEAN, "cp850"), (EUROPEAN, "cp437"), (EUROPEAN, "mac_roman"), (EUROPEAN, "cp1252"),
        (EUROPEAN, "latin-1"), (EUROPEAN, "utf-32"), (EUROPEAN, "utf-16-le"),
        (RUSSIAN, "cp1251"), (RUSSIAN, "koi8_r"), (RUSSIAN, "cp866"), (RUSSIAN, "mac_cyrillic"),
        (POLISH, "cp1250"), (POLISH, "cp852"), (POLISH, "mac_latin2"),
        (GREEK, "cp1253"), (GREEK, "cp737"), (GREEK, "mac_greek"),
        (CHINESE, "gb18030"), (TAIWANESE, "big5"),
        (KOREAN, "cp949"), (KOREAN, "johab"), (ARABIC, "cp1256"), (THAI, "cp874"),
        ("Größe\r\n", "cp850"), ("è così", "mac_roman"), ("日本語", "cp932"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["orders.csv", "orders.txt"])
def test_text_of_any_country_is_taken(name: str, text: str, encoding: str) -> None:
    assert refused_by(name, text.encode(encoding)) is None


@pytest.mark.parametrize(
    "content",
    [
        b"a;b\r\n1;2\r\n\x1a",  # the end of a file to DOS
        b"bell\x07 and\x0b a line break of a cell\x0c",
        b"CLEAN,7,\x07,,\r\n" * 8,
        b"\x1b[31merror\x1b[0m: no such file\n",
        b"." * 65_533 + b"\x1b[31mred\x1b[0m",
        "\ufffeodd\uffff but text, all of it".encode(),
    ],
)
def test_a_stray_control_character_makes_no_text_of_less_worth(content: bytes) -> None:
    assert refused_by("log.txt", content) is None


@pytest.mark.parametrize(
    "content",
    [
        b"\x81\x8d\x8f",  # one code page or another has letters there; nothing is readable
        bytes(range(0x80, 0x100)) * 4,
        bytes(range(1, 0x100)) * 4,
        b"readable, but \x01\x02\x03\x04\x05\x06\x07",
        b"\x00",
        b"a,b\r\n\x00\r\n",
        b"\x1b[2J\x1b[H",
        b"\x1b]0;title\x07" + b"x" * 100,
        "<html><script>alert(1)</script>".encode("utf-16-le"),
        "<html><script>alert(1)</script>".encode("utf-16-be"),
        "<html><script>alert(1)</script>".encode("utf-32"),
        "#!/bin/sh\nrm -rf /\n".encode("utf-16-le"),
        struct.pack("<200h", *range(200)),  # sound, not UTF-16
        struct.pack("<200i", *range(200)),
        "\ud7ff\ue000".encode("utf-16-le") * 50 + b"\x00\x41",
        zlib.compress(b"x" * 500 + bytes(range(256)) * 9),
    ],
)
@pytest.mark.parametrize("name", ["a.txt", "a.csv"])
def test_what_is_no_text_is_none_in_any_country(name: str, content: bytes) -> None:
    assert refused_by(name, content) == "content"
