"""Pages of one thing, for a person at a terminal; other formats never pass here."""
