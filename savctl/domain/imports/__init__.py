"""Other programs' files: mapping, records, times, replay."""
