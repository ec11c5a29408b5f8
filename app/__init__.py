"""What a person or a program talks to: pages, REST, command line. Shows rows, calls services."""

from app import imports

imports.install()
