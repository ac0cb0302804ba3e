"""Systems outside: one connector a kind of target. A connector translates; it decides nothing."""
