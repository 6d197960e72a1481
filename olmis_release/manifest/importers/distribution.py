"""Reading a distribution: source, environment, compose files, and all of it as one value."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from olmis_release.errors import Where
from olmis_release.manifest.defects.compose_conflicts import conflicts
from olmis_release.manifest.findings import Findings
from olmis_release.manifest.image import ComposeBody, ImageRef
from olmis_release.manifest.importers import body
from olmis_release.manifest.importers.compose_files import Chosen, choose
from olmis_release.manifest.importers.env_files import read_env_files
from olmis_release.manifest.importers.filling import Filler
from olmis_release.manifest.importers.model import Distribution, ImportedService, Use
from olmis_release.manifest.importers.nodes import MapNode, Node, is_null, text_of
from olmis_release.manifest.importers.profiles import is_active, profiles_of, without_absent
from olmis_release.manifest.importers.reader import Reader
from olmis_release.manifest.importers.shorthand import long_build
from olmis_release.manifest.importers.source import Source, open_source
from olmis_release.manifest.importers.tree import Tree
from olmis_release.text import quoted, safe

_OTHER_SECTIONS = ("configs", "secrets")
_YES = frozenset({"true", "yes", "y", "on", "1"})


def read_distribution(
    source: str,
    *,
    ref: str | None = None,
    folder: str | None = None,
    files: Sequence[str] = (),
    env_files: Sequence[str] = (),
) -> Distribution:
    """Read the distribution at a source.

    Args:
        source: A git URL, a local repository, a bundle, or a plain folder.
        ref: A tag, branch or commit (``refs/tags/…`` and ``refs/heads/…`` name one of the two); the source's HEAD, or
            the folder as it is, when None.
        folder: Folder inside the source, its root when None.
        files: Compose files below the folder, later ones override; those that Compose would take when empty.
        env_files: `.env` files below the folder; the folder's own `.env`, if it has one, when empty.

    Returns:
        What was read; contents that are wrong are its `problems`.

    Raises:
        BadInput: The source, the ref, the folder or a file that was named does not exist or cannot be read.
    """
    with open_source(source) as opened:
        return read_at(opened, ref, folder=folder, files=files, env_files=env_files)


def read_at(
    source: Source,
    ref: str | None,
    *,
    folder: str | None = None,
    files: Sequence[str] = (),
    env_files: Sequence[str] = (),
) -> Distribution:
    """Read the distribution at a ref of an opened source; see `read_distribution`."""
    findings = Findings()
    if ref and source.is_ambiguous(ref):
        message = f"{safe(ref)} is a tag and a branch at different commits; the tag was read."
        findings.warn(
            "W-AMBIGUOUS-REF", message, where=None, do=f"Write refs/tags/{ref} or refs/heads/{ref} to say which."
        )
    tree = source.at(ref)
    inside = (folder or "").strip("/").removeprefix("./")
    chosen = choose(tree, inside or ".", files=files, env_files=env_files, findings=findings)
    found = read_files(tree, chosen, findings)
    return replace(found, name=source.name, folder=inside, ref=tree.ref, commit=tree.commit, message=tree.message)


def read_files(tree: Tree, chosen: Chosen, findings: Findings) -> Distribution:
    """Read the chosen files of a source."""
    filler = Filler(chosen.variables, findings)
    reader = Reader(tree, filler, findings)
    whole = reader.merged(chosen.files)
    for problem in conflicts(whole):
        findings.note(problem)
    given = {name: variable.value for name, variable in chosen.variables.items()}
    services = _services(whole, filler, given=given, findings=findings)
    return Distribution(
        name="",
        files=tuple(reader.files),
        env_files=chosen.env_files,
        services=services,
        volumes=_section(whole, "volumes"),
        networks=_section(whole, "networks"),
        top={name: dict(_section(whole, name)) for name in _OTHER_SECTIONS if whole.get(name)},
        variables_defined=chosen.variables,
        settings=read_env_files(
            tree, posixpath.dirname(chosen.files[0]), services.values(), known=chosen.env_files, findings=findings
        ),
        variables_used=tuple(filler.uses),
        variables_open=_still_open(filler, services, whole),
        where=_places(whole),
        problems=findings.problems,
    )


def _services(
    whole: MapNode, filler: Filler, *, given: Mapping[str, str], findings: Findings
) -> dict[str, ImportedService]:
    section = whole.get("services")
    if not isinstance(section, MapNode):
        if not findings.problems or not is_null(section):
            message = "it has no `services`."
            findings.error("E-NO-SERVICES", message, where=whole.place("services"), do="Name a compose file.")
        return {}
    active = {name.strip() for name in given.get("COMPOSE_PROFILES", "").split(",")}
    services = {}
    for name, whole_node in section.entries.items():
        node = without_absent(whole_node, section, active)
        if not isinstance(node, MapNode):
            findings.error(
                "E-COMPOSE", f"service {safe(name)} must be a mapping.", where=section.keys[name], do="Write its body."
            )
        elif _runs(name, node, active=active, findings=findings):
            services[name] = _service(name, node, section.keys[name], given=given, findings=findings)
            _note_bare(name, node, filler, given=given)
    return services


def _runs(name: str, node: MapNode, *, active: set[str], findings: Findings) -> bool:
    """Return whether Compose would run a service: one with profiles runs only when one of them is asked for."""
    if is_active(node, active):
        return True
    named = profiles_of(node)
    message = f"{name} runs only with profile {' or '.join(sorted(named))}; it is left out, as Compose leaves it out."
    do = "Name the profile in COMPOSE_PROFILES of .env to have it."
    findings.warn("W-PROFILE", message, where=node.place("profiles"), do=do)
    return False


def _service(
    name: str, node: MapNode, where: Where, *, given: Mapping[str, str], findings: Findings
) -> ImportedService:
    text, written, place = body.image_text(node)
    return ImportedService(
        name=name,
        image=_image(name, text, where=place, findings=findings) if written else None,
        built=not is_null(node.get("build")),
        build=_build(node.get("build")),
        body=body.service_body(node, body.closed_text, given),
        open_body=body.service_body(node, body.open_text, given),
        where=body.places(node, where),
        image_where=place if written else where,
        image_text=written,
        literal_image=bool(written) and "$" not in written,
    )


def _image(name: str, text: str, *, where: Where, findings: Findings) -> ImageRef | None:
    if "${" in text:
        return None  # the variable that is not defined was noted where it stands
    if text and not text.endswith((":", "/", "@")):
        return ImageRef.as_written(text)  # of a malformed one the policy decides
    message = f"{name}: {quoted(text)} is not an image (repository:tag, lower-case repository)."
    do = "A variable or tag is empty, and that is never taken for `latest`: name the tag."
    findings.error("E-IMAGE", message, where=where, do=do)
    return None


def _build(node: Node | None) -> str:
    """Return what a service is built from, ``.`` where the file does not say."""
    if node is None or is_null(node):
        return ""
    build = long_build(node)
    return (text_of(build.get("context")) or ".") if isinstance(build, MapNode) else "."


def _note_bare(name: str, node: MapNode, filler: Filler, *, given: Mapping[str, str]) -> None:
    """Note the variables that the environment names without a value: `.env` or the instance has to give them."""
    for variable, place in body.bare_variables(node, {}):
        if variable not in given:
            filler.open_variables.setdefault(variable, None)
        filler.uses.append(Use(name=variable, path=f"services.{name}.environment.{variable}", where=place))


def _section(whole: MapNode, name: str) -> dict[str, ComposeBody]:
    section = whole.get(name)
    if not isinstance(section, MapNode):
        return {}
    return {key: _entry(node) for key, node in section.entries.items()}


def _entry(node: Node) -> ComposeBody:
    """Return a volume or network; `external: false` says what holds anyway."""
    value = body.plain(node, body.closed_text)
    if not isinstance(value, dict):
        return {}
    external = value.get("external")
    if isinstance(external, dict):  # as files before version 3.4 name it
        value = {**value, **external, "external": "true"}
    if str(value.get("external", "")).lower() in _YES:
        return {**value, "external": "true"}
    return {key: item for key, item in value.items() if key != "external"}


def _still_open(filler: Filler, services: Mapping[str, ImportedService], whole: MapNode) -> dict[str, str | None]:
    """Return the open variables that a body still names: overriding files may have replaced the others."""
    from olmis_release.manifest.variables import names_in, placed_texts

    texts = (text for service in services.values() for _, text in placed_texts(service.open_body, ""))
    used = {name for text in texts for name in names_in(text)}
    for section in ("volumes", "networks"):
        used |= {name for _, text in _texts(whole.get(section)) for name in names_in(text)}
    return {name: default for name, default in sorted(filler.open_variables.items()) if name in used}


def _texts(node: Node | None) -> Iterator[tuple[str, str]]:
    from olmis_release.manifest.importers.nodes import scalars

    if node is not None:
        yield from ((path, item.text) for path, item in scalars(node))


def _places(whole: MapNode) -> dict[str, Where]:
    found = dict(whole.keys)
    for name in ("services", "volumes", "networks", *_OTHER_SECTIONS):
        section = whole.get(name)
        if isinstance(section, MapNode):
            found |= {f"{name}.{key}": place for key, place in section.keys.items()}
    return found
