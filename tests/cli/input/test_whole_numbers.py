"""A number in a setting is written in the digits 0 to 9 and nothing else."""

from __future__ import annotations

import pytest

from savctl.config import SETTINGS, load
from savctl.config.setting import Setting
from savctl.errors import ConfigurationError

ODD = [
    "\u0661\u0662",
    "\uff11\uff12",
    "1_0",
    "+10",
    "-10",
    " 10",
    "10 ",
    "\t10\n",
    "1e1",
    "0x10",
    "10.0",
    "\u00b2",
    "1 0",
]
WHOLE = [s for s in SETTINGS if isinstance(s.default, int) and not isinstance(s.default, bool)]
NUMBERS = [*WHOLE, *(s for s in SETTINGS if s.name in {"actor", "sla_warn_at"})]
AMOUNTS = [s for s in SETTINGS if s.name == "order_value_over"]
ODD_PORTS = [
    *("\u0663\u0663\u0660\u0666", "\uff13\uff13\uff10\uff16", "\u00b2"),
    *("3_306", "+3306", "-1", "3306 ", "0", "65536"),
]
DATABASE = {"DB_HOST": "db", "DB_DATABASE": "sav"}


def taken(environment: dict[str, str]) -> str | None:
    """None for a mistake."""
    try:
        load({"HOME": "/nowhere"} | environment)
    except ConfigurationError as mistake:
        return None if "wrong" in mistake.message else mistake.message
    return "taken"


@pytest.mark.parametrize("setting", NUMBERS, ids=lambda setting: setting.name)
def test_a_whole_number_is_nothing_but_digits(setting: Setting) -> None:
    [variable, *_] = setting.variables

    assert {odd: taken({variable: odd}) for odd in ODD} == dict.fromkeys(ODD)
    assert taken({variable: "10"}) == "taken"


@pytest.mark.parametrize("setting", AMOUNTS, ids=lambda setting: setting.name)
def test_an_amount_is_digits_and_a_point(setting: Setting) -> None:
    [variable, *_] = setting.variables
    wrong = [odd for odd in ODD if odd != "10.0"] + ["nan", "inf", "1.", ".5", "1,5"]

    assert {odd: taken({variable: odd}) for odd in wrong} == dict.fromkeys(wrong)
    assert [taken({variable: good}) for good in ("10", "10.0", "499.90")] == ["taken"] * 3


@pytest.mark.parametrize("odd", ODD_PORTS)
def test_a_port_is_nothing_but_digits_wherever_it_stands(odd: str) -> None:
    places: list[dict[str, str]] = [
        DATABASE | {"DB_PORT": odd},
        {"RABBITMQ_HOST": "mq", "RABBITMQ_PORT": odd},
        {"SAVCTL_DATABASE_URL": f"mysql://u@h:{odd}/d"},
        {"SAVCTL_BROKER_URL": f"amqp://u@h:{odd}/"},
        {"SAVCTL_STORAGE_ENDPOINT": f"http://h:{odd}"},
        {"SAVCTL_SCANNER_URL": f"tcp://h:{odd}"},
    ]

    assert [taken(place) for place in places] == [None] * len(places)


def test_good_ports_are_taken() -> None:
    assert taken(DATABASE | {"DB_PORT": "3307", "RABBITMQ_HOST": "mq"}) == "taken"
    assert taken({"SAVCTL_BROKER_URL": "amqps://u@h:5671/", **DATABASE}) == "taken"
