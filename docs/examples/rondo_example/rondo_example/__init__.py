"""What this package adds to Rondo: importing a module registers the part or recipe in it."""

from rondo_example import quotes_prompt, quoting_answers

__all__ = ["quotes_prompt", "quoting_answers"]
