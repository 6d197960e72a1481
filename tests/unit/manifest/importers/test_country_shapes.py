"""The shapes of countries' repositories: each goes on the round trip, and Compose finds no difference."""

from __future__ import annotations

from pathlib import Path

import pytest

from olmis_release.manifest.importers.core import core_manifest
from olmis_release.manifest.importers.distribution import read_distribution
from olmis_release.manifest.importers.importing import Request, import_extension
from olmis_release.manifest.layers import CoreManifest
from tests.fakes.compose_config import needs_compose
from tests.fakes.round_trip import lay_out, travel

CORE = {
    ".env": "OL_AUTH_VERSION=4.4.0\nOL_REPORT_VERSION=1.5.0\nOL_UI_VERSION=5.2.12\nOL_NGINX_VERSION=v7.1\n",
    "docker-compose.yml": """version: "3.3"
services:
  consul: {command: -server -bootstrap, image: gliderlabs/consul-server, ports: ["8300", "8500:8500"]}
  nginx:
    image: openlmis/nginx:${OL_NGINX_VERSION}
    ports: ["80:80"]
    env_file: settings.env
    environment: {NGINX_LOG_DIR: /var/log/nginx/log}
    volumes: ["nginx-log:/var/log/nginx/log", "consul-template-log:/var/log/consul-template"]
    depends_on: [consul]
  reference-ui: {image: "openlmis/reference-ui:${OL_UI_VERSION}", env_file: settings.env, depends_on: [consul]}
  auth:
    image: openlmis/auth:${OL_AUTH_VERSION}
    env_file: settings.env
    environment: {JAVA_OPTS: -server -Xmx512m -Dlogging.config=/config/log/logback.xml}
    volumes: ["service-config:/config"]
    depends_on: [log, db]
    command: [/wait-for-postgres.sh, /run.sh]
  report: {image: "openlmis/report:${OL_REPORT_VERSION}", env_file: settings.env, depends_on: [log, db]}
  service-configuration: {build: ./config, volumes: ["service-config:/config"]}
  db: {image: "openlmis/postgres:14-debezium", env_file: settings.env}
  log: {image: "openlmis/rsyslog:3", volumes: ["syslog:/var/log"]}
  ftp: {image: "openlmis/proftpd", ports: ["21:21", "20:20"], env_file: settings.env}
volumes:
  syslog: {external: false}
  nginx-log: {external: false}
  consul-template-log: {external: false}
  service-config: {external: false}
""",
}
SETTINGS = "BASE_URL=https://example.org\nspring_profiles_active=production\nspring.datasource.hikari.maxLifetime=1\n"
ANGOLA = """version: "3.3"
services:
  consul: {command: -server -bootstrap, image: gliderlabs/consul-server, ports: ["8300", "8500:8500"]}
  nginx: {image: "openlmis/nginx:${OL_NGINX_VERSION}", ports: ["${OL_HTTP_PORT:-80}:80"], env_file: settings.env,
    depends_on: [consul]}
  angola-ui: {image: "openlmisao/angola-ui:${OL_ANGOLA_UI_VERSION}", env_file: settings.env, depends_on: [consul]}
  auth: {image: "openlmis/auth:${OL_AUTH_VERSION}", env_file: settings.env, depends_on: [log], environment:
    {JAVA_OPTS: "-server -Xmx1024m -Dlogging.config=/config/log/logback.xml"}, volumes: ["service-config:/config"]}
  report: {image: "openlmisao/reports:${OL_REPORT_VERSION}", env_file: settings.env, depends_on: [log]}
  service-desk: {image: "openlmisao/service-desk:${OL_SERVICE_DESK_VERSION}", env_file: settings.env}
  service-configuration: {build: ./config, volumes: ["service-config:/config"]}
  log: {image: "openlmis/rsyslog:2", volumes: ["syslog:/var/log"]}
volumes: {syslog: {external: false}, service-config: {external: false}}
"""
SHAPES: dict[str, dict[str, str]] = {
    "one .env, three compose files (Angola)": {
        ".env": "OL_NGINX_VERSION=v5\nOL_ANGOLA_UI_VERSION=1.0.8\nOL_AUTH_VERSION=4.3.2\nOL_REPORT_VERSION=1.0.3\n"
        "OL_SERVICE_DESK_VERSION=1.0.1\nCOMPOSE_FILE=docker-compose.yml:docker-compose.tls.yml:docker-compose.log.yml",
        "settings.env": SETTINGS,
        "docker-compose.yml": ANGOLA,
        "docker-compose.tls.yml": """version: "3.3"
services:
  nginx:
    ports: ["443:443"]
    volumes: ["${PWD_CERTS:-/etc/certs}:/certs:ro"]
    environment: [TLS=on]
  report: {depends_on: {angola-ui: {condition: service_started}}}
""",
        "docker-compose.log.yml": """services:
  auth: &logged {logging: {driver: syslog, options: {syslog-address: "udp://127.0.0.1:514"}}}
  report: *logged
  service-desk: *logged
""",
    },
    ".env and settings.env for an environment (RDC)": {
        ".env": "OL_AUTH_VERSION=4.3.3\r\nOL_UI_VERSION=1.0.10-SNAPSHOT\r\nOL_REPORT_VERSION=1.0.4\r\n",
        "settings.env": SETTINGS,
        "docker-compose.yml": """x-java: &java
  env_file: settings.env
  restart: unless-stopped
  volumes: ["service-config:/config"]
  depends_on: [log]
services:
  consul: {command: -server -bootstrap, image: "hashicorp/consul:1.15", ports: ["8500:8500"]}
  nginx:
    image: openlmis/nginx:5
    ports: ["80:80", "443:443"]
    env_file: settings.env
    volumes: ["./nginx/tls.conf:/etc/nginx/conf.d/tls.conf:ro", "../certs:/certs"]
  ui: {image: "openlmisrdc/ui:${OL_UI_VERSION}", env_file: settings.env, depends_on: [consul]}
  auth:
    <<: *java
    image: openlmis/auth:${OL_AUTH_VERSION}
    environment: {JAVA_OPTS: -server -Xmx1536m, spring_profiles_active: "${spring_profiles_active}"}
  report: {<<: *java, image: "openlmisrdc/report:${OL_REPORT_VERSION}"}
  service-configuration: {build: {context: ./config}, volumes: ["service-config:/config"]}
  log: {image: "openlmis/rsyslog:1", volumes: ["syslog:/var/log"]}
  node-exporter:
    image: prom/node-exporter
    command: ['--path.rootfs=/host']
    pid: host
    volumes: ['/:/host:ro,rslave']
  promtail: {image: "grafana/promtail:2.9.1", volumes: ["syslog:/var/log:ro", "./promtail:/etc/promtail"]}
  cadvisor: {image: "gcr.io/cadvisor/cadvisor:v0.47.2", privileged: true, devices: [/dev/kmsg], ports: ["8081:8080"]}
volumes: {syslog: , service-config: }
""",
    },
    "untagged, truststore, no database (Gambia)": {
        ".env": "OL_AUTH_VERSION=4.3.3-hotfix\nOL_HAPIFHIR_VERSION=2.0.2\nOL_NOTIFICATION_VERSION=4.3.2-truststore",
        "settings.env": SETTINGS,
        "docker-compose.yml": """version: '2'
services:
  consul:
    image: gliderlabs/consul-server
    ports:
      - "8300"
      - "8500:8500"
    command: -server -bootstrap
  nginx: {image: "openlmis/nginx:5", ports: ["80:80"], env_file: settings.env, depends_on: ["consul"]}
  reference-ui: {image: "openlmisgambia/reference-ui:1.1.2", env_file: settings.env}
  auth:
    image: openlmis/auth:${OL_AUTH_VERSION}
    env_file: settings.env
    environment:
      JAVA_OPTS: '-server -Xmx1024m
        -Dlogging.config=/config/log/logback.xml'
      spring_profiles_active: ${spring_profiles_active}
    mem_limit: 1536m
    depends_on: [log]
  notification-truststore:
    image: openlmisgambia/notification:${OL_NOTIFICATION_VERSION}
    env_file: settings.env
    cpus: 0.5
  report: {image: "openlmisgm/report:1.2.1-SNAPSHOT", env_file: [settings.env], restart: on-failure}
  log: {image: openlmis/rsyslog, volumes: ["syslog:/var/log"]}
volumes:
  syslog:
    external: false
""",
    },
    "a .env that lacks variables (SELV)": {
        ".env": "OL_AUTH_VERSION=4.4.0\nSELV_V3_REPORT_VERSION=1.0.12\n",
        "settings.env": SETTINGS,
        "docker-compose.yml": """version: "3.3"
services:
  nginx: {image: "openlmis/nginx:v7.1", ports: ["80:80"], env_file: settings.env, environment:
    {VIRTUAL_HOST: "${VIRTUAL_HOST}", CONSUL: "${CONSUL_HOST}:${CONSUL_PORT-8500}"}}
  reference-ui: {image: "siglusdevops/reference-ui:1.2.0", environment: [CLIENT_ID=$CLIENT_ID, SECRET]}
  auth:
    image: openlmis/auth:${OL_AUTH_VERSION}
    env_file: settings.env
    environment: {JAVA_OPTS: "-Xmx${HEAP}m", DATABASE_URL: "$DATABASE_URL"}
    depends_on: {db: {condition: service_healthy}}
    volumes: ["extensions:/extensions", "pgdata:/var/pg:ro"]
  selv-v3-extensions: {image: "siglusdevops/selv-v3-extensions-config:1.1.0", volumes: ["extensions:/extensions"]}
  report: {image: "siglusdevops/report:${SELV_V3_REPORT_VERSION}", env_file: settings.env, depends_on: [auth]}
  equipment: {image: "siglusdevops/equipment:0.1.0", env_file: settings.env, environment: {JAVA_OPTS: -Xmx1g}}
  db:
    image: openlmis/postgres:14-debezium
    env_file: settings.env
    healthcheck: {test: [CMD-SHELL, "pg_isready -U $$POSTGRES_USER"], interval: 30s, retries: 10}
    volumes: ["pgdata:/var/lib/postgresql/data"]
  scalyr: {image: "scalyr/scalyr-agent-docker-syslog:2.1.34-alpine", environment: {SCALYR_API_KEY: "${SCALYR_API_KEY}"}}
volumes: {pgdata: {external: true}, extensions: }
""",
    },
    "a reporting stack beside OpenLMIS (Superset)": {
        ".env": "SUPERSET_VERSION=2.1.0\nNIFI_VERSION=1.23.2\n",
        "settings.env": SETTINGS + "SUPERSET_ADMIN_PASSWORD=x\n",
        "docker-compose.yml": """version: "3.5"
services:
  nginx: {image: "openlmis/nginx:5", ports: ["443:443"], volumes: ["./config/services/nginx:/config"]}
  superset:
    build: {context: ./superset, args: {SUPERSET_VERSION: "${SUPERSET_VERSION}"}}
    env_file: settings.env
    depends_on: [redis, db]
    command: >
      bash -c "cp -r /config/superset /etc/
      && sh /etc/superset/init.sh $$HOME"
    networks: {reporting: {aliases: [superset.local]}}
  nifi: {image: "apache/nifi:${NIFI_VERSION}", ulimits: {nofile: {soft: 1, hard: 2}}, networks: [reporting]}
  kafka: {image: "debezium/kafka:1.1", links: [zookeeper], environment: [ZOOKEEPER_CONNECT=zookeeper:2181]}
  zookeeper: {image: "debezium/zookeeper:1.1", ports: ["2181:2181", "2888:2888"]}
  redis: {image: "redis:alpine"}
  exporter: {image: "prom/exporter@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}
  db: {image: "postgres:12", volumes: ["pgdata:/var/lib/postgresql/data"], env_file: settings.env}
volumes: {pgdata: {external: true, name: olmis-reporting-pgdata}}
networks: {reporting: {driver: bridge, ipam: {config: [{subnet: 172.28.0.0/16}]}}}
""",
    },
}


@pytest.fixture
def core(tmp_path: Path) -> CoreManifest:
    return core_manifest(read_distribution(str(lay_out(tmp_path / "core", CORE))), "3.19.2")


@needs_compose
@pytest.mark.parametrize("shape", SHAPES)
def test_a_country_comes_back_as_it_went_out(shape: str, core: CoreManifest, tmp_path: Path) -> None:
    theirs = lay_out(tmp_path / "theirs", SHAPES[shape])
    (tmp_path / "work").mkdir()

    trip = travel(
        Request(source=str(theirs), core=core.version), theirs, tmp_path / "work", core=core, settings="settings.env"
    )

    assert trip.is_equal, trip


def test_a_mount_from_beside_the_compose_file_is_told(tmp_path: Path) -> None:
    shape = SHAPES[".env and settings.env for an environment (RDC)"]

    found = import_extension(None, "xx", Request(source=str(lay_out(tmp_path, shape))))

    told = [str(problem.where) for problem in found.problems if problem.code == "W-NOT-CARRIED"]
    assert told == ["docker-compose.yml:12:15", "docker-compose.yml:12:65", "docker-compose.yml:26:79"]


def test_labels_in_a_file_of_their_own_are_told_to_be_left_out(tmp_path: Path) -> None:
    files = {"docker-compose.yml": "services:\n  a: {image: 'a:1', label_file: l.env}\n", "l.env": "a=b\n"}

    found = import_extension(None, "xx", Request(source=str(lay_out(tmp_path, files))))

    wrong = next(problem for problem in found.problems if problem.code == "W-NOT-CARRIED")
    assert (str(wrong.where), "under `labels`" in wrong.resolution) == ("docker-compose.yml:2:33", True)
