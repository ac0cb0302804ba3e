"""The command ``rosterflow``, one module a group of commands. A command parses, calls one function, prints, ends."""
