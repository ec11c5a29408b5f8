"""People: their accounts, their credentials, and how they sign in."""
