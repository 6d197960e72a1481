#!/bin/sh
# The official image's entrypoint in small: on an empty volume make the cluster, the database and its extensions, then serve.
set -e
as_postgres() { setpriv --reuid=postgres --regid=postgres --init-groups "$@"; }

if [ ! -s "$PGDATA/PG_VERSION" ]; then
    if [ -z "$POSTGRES_PASSWORD" ]; then
        echo "POSTGRES_PASSWORD must be set" >&2
        exit 1
    fi
    user=${POSTGRES_USER:-postgres}
    password_file=$(mktemp)
    printf '%s\n' "$POSTGRES_PASSWORD" > "$password_file"
    chown postgres "$PGDATA" "$password_file"
    chmod 0700 "$PGDATA"
    as_postgres initdb --username="$user" --pwfile="$password_file" --auth-local=trust --auth-host=scram-sha-256 --encoding=UTF8 > /dev/null
    rm "$password_file"
    echo "host all all all scram-sha-256" >> "$PGDATA/pg_hba.conf"
    # Only the socket listens until everything is there: nobody meets a half-made database.
    as_postgres pg_ctl --options="-c listen_addresses=''" --silent --wait start
    as_postgres createdb --username="$user" open_lmis
    as_postgres psql --quiet --username="$user" --dbname=open_lmis \
        --command='CREATE EXTENSION "uuid-ossp"' --command='CREATE EXTENSION pgcrypto'
    as_postgres pg_ctl --mode=fast --silent --wait stop
fi
# Room for every service's pool twice over; logical, as the Debezium images of OpenLMIS have it.
exec setpriv --reuid=postgres --regid=postgres --init-groups \
    "$@" -c listen_addresses='*' -c max_connections=300 -c wal_level=logical -c shared_buffers=64MB
