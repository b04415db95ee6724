"""Another program's event log, played through the rules and jobs under a moving clock."""
