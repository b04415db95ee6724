"""Floor 2: one function for each thing an operator or a job does; it owns its transactions."""
