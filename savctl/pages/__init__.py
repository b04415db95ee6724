"""Reports as one self-contained HTML page: no script, no reference to anything outside it."""
