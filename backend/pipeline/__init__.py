"""The stages: the only code that joins rows, parts and jobs. Each asks for what is missing, so a rerun resumes."""
