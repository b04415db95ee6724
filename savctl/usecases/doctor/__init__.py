"""Everything savctl depends on, looked at."""
