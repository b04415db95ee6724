"""What a browser is told of a file's name."""

from __future__ import annotations

import pytest

from savctl.adapters.s3.disposition import content_disposition
from savctl.ports import Delivery


@pytest.mark.parametrize(
    ("filename", "expected"),
    [
        ("a.pdf", "attachment; filename=\"a.pdf\"; filename*=UTF-8''a.pdf"),
        ("é €.pdf", "attachment; filename=\"e .pdf\"; filename*=UTF-8''%C3%A9%20%E2%82%AC.pdf"),
        ("日本", "attachment; filename=\"file\"; filename*=UTF-8''%E6%97%A5%E6%9C%AC"),
        ('"; x="y', "attachment; filename=\"__ x=_y\"; filename*=UTF-8''%22%3B%20x%3D%22y"),
        ("a\r\nX: b", "attachment; filename=\"aX: b\"; filename*=UTF-8''aX%3A%20b"),
        ("gnp\u202efdp.exe", "attachment; filename=\"gnpfdp.exe\"; filename*=UTF-8''gnpfdp.exe"),
        ("..\\a%20b", "attachment; filename=\".._a_20b\"; filename*=UTF-8''..%5Ca%2520b"),
        ("", "attachment; filename=\"file\"; filename*=UTF-8''"),
    ],
)
def test_a_name_is_reported_in_full_and_cannot_leave_its_quotes(
    filename: str, expected: str
) -> None:
    delivery = Delivery(filename=filename, content_type="text/plain")

    assert content_disposition(delivery) == expected
    assert content_disposition(delivery).isascii()
