"""The tables, their versions, and what a server says about itself."""
