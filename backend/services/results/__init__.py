"""How rounds came out: a summary of each, differences on the same prompts, and where the next one had best start."""
