"""The mark of a VIP."""

from __future__ import annotations

from savctl.persistence.schema.tables import vips
from savctl.usecases.erasure.rows_of_person import RowsOfPerson


class VipMark(RowsOfPerson):
    """One row."""

    name = "vips"
    order = 60
    what = "the mark of a VIP"
    holds = ("savctl_vips.*",)
    table = vips


PLACE = VipMark()
