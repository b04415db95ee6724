"""What the overview of the desk counts: each question is answered by an index."""
