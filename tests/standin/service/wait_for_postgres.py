"""Ask once whether the database takes sessions; exit 0 or 1."""

import sys

import psycopg

from tests.standin.service.settings import read_settings


def main() -> int:
    """Open and close one session."""
    try:
        psycopg.connect(read_settings(needs_database=True).conninfo, connect_timeout=3).close()
    except psycopg.OperationalError:
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
