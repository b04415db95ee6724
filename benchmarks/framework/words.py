"""Words that are as rare and as frequent as those of a language: the nth of 1 / (n + 3) of all.

The first stand in every third message and more, most of the others in a few of a million.
"""

from __future__ import annotations

import random
from itertools import accumulate

COUNT = 40_000
_CONSONANTS, _VOWELS = "bcdfghjklmnpqrstvz", "aeiouéà"


def _word(number: int) -> str:
    """A word of syllables for each number; frequent ones are short."""
    text, left = "", number + 12
    while left:
        left, consonant = divmod(left, len(_CONSONANTS))
        left, vowel = divmod(left, len(_VOWELS))
        text += _CONSONANTS[consonant] + _VOWELS[vowel]
    return f"{text}r" if len(text) < 3 else text


WORDS = tuple(_word(number) for number in range(COUNT))
_UP_TO = tuple(accumulate(1 / (number + 3) for number in range(COUNT)))


def prose(chance: random.Random, count: int) -> str:
    """So many words, as often as they are usual."""
    return " ".join(chance.choices(WORDS, cum_weights=_UP_TO, k=count))
