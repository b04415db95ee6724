"""Whether a refusal can be told from an absence."""
