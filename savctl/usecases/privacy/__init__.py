"""What there is of a person: found, exported, held as evidence."""
