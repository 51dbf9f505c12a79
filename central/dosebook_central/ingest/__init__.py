"""From a message to a committed record: verify, keep the evidence, commit, receipt."""
