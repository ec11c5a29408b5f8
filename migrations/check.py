"""`python -m migrations.check`: fail when the tables in the code and what the migrations make differ."""

import os
import tempfile

from alembic import command


def main() -> None:
    """Upgrade an empty database, compare, then go all the way down again."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["RONDO_DATA_DIR"], os.environ["RONDO_DATABASE_URL"] = folder, ""
        import migrations  # noqa: PLC0415 - reads the settings made above

        migrations.upgrade()
        command.check(migrations.config())
        migrations.downgrade("base")


if __name__ == "__main__":
    main()
