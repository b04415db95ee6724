"""The recovery procedures, rehearsed on scratch copies (rules 17.5)."""
