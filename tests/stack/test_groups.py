"""What runs the tests: a group of them stays in one worker."""

import os

import pytest


@pytest.mark.xdist_group("groups")
def test_the_group_of_a_test_is_known_to_what_hands_tests_to_workers(
    request: pytest.FixtureRequest,
) -> None:
    if "PYTEST_XDIST_WORKER" in os.environ:
        assert request.node.nodeid.endswith("@groups")
