"""What a person can do: one call, one transaction, one permission check."""
