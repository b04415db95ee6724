"""The live schema compared with the declared one, column by column (design 5.6).

`shapes` are the words for both sides; `server` and `sqlite` read what is there, `declared` what
`tables.py` declares; `types`, `columns` and `keys` judge each difference; `advice` describes it.
"""

from savctl.persistence.schema.inspection.advice import Difference
from savctl.persistence.schema.inspection.compare import differences, has_any
from savctl.persistence.schema.inspection.types import DifferenceLevel

__all__ = ["Difference", "DifferenceLevel", "differences", "has_any"]
