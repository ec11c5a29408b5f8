"""`python -m app.cli` is `rondo`."""

from app.cli import main

main()
