"""The nouns: workers, accounts, changes, operations, findings, outcomes, errors. Imports nothing of ours."""
