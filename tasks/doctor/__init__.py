"""The check-up: does everything stand ready that a sync needs? Judges what it is told; the look-ups are apart."""
