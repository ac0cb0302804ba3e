"""The stages of a sync, the nouns they share, and the systems they talk to."""
