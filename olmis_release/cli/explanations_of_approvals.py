"""What the ids of approvals mean; see `explanations`."""

from __future__ import annotations

from olmis_release.cli.explained import Explanation

OF_APPROVALS: dict[str, Explanation] = {
    "E-APPROVAL-MISSING": Explanation(
        "The instance's policy wants approvals that the plan does not have, or has no more.",
        "Ask the people named to run `olmis-release approve CODE --as ROLE`; `plan verify CODE` says who is missing.",
    ),
    "E-APPROVAL-INVALID": Explanation(
        "A statement about the plan is not what it claims to be, or the policy or the signers changed since the "
        "plan was made. Nothing was asked of the target.",
        "Read why it does not count. Whoever keeps the workspace should know how such a file came there.",
    ),
    "E-PLAN-REJECTED": Explanation(
        "Somebody whose approval is asked for rejected the plan; one rejection is enough.",
        "Make another plan that meets the reason given. Only who rejected it takes that back, with `revoke`.",
    ),
    "E-WRITING-OWED": Explanation(
        "An emergency was carried out here on a spoken approval whose writing did not come in time; until it is there, "
        "no ordinary plan is carried out.",
        "Record the signed page: `olmis-release approve CODE --as ROLE --by NAME --evidence FILE`.",
        4,
    ),
    "E-SIGNING-KEY": Explanation(
        "The key did not sign, or manifests/allowed_signers does not say whose it is.",
        "Name another with --key; load one with a passphrase by ssh-add; have a new one added to allowed_signers.",
        4,
    ),
    "E-SIGNERS": Explanation(
        "A line of manifests/allowed_signers would let somebody sign for others, or cannot be read.",
        "Write one person, one key: no patterns, no cert-authority. Until then no signature counts.",
        4,
    ),
}
