"""The words of a command line: common options, help, and what is wrong with them."""
