"""JSON as the standard has it: no NaN, and text that can be stored."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from savctl.errors import InvalidInput


def strict_json(text: str, name: str) -> Any:
    """The value a JSON text stands for.

    Raises:
        InvalidInput: it is not JSON, holds NaN or half a character, or is nested too deeply.
    """
    try:
        value = json.loads(text, parse_constant=_refuse)
        if "\\ud" in text.lower():  # an escaped surrogate may lack its other half
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise InvalidInput(f"{name} holds half a character (a lone surrogate)") from None
    except json.JSONDecodeError as problem:
        raise InvalidInput(
            f"{name} is not JSON: {problem.msg} (character {problem.pos + 1})"
        ) from None
    except (ValueError, RecursionError) as problem:
        raise InvalidInput(f"{name} is not JSON: {problem}") from None
    return value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not allowed")
