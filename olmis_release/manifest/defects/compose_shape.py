"""The form of a compose file: what Docker Compose takes at each place. Anything else it refuses, so it is said here."""

from __future__ import annotations

from collections.abc import Iterator

from olmis_release.errors import Problem
from olmis_release.manifest.compose_keys import SERVICE_KEYS
from olmis_release.manifest.defects.compose_values import (
    BOOLEAN,
    COMMAND_TEXT,
    COMMAND_WORD,
    CPUS,
    DURATION,
    FILE_NAME,
    HOSTS,
    INTEGER,
    MEMORY_TEXT,
    MOUNT_TEXT,
    NAME,
    NOT_NEGATIVE,
    NULL,
    NUMBER,
    OOM_SCORE,
    OPTION,
    PORT,
    PROJECT,
    PULL_POLICY,
    SIZE,
    TARGET_PORT,
    TEXT,
    TEXT_OR_INTEGER,
    TEXT_OR_NUMBER,
    TEXT_OR_TEXTS,
    TEXTS,
    TRUE_NUMBER,
    TRUE_OR_FALSE,
    UNIQUE_TEXTS,
    VALUE,
    WHOLE_OR_CUT,
    WHOLE_SIZE,
    either,
    word,
)
from olmis_release.manifest.defects.shapes import Anything, Fields, Items, Shape, faults
from olmis_release.manifest.importers.nodes import MapNode

PAIRS = either(Fields(others=VALUE), TEXTS)
COMMAND = either(NULL, COMMAND_TEXT, TEXTS)
NAMED = Items(
    of=either(
        TEXT,
        Fields(keys={"source": TEXT, "target": TEXT, "uid": TEXT, "gid": TEXT, "mode": TEXT_OR_NUMBER}),
    )
)
IPAM = Fields(
    keys={
        "driver": TEXT,
        "config": Items(
            of=Fields(keys={"subnet": TEXT, "ip_range": TEXT, "gateway": TEXT, "aux_addresses": Fields(others=TEXT)})
        ),
        "options": Fields(others=TEXT),
    }
)
DEPENDENCY = Fields(
    keys={
        "condition": word("service_started", "service_healthy", "service_completed_successfully"),
        "restart": BOOLEAN,
        "required": either(TRUE_OR_FALSE),
    },
    required=("condition",),
)
_RATES = Items(of=Fields(keys={"path": TEXT, "rate": TEXT_OR_INTEGER}))
BLKIO = Fields(
    keys={
        "weight": TRUE_NUMBER,
        "weight_device": Items(of=Fields(keys={"path": TEXT, "weight": TRUE_NUMBER})),
        **dict.fromkeys(("device_read_bps", "device_read_iops", "device_write_bps", "device_write_iops"), _RATES),
    }
)
DEVELOP = Fields(
    keys={
        "watch": Items(
            of=Fields(
                keys={
                    "path": TEXT,
                    "action": word("rebuild", "sync", "restart", "sync+restart", "sync+exec"),
                    "target": TEXT,
                    "ignore": TEXTS,
                    "include": TEXTS,
                    "exec": Anything(),
                    "initial_sync": BOOLEAN,
                },
                newer=frozenset({"include", "initial_sync"}),
                required=("path", "action"),
            )
        )
    }
)
HEALTHCHECK = Fields(
    keys={
        "test": either(
            TEXT,
            Items(of=TEXT, first=COMMAND_WORD),
        ),
        "interval": DURATION,
        "timeout": DURATION,
        "start_period": DURATION,
        "start_interval": DURATION,
        "retries": NUMBER,
        "disable": BOOLEAN,
    }
)
_RESOURCES: dict[str, Shape] = {
    "cpus": CPUS,
    "memory": MEMORY_TEXT,
    "pids": INTEGER,
    "devices": Items(
        of=Fields(
            keys={
                "capabilities": TEXTS,
                "driver": TEXT,
                "count": TEXT_OR_NUMBER,
                "device_ids": TEXTS,
                "options": PAIRS,
            },
            required=("capabilities",),
        )
    ),
    "generic_resources": Anything(),
}
_UPDATE = Fields(
    keys={
        "parallelism": INTEGER,
        "delay": DURATION,
        "failure_action": TEXT,
        "monitor": DURATION,
        "max_failure_ratio": NUMBER,
        "order": word("start-first", "stop-first"),
    }
)
DEPLOY = Fields(
    keys={
        "mode": TEXT,
        "endpoint_mode": TEXT,
        "replicas": INTEGER,
        "labels": PAIRS,
        "update_config": _UPDATE,
        "rollback_config": _UPDATE,
        "resources": Fields(keys={"limits": Fields(keys=_RESOURCES), "reservations": Fields(keys=_RESOURCES)}),
        "restart_policy": Fields(
            keys={"condition": TEXT, "delay": DURATION, "max_attempts": INTEGER, "window": DURATION}
        ),
        "placement": Fields(
            keys={
                "constraints": TEXTS,
                "preferences": Items(of=Fields(keys={"spread": TEXT})),
                "max_replicas_per_node": INTEGER,
            }
        ),
    }
)
LOGGING = Fields(
    keys={
        "driver": TEXT,
        "options": Fields(others=OPTION),
    }
)
NETWORK_OF_SERVICE = either(
    NULL,
    Fields(
        keys={
            "aliases": TEXTS,
            "ipv4_address": TEXT,
            "ipv6_address": TEXT,
            "link_local_ips": TEXTS,
            "mac_address": TEXT,
            "driver_opts": Fields(others=TEXT_OR_NUMBER),
            "priority": NUMBER,
            "gw_priority": NUMBER,
            "interface_name": TEXT,
        },
        newer=frozenset({"interface_name"}),
    ),
)
PORT_LONG = Fields(
    keys={
        "name": TEXT,
        "mode": TEXT,
        "host_ip": TEXT,
        "target": TARGET_PORT,
        "published": TEXT_OR_NUMBER,
        "protocol": TEXT,
        "app_protocol": TEXT,
    },
    required=("target",),
)
MOUNT = Fields(
    keys={
        "type": TEXT,
        "source": TEXT,
        "target": TEXT,
        "read_only": BOOLEAN,
        "consistency": TEXT,
        "bind": Fields(
            keys={
                "propagation": TEXT,
                "create_host_path": BOOLEAN,
                "selinux": TEXT,
                "recursive": word("enabled", "disabled", "writable", "readonly"),
            }
        ),
        "volume": Fields(keys={"nocopy": BOOLEAN, "subpath": TEXT, "labels": PAIRS}, newer=frozenset({"labels"})),
        "tmpfs": Fields(keys={"size": WHOLE_SIZE, "mode": NUMBER}),
        "image": Fields(keys={"subpath": TEXT}),
    },
    newer=frozenset({"image"}),
    required=("type",),
)
ULIMIT = either(INTEGER, Fields(keys={"soft": INTEGER, "hard": INTEGER}, required=("soft", "hard")))
BUILD = either(
    TEXT,
    Fields(
        keys={
            "context": TEXT,
            "dockerfile": TEXT,
            "dockerfile_inline": TEXT,
            "target": TEXT,
            "args": PAIRS,
            "labels": PAIRS,
            "ssh": PAIRS,
            "cache_from": TEXTS,
            "cache_to": TEXTS,
            "no_cache": BOOLEAN,
            "pull": BOOLEAN,
            "privileged": BOOLEAN,
            "network": TEXT,
            "isolation": TEXT,
            "shm_size": WHOLE_SIZE,
            "tags": TEXTS,
            "platforms": TEXTS,
            "secrets": NAMED,
            "extra_hosts": HOSTS,
            "ulimits": Fields(others=ULIMIT),
            "additional_contexts": PAIRS,
            "entitlements": TEXTS,
            "provenance": VALUE,
            "sbom": VALUE,
        },
        newer=frozenset({"provenance", "sbom"}),
    ),
)
ENV_FILE = Fields(
    keys={"path": FILE_NAME, "required": BOOLEAN, "format": TEXT}, newer=frozenset({"format"}), required=("path",)
)
EXTENDS = Fields(keys={"service": TEXT, "file": FILE_NAME}, others=Anything(), required=("service",))


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_OF_TEXT = _words(
    "cgroup cgroup_parent container_name cpuset domainname hostname image ipc isolation mac_address network_mode pid "
    "platform restart runtime stop_signal user userns_mode uts working_dir"
)
_OF_BOOLEANS = _words("attach init oom_kill_disable privileged read_only stdin_open tty use_api_socket")
_OF_SIZES = _words("mem_limit mem_reservation memswap_limit shm_size")
_OF_NUMBERS = _words(
    "cpu_count cpu_percent cpu_period cpu_quota cpu_shares mem_swappiness oom_score_adj pids_limit scale"
)
_OF_TEXTS = _words(
    "cap_add cap_drop device_cgroup_rules dns_opt external_links links profiles security_opt volumes_from"
)

_NEWER = frozenset({"models", "provider", "use_api_socket"})

_SERVICE: dict[str, Shape] = {
    **{key: Anything() for key in SERVICE_KEYS},
    **dict.fromkeys(_OF_TEXT, TEXT),
    **dict.fromkeys(_OF_BOOLEANS, BOOLEAN),
    **dict.fromkeys(_OF_SIZES, SIZE),
    **dict.fromkeys(_OF_NUMBERS, INTEGER),
    **dict.fromkeys(_OF_TEXTS, TEXTS),
    **dict.fromkeys(("annotations", "environment", "labels", "sysctls"), PAIRS),
    **dict.fromkeys(("command", "entrypoint"), COMMAND),
    **dict.fromkeys(("configs", "secrets"), NAMED),
    **dict.fromkeys(("dns", "dns_search", "tmpfs"), TEXT_OR_TEXTS),
    "blkio_config": BLKIO,
    "build": BUILD,
    "cgroup": word("host", "private"),
    "cpu_count": NOT_NEGATIVE,
    "credential_spec": Fields(keys={"config": TEXT, "file": TEXT, "registry": TEXT}),
    "devices": Items(of=either(TEXT, Fields(others=Anything()))),
    "develop": either(NULL, DEVELOP),
    "oom_score_adj": OOM_SCORE,
    "mem_reservation": WHOLE_SIZE,
    **dict.fromkeys(("device_cgroup_rules", "external_links", "security_opt", "volumes_from"), UNIQUE_TEXTS),
    **dict.fromkeys(("cpu_period", "cpu_quota", "cpu_shares", "pids_limit"), WHOLE_OR_CUT),
    "cpu_rt_period": NUMBER,
    "cpu_rt_runtime": NUMBER,
    "cpus": CPUS,
    "depends_on": either(UNIQUE_TEXTS, Fields(others=DEPENDENCY)),
    "deploy": either(NULL, DEPLOY),
    "env_file": either(FILE_NAME, Items(of=either(FILE_NAME, ENV_FILE))),
    "expose": Items(of=TEXT_OR_INTEGER),
    "extends": either(TEXT, EXTENDS),
    "extra_hosts": HOSTS,
    "group_add": Items(of=TEXT_OR_NUMBER, unique=True),
    "healthcheck": HEALTHCHECK,
    "logging": LOGGING,
    "networks": either(UNIQUE_TEXTS, Fields(others=NETWORK_OF_SERVICE)),
    "pull_policy": PULL_POLICY,
    "ports": Items(of=either(PORT, PORT_LONG)),
    "stop_grace_period": DURATION,
    "storage_opt": Fields(others=OPTION),
    "ulimits": Fields(others=ULIMIT),
    "volumes": Items(of=either(MOUNT_TEXT, MOUNT)),
}

_EXTERNAL = either(BOOLEAN, Fields(keys={"name": TEXT}))
_OPTIONS = Fields(others=TEXT_OR_NUMBER)
VOLUME = either(
    NULL, Fields(keys={"name": TEXT, "driver": TEXT, "driver_opts": _OPTIONS, "external": _EXTERNAL, "labels": PAIRS})
)
NETWORK = either(
    NULL,
    Fields(
        keys={
            "name": TEXT,
            "driver": TEXT,
            "driver_opts": _OPTIONS,
            "ipam": IPAM,
            "external": _EXTERNAL,
            "internal": BOOLEAN,
            "enable_ipv4": BOOLEAN,
            "enable_ipv6": BOOLEAN,
            "attachable": BOOLEAN,
            "labels": PAIRS,
        }
    ),
)
SOURCE = Fields(
    keys={
        "name": TEXT,
        "file": TEXT,
        "content": TEXT,
        "environment": TEXT,
        "external": _EXTERNAL,
        "labels": PAIRS,
        "driver": TEXT,
        "driver_opts": _OPTIONS,
        "template_driver": TEXT,
    }
)

SECRET = Fields(keys={key: shape for key, shape in SOURCE.keys.items() if key != "content"})

FILE = Fields(
    keys={
        "version": TEXT,
        "name": PROJECT,
        "include": either(NULL, Items(of=either(TEXT, Fields(others=Anything())))),
        "services": Fields(others=Fields(keys=_SERVICE, newer=_NEWER), named=NAME),
        "volumes": Fields(others=VOLUME, named=NAME),
        "networks": Fields(others=NETWORK, named=NAME),
        "configs": Fields(others=SOURCE, named=NAME),
        "secrets": Fields(others=SECRET, named=NAME),
        "models": Anything(),
    },
    newer=frozenset({"models"}),
)


def form_faults(document: MapNode) -> Iterator[Problem]:
    """Yield everything in a compose file, its variables filled in, that Compose would not take."""
    yield from faults(document, FILE, "")
