"""The table of roles in the documents is the policy."""

from __future__ import annotations

from tests.access import roles_page


def test_the_page_has_the_table_of_the_policy() -> None:
    assert roles_page.stored() == roles_page.table(), "python -m tests.access.roles_page writes it"
