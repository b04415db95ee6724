"""Which files come in: types, sizes, names, content; and which objects are orphans."""
