"""What is answered: formats, tables, pages, colours, errors, streams that break."""
