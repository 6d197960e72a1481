"""Pack a stand-in's ``/service.jar``: migrations where a Spring Boot jar has them, the image's identity beside."""

import dataclasses
import io
import json
import zipfile

from lab.migrations import MigrationFile
from tests.standin.service.spec import MIGRATIONS_FOLDER, SPEC_MEMBER, Spec

#: Zip's own earliest date: equal contents give equal bytes, whenever they are packed.
EPOCH = (1980, 1, 1, 0, 0, 0)


def service_jar(spec: Spec, migrations: tuple[MigrationFile, ...]) -> bytes:
    """Pack one image's jar; the bytes depend on the arguments only."""
    members = {
        "META-INF/MANIFEST.MF": "Manifest-Version: 1.0\nMain-Class: org.springframework.boot.loader.JarLauncher\n"
    }
    members[SPEC_MEMBER] = json.dumps(dataclasses.asdict(spec), indent=1, sort_keys=True) + "\n"
    members |= {MIGRATIONS_FOLDER + file.script: file.sql for file in migrations}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in members.items():
            archive.writestr(zipfile.ZipInfo(name, EPOCH), text, zipfile.ZIP_DEFLATED)
    return packed.getvalue()
