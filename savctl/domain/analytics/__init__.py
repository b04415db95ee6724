"""Figures of a month for other programs: by day, category and priority, without any ticket."""
