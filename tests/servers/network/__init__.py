"""Networks between savctl and a server, which fail as networks do."""
