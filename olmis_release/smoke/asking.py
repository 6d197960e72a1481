"""Ask through the front door, as a client does."""

from __future__ import annotations

from olmis_release.instance.ports import Answer, FrontDoor

LONGEST_REASON = 160


def ask(front: FrontDoor, method: str, path: str, *, body: str | None = None, timeout_s: float) -> Answer:
    """Send a request; if no answer came at all, once more. A wrong answer is an answer and is never asked again."""
    answer = front.request(method, path, body=body, timeout_s=timeout_s)
    return answer if answer.status else front.request(method, path, body=body, timeout_s=timeout_s)


def version_in(answer: Answer) -> str | None:
    """Return the version that a version endpoint gave, None when this is not such an answer."""
    if answer.status != 200 or not isinstance(answer.json, dict):
        return None
    version = answer.json.get("version")
    return str(version) if version is not None else None


def described(answer: Answer) -> str:
    """Return an answer in a few words."""
    if not answer.status:
        return no_answer(answer)
    return f"{answer.status} without a version" if answer.status == 200 else f"{answer.status}"


def no_answer(answer: Answer) -> str:
    """Say in a few words why no answer came; libraries wrap the reason in several layers."""
    reasons = {"refused": "connection refused", "timed out": "none in time", "not end in time": "none in time"}
    reason = next((short for sign, short in reasons.items() if sign in answer.error), answer.error)
    return f"no answer ({reason[:LONGEST_REASON]})"
