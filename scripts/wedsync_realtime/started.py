"""How this program was started, and so how people write its commands."""

import os
import re
import shlex
import shutil
import sys
from contextlib import suppress
from importlib.metadata import requires
from pathlib import Path

NAME = "wedsync-realtime"
_CHECKOUT = Path(__file__).parents[2]

# The options behind the Makefile's variables; the flags lose their value.
_OPTIONS = {name: f"--{name.lower()}" for name in ("EVERY", "INTO", "LISTEN", "PORT", "TO")}
_FLAGS = {name: f"--{name.lower()}" for name in ("BROWSER", "DIFF", "KEEP", "SQL", "YES")}
_MAKE = re.compile(
    r"\bmake (baseline|bench|bundle|clean|client|dashboard|demo|listen|maintain|metrics|migrate"
    r"|plan|psql|relay|rollback|status|stop|top|uninstall|verify)\b((?: [A-Z]+=[^\s`'),.;]+)*)"
)


def as_started(text: str) -> str:
    """Return a text that names commands as `make …`, with the names that work where we are.

    They stay in a checkout's own folder; elsewhere there is no such Makefile.
    """
    if is_checkout():
        return text
    return _MAKE.sub(lambda found: f"{program()} {found[1]}{_options(found[2])}", text)


def is_checkout() -> bool:
    """Tell whether we are in the folder of the checkout, where make works."""
    with suppress(OSError):  # the present folder may be gone
        return (_CHECKOUT / "Makefile").exists() and Path.cwd() == _CHECKOUT
    return False


def install_command(extra: str) -> str:
    """Return the command that installs what an extra of this package asks for."""
    asked = [each.partition(";") for each in requires(NAME) or ()]
    names = [name.strip() for name, _, marker in asked if extra in re.findall(r"\w+", marker)]
    return shlex.join([sys.executable, "-m", "pip", "install", *names])


def program() -> str:
    """Return what to write for this program: as it was written, or its name where PATH has it."""
    called = Path(sys.argv[0])
    if called.name == "__main__.py":
        return f"{shlex.quote(sys.executable)} -m {__package__}"
    if called.name != NAME or os.path.realpath(shutil.which(NAME) or "") == os.path.realpath(
        called
    ):
        return NAME
    return shlex.quote(sys.argv[0])


def _options(variables: str) -> str:
    words = []
    for variable in variables.split():
        name, _, value = variable.partition("=")
        words += [_FLAGS[name]] if name in _FLAGS else [_OPTIONS.get(name, name), value]
    return "".join(f" {word}" for word in words)
