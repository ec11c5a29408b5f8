"""People: their accounts, how they sign in, and what they carry to prove who they are."""
