"""The tables, their versions, and what a server reports about itself."""
