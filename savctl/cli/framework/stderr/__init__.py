"""What savctl says beside its answer: notes, warnings, failures, progress, questions."""
