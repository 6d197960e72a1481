"""May our role close, clone and rename the database?"""

from __future__ import annotations

from olmis_release.instance.config import RollbackMethod
from olmis_release.instance.ports import DatabaseFacts, ServerFacts
from olmis_release.preflight.databases import in_the_way, no_such_database, not_there_yet
from olmis_release.preflight.model import Check, Finding, Subject, passed


def role_may_clone(subject: Subject) -> Finding:
    """Ask for superuser, or for the database's owner with CREATEDB: a rename needs both."""
    if (new := not_there_yet(subject)) is not None:
        return new
    server, facts = subject.site.database.server(), subject.database
    if facts is None:
        return no_such_database(subject)
    if server.superuser:
        return passed(f"{server.role} is a superuser.")
    if subject.rollback_method is RollbackMethod.HOOK and facts.owned:
        return passed(f"{server.role} owns {facts.name}; the way back is a snapshot.")
    if facts.owned and server.create_database:
        return passed(f"{server.role} owns {facts.name} and may create databases.")
    return _refuse(subject, server, facts)


def _refuse(subject: Subject, server: ServerFacts, facts: DatabaseFacts) -> Finding:
    lacking = [] if facts.owned else [f"is not the owner of {facts.name} ({facts.owner} is)"]
    lacking += [] if server.create_database else ["may not create databases"]
    return in_the_way(
        subject,
        f"{server.role} {' and '.join(lacking)}.",
        resolution=f"As an administrator: ALTER ROLE {server.role} CREATEDB; GRANT {facts.owner} TO {server.role}; "
        "or name another role in the instance file.",
    )


CHECK = Check(id="database-rights", question="May our role close, clone and rename the database?", ask=role_may_clone)
