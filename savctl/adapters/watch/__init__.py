"""What is called when a job begins and ends: a dead man's switch, the operator's own command."""
