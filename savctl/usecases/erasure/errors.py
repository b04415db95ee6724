"""Why an erasure does not begin, or does not end."""

from __future__ import annotations

from savctl.errors import Findings, NotFound, Refused


class HeldBack(Refused):
    """Legal holds keep tickets of the person, and nobody asked to leave those out."""

    code = "legal_hold"


class StillAgent(Refused):
    """The person works on tickets as an agent."""

    code = "still_agent"


class OtherErasure(Refused):
    """The erasure that was begun for this person is of another mode."""

    code = "other_mode"


class StillFound(Findings):
    """After three rounds something of the person is still found."""

    code = "still_found"


def nobody(user_id: int) -> NotFound:
    """The answer when a person is not known at all."""
    return NotFound(
        f"nothing is stored about user {user_id}",
        hint="No user row, ticket, message or trace has this id, and nobody erased them before.",
        user_id=user_id,
    )
