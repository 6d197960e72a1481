#!/bin/sh
# Wait for the database, for ever; then run the rest of the command line.
if [ -z "$DATABASE_URL" ] || [ -z "$POSTGRES_USER" ] || [ -z "$POSTGRES_PASSWORD" ]; then
    echo "DATABASE_URL, POSTGRES_USER and POSTGRES_PASSWORD must be set" >&2
    exit 1
fi
until python3 -m tests.standin.service.wait_for_postgres; do
    echo "Postgres is not ready, waiting"
    # 5 s as in the original, shortened with the rest of the boot when tests scale it down
    python3 -c "import os, time; time.sleep(max(0.5, 5 * float(os.environ.get('STANDIN_BOOT_SCALE') or 1)))"
done
exec "$@"
