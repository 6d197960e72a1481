"""What each E- id means: one entry per id that the package can show; a test finds an id without one."""

from __future__ import annotations

from olmis_release.cli.explained import Explanation
from olmis_release.cli.explanations_of_approvals import OF_APPROVALS
from olmis_release.cli.explanations_of_files import OF_DEFECTS, OF_IMPORTS, OF_WARNINGS

__all__ = ["EXPLANATIONS", "Explanation"]

EXPLANATIONS: dict[str, Explanation] = {
    # how commands end
    "E-UNEXPECTED": Explanation(
        "Something happened that this tool did not foresee.",
        "Read the STATE line, then report it with the log file that the message names.",
    ),
    "E-USAGE": Explanation(
        "The command line cannot be carried out as typed.", "Read the command's --help; the message names the option."
    ),
    "E-DIFFERENCES": Explanation(
        "There is something to do, and --detailed-exitcode asked to be told by the exit code.", "Deploy the plan."
    ),
    **OF_APPROVALS,
    "E-PLAN-STALE": Explanation(
        "The plan was used, or the instance, settings, hooks or manifest changed since it was made.",
        "Make a new plan; the message lists what moved.",
    ),
    "E-PREFLIGHT": Explanation(
        "A check or a pre-deploy hook refused the deploy; nothing was touched.", "Do what each refusal says."
    ),
    "E-WINDOW": Explanation("The instance's windows or freezes forbid a deploy now.", "Wait for the next window."),
    "E-INPUTS-MISSING": Explanation(
        "The instance's policy wants plans to say what only people know, and some of it is missing.",
        "Fill in what `plan RELEASE --to INSTANCE --inputs-template` prints; write none where nothing is to be said.",
        15,
    ),
    "E-NO-CHROMIUM": Explanation(
        "PDF files are printed with the system's Chromium, and there is none.",
        "Install the package chromium, or print plan.html from any browser.",
        2,
    ),
    "E-PDF": Explanation(
        "Chromium did not print a document; the plan itself is made.", "Print plan.html yourself.", 15
    ),
    "E-ROUTE": Explanation(
        "Impact and urgency open a route, and --route may only choose a stricter one.",
        "Leave --route out, or correct impact and urgency.",
        2,
    ),
    "E-LOCKED": Explanation(
        "Another process is deploying to this instance.", "Wait until it ends; `olmis-release status` tells."
    ),
    "E-LOCK-LOST": Explanation(
        "Another run took the instance over while this one worked on it; this one changes nothing any more.",
        "See `olmis-release status` for who works on it now.",
    ),
    "E-NAME-TAKEN": Explanation(
        "A container on the target has the name that one of the tool's own needs.",
        "Look at it with `docker ps -a`; rename or remove it if it is not the tool's.",
    ),
    "E-ROLLED-BACK": Explanation(
        "The deploy failed and was taken back; the old release serves, verified, with every acknowledged write.",
        "Read why in the message and the evidence folder, correct it, make a new plan.",
    ),
    "E-NOT-RESTORED": Explanation(
        "A run failed or was cut off, and what serves now is not verified.",
        "Run `olmis-release rollback INSTANCE`; if it cannot, the evidence folder says what was seen.",
    ),
    "E-SMOKE": Explanation("A smoke test failed; nothing was changed.", "Read the failing line; roll back if need be."),
    "E-ROLLBACK-REFUSED": Explanation(
        "There is nothing to roll back to, or the old images would not start on the database as it is now.",
        "Name another release with --to, or --data restore where losing what was written since is agreed.",
    ),
    "E-NOTICE": Explanation("The work is done; a notice about it failed.", "Send the notice again."),
    "E-DECLINED": Explanation("The instance's name was not typed.", "Type it, or add --confirm NAME."),
    "E-JOURNAL": Explanation(
        "A journal, plan or record was altered or damaged; nothing is done on its word.",
        "Restore it from git.",
    ),
    "E-UNREACHABLE": Explanation(
        "The engine, a registry or the database does not answer.", "Check that it runs and that this host reaches it."
    ),
    "E-EFFECT-UNKNOWN": Explanation(
        "The line broke, or time ran out, while the engine was changing something; it may have done it all the same.",
        "Run `olmis-release resume INSTANCE`: it looks at what is there before it does anything.",
    ),
    "E-INTERRUPTED": Explanation(
        "Ctrl-C or a signal stopped the command at a safe point.", "Read the STATE line, then run the command again."
    ),
    "E-STEP": Explanation("A step did not reach its end.", "Read the evidence; what was started is taken back."),
    "E-BAD-INPUT": Explanation("A file or argument cannot be used.", "Correct each place that the message names."),
    "E-SETTINGS-MODE": Explanation(
        "The settings file can be read by others, and it holds passwords.", "chmod 600 the file.", 6
    ),
    "E-NO-SETTINGS": Explanation("The settings file cannot be read.", "Write it: KEY=VALUE lines, mode 0600."),
    "E-SETTINGS-LINE": Explanation("A line of the settings file is not KEY=VALUE.", "Correct the line."),
    "E-SETTINGS-KEY": Explanation("A settings key has unfit signs.", "Use letters, digits and underscores."),
    "E-SETTINGS-VALUE": Explanation("A settings value holds a control character.", "Take it away."),
    "E-SETTINGS-QUOTES": Explanation("A settings value is in quotes.", "Take the quotes away; blanks need none."),
    "E-SETTINGS-COMMENT": Explanation("A settings value seems to hold a comment.", "Give comments their own line."),
    "E-SETTINGS-DUPLICATE": Explanation("A settings key is set twice.", "Keep one of the two lines."),
    "E-KEY-FILE": Explanation(
        "The key of the settings' fingerprints is damaged.",
        "Delete it; the instance's database server has it, or open plans go stale.",
    ),
    "E-SQL": Explanation("The database refused a statement.", "Read its words in the message.", 1),
    # workspace and files
    "E-NO-WORKSPACE": Explanation(
        "No folder here or above has manifests/.", "Change into a workspace, name it with --repo, or run init."
    ),
    "E-UNKNOWN-INSTANCE": Explanation("No file in manifests/instances/ has that name.", "Take one of those listed."),
    "E-INSTANCE-NAME": Explanation("An instance file's `name` differs from its file name.", "Make the two agree."),
    "E-DOCKER-ENDPOINT": Explanation(
        "A Docker endpoint (DOCKER_HOST, or a Docker context) is none that can be reached.",
        "Write unix:///path, ssh://[user@]host[:port] or tcp://host:port with TLS.",
    ),
    "E-PLAIN-ENDPOINT": Explanation(
        "A Docker endpoint is in plain text: whoever reaches it owns the host.", "Use ssh://, or tcp:// with TLS."
    ),
    "E-TLS-FILE": Explanation(
        "A certificate or key of a TLS endpoint cannot be read.", "Put it where docker.tls says."
    ),
    "E-TLS-KEY-MODE": Explanation("The private key of a TLS endpoint can be read by others.", "chmod 600 the file."),
    "E-MIRROR": Explanation("A registry mirror is not REGISTRY=HOST.", "Write docker.io=127.0.0.1:5000."),
    "E-YAML": Explanation(
        "A file is not YAML as it is wanted here: anchors, tags, merge keys and several documents are refused.",
        "Correct the place named.",
    ),
    "E-DUPLICATE-KEY": Explanation("A mapping has the same key twice.", "Keep one of the two."),
    "E-UNKNOWN-KEY": Explanation("A key that this kind of file does not have.", "Correct the spelling or remove it."),
    "E-VALUE": Explanation("A value is not of the kind wanted there.", "Correct it as the message says."),
    "E-UNREADABLE": Explanation("A file is missing or cannot be read.", "Check the path and its permissions."),
    "E-EXISTS": Explanation("Something of that name exists already.", "Take another name, or change what is there."),
    "E-UNWRITABLE": Explanation("A file cannot be written.", "Name a folder that you may write to."),
    "E-TOO-LARGE": Explanation("A file is larger than anything of its kind.", "Look whether it is the right file."),
    # plans
    "E-UNKNOWN-PLAN": Explanation("There is no plan with that code.", "Take one of those listed, or make one."),
    "E-PLAN-FORMAT": Explanation("A plan file is not one of this version's.", "Make a new plan."),
    "E-PLAN-ALTERED": Explanation(
        "A plan or its Compose file was changed after it was made: its code no longer covers it.", "Make a new plan.", 5
    ),
    "E-NOT-PINNED": Explanation(
        "The release was made offline and lacks digests.", "Make it again where the registry can be asked."
    ),
    "E-NOT-OURS": Explanation(
        "The Compose project runs containers that this workspace did not deploy.",
        "Work in the workspace that deployed them, or correct `project` in the instance file.",
    ),
    "E-NOTHING-RUNS": Explanation(
        "The release that should run has no container left, and another one is wanted.", "Bring it up first."
    ),
    "E-FLYWAY": Explanation(
        "A new image would not start on this database: its migrations do not fit the history there.",
        "Deploy an image whose migrations continue the history; the rows are named.",
    ),
    "E-NO-WAY-BACK": Explanation(
        "The release may change the database, and no method by which it could go back has what it needs.",
        "Provide what the message names, or type --no-db-rollback and have a backup that was tried.",
    ),
    "E-DATABASE-MAJOR": Explanation(
        "The release brings another major version of PostgreSQL.", "Upgrade the data first, then deploy."
    ),
    "E-DATABASE-REPLACED": Explanation(
        "The database's own image would change in the same deploy as its content.", "Change it in a release of its own."
    ),
    # releases and merging
    "E-RELEASE-VERSION": Explanation("That is not a release version.", "Write CORE+NAMEn, for example 3.5.0+mw1."),
    "E-UNKNOWN-RELEASE": Explanation("There is no release or candidate of that version.", "Make a candidate."),
    "E-RELEASE-MISPLACED": Explanation("A release file holds another version.", "Put it where its version belongs."),
    "E-UNKNOWN-CORE": Explanation("There is no Core manifest of that version.", "Add manifests/core/VERSION.yml."),
    "E-CORE-VERSION": Explanation("A Core manifest's version and file name differ.", "Make the two agree."),
    "E-UNKNOWN-EXTENSION": Explanation("No extension has that name.", "Add manifests/extensions/NAME.yml."),
    "E-EXTENSION-AMBIGUOUS": Explanation("Several extension files fit.", "Leave one, or narrow their Core ranges."),
    "E-EXTENSION-RANGE": Explanation("The extension was not made for that Core.", "Widen its `core` range if it fits."),
    "E-RANGE": Explanation("A version range cannot be read.", "Write for example >=3.5.0,<3.6.0."),
    "E-UNKNOWN-COMPONENT": Explanation("A statement names a component that is not there.", "Correct its name."),
    "E-CONFLICT": Explanation("Two statements cannot both hold.", "Withdraw one; both places are named."),
    "E-VERBS": Explanation("Verbs that exclude each other stand together.", "Keep one of them."),
    "E-NO-VERB": Explanation("A statement says nothing.", "Use replace, pin, add, remove, set or attach."),
    "E-SET": Explanation("A `set` path leads nowhere, or not to a single value.", "Correct the path."),
    "E-PROVIDES": Explanation("`provides` is not `COMPONENT VERSION`.", "Write for example `report 1.1.2`."),
    "E-TAG": Explanation("That is not an image tag.", "Use letters, digits, dot, dash and underscore."),
    "E-IMAGE": Explanation("That is not an image reference.", "Write repository:tag."),
    "E-EMPTY": Explanation("Every component of a release is left out.", "Leave one in, or add one."),
    "E-NO-IMAGE": Explanation("A component has no image.", "Add image:."),
    "E-BUILT": Explanation("A component is built from sources, which a release cannot pin.", "Replace it by an image."),
    "E-IMAGE-NOT-FOUND": Explanation("The registry does not have an image.", "Correct the tag, or push the image."),
    "E-DEPENDS-ON": Explanation("A component depends on one that is not there.", "Remove or set its depends_on."),
    "E-CYCLE": Explanation("Components depend on each other in a circle.", "Break it with set: depends_on."),
    "E-COMPOSE-KEY": Explanation("A Compose key that a release may not carry.", "Take it out."),
    "E-ENVIRONMENT": Explanation("An environment entry cannot be read.", "Write NAME: value."),
    "E-VARIABLE": Explanation("A variable cannot be read.", "Write ${NAME}."),
    "E-UNDEFINED-VARIABLE": Explanation("A ${NAME} has no value.", "Give it under `variables`."),
    "E-HOOK-OUTSIDE": Explanation("A hook is a link out of the repository.", "Put a copy of the script into hooks/."),
    "E-SECRET-WRITTEN": Explanation(
        "A file that is committed holds the value of a secret setting.",
        "Write ${NAME} there and leave the value in the settings file; give the service another password.",
    ),
    "E-VOLUME": Explanation("A volume is not declared, or declared twice.", "Declare it once under `volumes`."),
    "E-NETWORK": Explanation("A network cannot be used here.", "Leave networks out: one is made per instance."),
    "E-CONSTRAINT": Explanation(
        "A component has a version that a layer's constraint forbids, or one that nobody can hold against it.",
        "Take a version that fits, say what a fork `provides`, or override with a reason.",
    ),
    # what an import may find
    "E-NO-SOURCE": Explanation(
        "A source is no folder, repository, bundle or git URL, or git cannot read it.", "Check address and rights."
    ),
    "E-NO-REPOSITORY": Explanation("A plain folder was asked for a ref.", "Leave --ref out, or name a repository."),
    "E-UNKNOWN-REF": Explanation("A source has no such tag, branch or commit.", "Take one of those it has."),
    "E-NO-FOLDER": Explanation("A source has no such folder.", "Name another with --dir."),
    "E-NO-FILE": Explanation("A source has no such file.", "Name another with --file or --env."),
    "E-NO-COMPOSE-FILE": Explanation("A folder holds no compose file.", "Name it with --file, or another folder."),
    "E-NO-SERVICES": Explanation("A compose file has no services.", "Name the compose file of the distribution."),
    "E-COMPOSE": Explanation("A compose file has a form that Compose refuses.", "Correct the place that is named."),
    "E-MERGE": Explanation("Two compose files write one thing in ways that do not fit.", "Write both the same way."),
    "E-EXTENDS": Explanation("A service extends one that is not there, or itself.", "Correct its `extends`."),
    "E-INCLUDE": Explanation("A compose file includes one that is not there.", "Correct its `include`."),
    "E-INTERPOLATION": Explanation("A variable in a compose file is malformed.", "Write ${NAME}; $$ is a literal $."),
    "E-ENV": Explanation("A line of an .env file cannot be read.", "Write NAME=value."),
    "E-NAME": Explanation("A service's name cannot be that of a component.", "Rename the service."),
    "E-REPEATED-KEY": Explanation("A key stands twice, so Compose refuses the file.", "Keep one of the two."),
    "E-REFERENCE": Explanation("A service uses something the file does not have.", "Declare it, or correct the name."),
    "E-OPENLMIS-OLD": Explanation("The source holds OpenLMIS 2.x.", "Name a distribution of OpenLMIS 3."),
    "E-UNSET": Explanation("An `unset` path is not in the component's body.", "Remove it, or correct the path."),
    # comparing and promoting
    "E-OPERAND": Explanation(
        "That is nothing that can be compared.",
        "Name a release, a candidate, a file, SOURCE@REF:FOLDER or an instance.",
    ),
    "E-UNKNOWN-VALUE": Explanation("The release has no value of that path.", "Take one of those that are listed."),
    "E-SOURCE": Explanation("A source of changelogs does not exist.", "Name a folder, or COMPONENT=PATH."),
    "E-NOT-CANONICAL": Explanation(
        "A candidate or release file was written into.", "Put it back from version control, or make it again."
    ),
    "E-DRIFT": Explanation(
        "The layers no longer say what the last candidate says.", "Make the next candidate, or take the change back."
    ),
    "E-PATCH-WIDE": Explanation(
        "More than the named components would differ.", "Name them too, or make an ordinary candidate."
    ),
    "E-PATCH-VERSION": Explanation(
        "An emergency release continues its base: same Core, same name, higher number.", "Name the next number."
    ),
    "E-PATCH-SAME": Explanation("A component has that tag already.", "Leave it out."),
    "E-RELEASED": Explanation("That version is released, and a release is never overwritten.", "Take the next one."),
    "E-TAG-MOVED": Explanation(
        "A tag means another image than when the release was made.", "Find out who pushed it again, and why."
    ),
    "E-TAG-GONE": Explanation("The registry has the image, but not its tag.", "Push the tag again."),
    "E-GIT": Explanation("Git would not commit or tag the release.", "Mend the repository, or add --no-tag."),
    # database
    "E-DATABASE-NAME": Explanation("A database name is unfit for a rollback point.", "Use a shorter, plain name."),
    "E-DATABASE-URL": Explanation("The database URL is missing or unusable.", "Set the variable that url_from names."),
    **OF_IMPORTS,
    **OF_WARNINGS,
    **{f"E-{defect.upper()}": explanation for defect, explanation in OF_DEFECTS.items()},
}
