"""What the ids mean that importing files and judging their defects can show; see `explanations`."""

from __future__ import annotations

from olmis_release.cli.explained import Explanation

OF_IMPORTS: dict[str, Explanation] = {
    "E-COMPOSE": Explanation(
        "A value in a compose file has a form that Compose refuses.", "Write it as the line says."
    ),
    "E-ENV": Explanation("A line of an .env file cannot be read.", "Write NAME=value, with quotes that are closed."),
    "E-EXTENDS": Explanation("`extends` leads nowhere, or round in a circle.", "Correct the service or file it names."),
    "E-INCLUDE": Explanation("`include` names a file that is not there.", "Correct the path."),
    "E-INTERPOLATION": Explanation("A text with a $ in it is malformed.", "Write ${NAME}; $$ is a literal $."),
    "E-MERGE": Explanation("Two compose files say the same thing in forms that cannot be merged.", "Use one form."),
    "E-NAME": Explanation("A name that Compose does not take, or that no component may have.", "Rename it."),
    "W-PASSED-OVER": Explanation(
        "An overriding file says something that Compose passes over.", "Write a list or a mapping."
    ),
    "W-SIZE": Explanation(
        "Compose takes no size from a fraction without unit, so there is no limit.", "Write its unit, as in 1.5g."
    ),
    "E-NO-COMPOSE-FILE": Explanation("The folder has no compose file.", "Name one with --file, or another --dir."),
    "E-NO-FILE": Explanation("A file that was named is not there.", "Correct --file or --env."),
    "E-NO-FOLDER": Explanation("A folder that was named is not in the source.", "Correct --dir."),
    "E-NO-REPOSITORY": Explanation("The source is no git repository, so it has no refs.", "Leave --ref out."),
    "E-NO-SERVICES": Explanation("The compose file has no services.", "Name the file that has them."),
    "E-NO-SOURCE": Explanation("The source cannot be reached or read.", "Check the address, path and rights."),
    "E-REFERENCE": Explanation("A service uses a config or secret that the file does not have.", "Declare it."),
    "E-REPEATED-KEY": Explanation("A key stands twice in one mapping.", "Keep one of the two."),
    "E-TOO-MANY": Explanation("The file holds more than any estate has.", "Check that it is the right file; split it."),
    "E-UNKNOWN-REF": Explanation("The source has no such tag, branch or commit.", "Correct --ref."),
    "E-UNSET": Explanation("A value cannot be taken away where nothing is.", "Correct the path, or leave it out."),
}

OF_WARNINGS: dict[str, Explanation] = {
    "W-AMBIGUOUS-REF": Explanation(
        "A tag and a branch of the source have the same name; the tag was read.", "Write refs/tags/… or refs/heads/…", 0
    ),
    "W-KEPT": Explanation(
        "A person changed the manifest, so the import kept it.", "Say --replace to write over it.", 0
    ),
    "W-NO-CORE": Explanation(
        "No Core release is known to write the extension against.", "Import one, or name --core-source.", 0
    ),
    "W-NO-NEAREST-CORE": Explanation(
        "The images fit no known Core release, so none may be claimed.", "Read which services deviate; name --core.", 0
    ),
    "W-NOT-CARRIED": Explanation(
        "A part of a service needs a file beside the compose file, and a release carries none.",
        "Put the file into a config image, or its values into the settings file.",
        0,
    ),
    "W-PIN-SAME": Explanation("A pin names the tag that Core has already.", "Remove the pin.", 0),
    "W-PROFILE": Explanation(
        "A service has a Compose profile that nobody asks for, so it is left out.", "Name it in COMPOSE_PROFILES.", 0
    ),
    "W-PROVIDES": Explanation(
        "A fork contains an older version than the Core release has, or nobody says what its new tag contains.",
        "Bring the fork up to Core, then say so in the extension.",
        0,
    ),
    "W-REASON": Explanation("A statement has no reason.", "Add `reason:`.", 0),
}
"""Warnings that are never errors."""

OF_DEFECTS: dict[str, Explanation] = {
    "untagged-image": Explanation(
        "An image names no tag, so it is whatever was pushed last.", "Name a released tag: `pin` it in the extension."
    ),
    "latest-tag": Explanation("The tag `latest` is whatever was pushed last.", "Name a released tag."),
    "snapshot-tag": Explanation("A SNAPSHOT changes without notice.", "Name a released tag."),
    "moving-tag": Explanation("The tag follows a branch.", "Name a released tag."),
    "malformed-tag": Explanation(
        "A tag nearly is a version, and cannot be ordered.", "Take the tag that is suggested."
    ),
    "malformed-image": Explanation(
        "Compose passes the image on, but no engine can pull it.", "Write repository:tag, as is suggested."
    ),
    "newer-compose": Explanation(
        "Only a newer Docker Compose than the oldest supported takes this.",
        "Leave it out, or pass over `newer-compose` in manifests/policy.yml where every host has a newer one.",
    ),
    "open-digest": Explanation("An image has no digest.", "Make the candidate without --offline."),
    "core-organisation": Explanation(
        "A country's version stands on a repository of Core, or on none.", "Name the organisation that publishes it."
    ),
    "unknown-core-image": Explanation(
        "The image is of Core's organisation and in no Core release known.", "Check the name and the organisation."
    ),
    "organisation-changed": Explanation(
        "Another organisation published the image in the last manifest.", "Say the organisation that is meant."
    ),
    "stray-organisation": Explanation(
        "One image comes from an organisation that is nearly the country's.", "Check the spelling of the organisation."
    ),
    "lowered-version": Explanation("A tag is lower than in the last manifest.", "Say why, or take the newer one."),
    "duplicate-variable": Explanation("An .env file sets a variable twice; the last one wins.", "Keep one."),
    "unused-variable": Explanation("Nothing refers to a variable.", "Remove it, or use it."),
    "shadowed-variable": Explanation(
        "A literal stands where a variable was meant to decide.", "Write the variable, or remove it."
    ),
    "wiping-profile": Explanation(
        "Without the profile `production` a service empties its schema at every start.",
        "Add `production` to the profiles.",
    ),
    "open-profile": Explanation(
        "The shell that runs Compose decides the Spring profile; unset it is blank, and the service wipes its schema.",
        "Remove the line, so that the settings file decides.",
    ),
    "keep-or-wipe": Explanation("A deploy script may take this word for leave to wipe.", "Write keep or wipe."),
    "extension-mount": Explanation(
        "What an extension image brings reaches no service, which then runs without it.",
        "Mount one named volume in the extension image and in the service.",
    ),
    "foreign-registry": Explanation(
        "An image comes from a registry that the policy does not name.",
        "Correct the host, or add it to `registries` in manifests/policy.yml.",
    ),
    "heap-above-memory": Explanation(
        "All heaps together do not fit the stated memory.", "Lower -Xmx, or say more memory."
    ),
    "heap-at-limit": Explanation("A container is killed before its heap is full.", "Raise mem_limit above -Xmx."),
    "unused-override": Explanation("An override lets pass what nobody refuses.", "Leave it out."),
    "no-uat-evidence": Explanation("These very bytes never ran on a UAT instance.", "Deploy them there first."),
}
"""By the name that ``manifests/policy.yml`` has for a defect."""
