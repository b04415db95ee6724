"""What the measures share: servers, a shop's rows, processes, tables of figures, kept ratios."""
