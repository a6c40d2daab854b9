"""What is said of channels whose tables do not fit."""

DISABLED = "select name, problem from wedsync_realtime.channels where not is_enabled order by id"


def warnings(problems: dict[str, str]) -> list[str]:
    """Return the warnings that tell of disabled channels."""
    return [f"channel {name} is disabled: {problem}" for name, problem in problems.items()]
