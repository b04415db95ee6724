"""The tests; they read as sentences and look at what an outsider could see."""
