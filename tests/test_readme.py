"""What the README shows works as it stands."""

import json
import re
import subprocess
from pathlib import Path

from tests.support.cluster import Cluster

README = Path(__file__).parents[1] / "README.md"


def paste(cluster: Cluster, database: str, number: int) -> str:
    """Run an SQL block of the README in psql and return what it prints.

    cluster: whose psql. database: where to run it. number: which block, counted from 0.
    """
    block = re.findall(r"^```sql\n(.*?)^```", README.read_text(), re.DOTALL | re.MULTILINE)[number]
    done = subprocess.run(
        [cluster.psql(), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", database],
        input=block,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return str(done.stdout)


def test_first_session_receives_the_event(cluster: Cluster, database: str) -> None:
    for _ in range(2):  # whoever pastes it twice gets the second event too
        page = json.loads(paste(cluster, database, 0))
        assert page["ready"] is True
        assert [event["event"] for event in page["events"]][-1] == "form_response.submitted"


def test_explanation_says_who_is_refused(cluster: Cluster, database: str) -> None:
    paste(cluster, database, 0)
    lines = paste(cluster, database, 1).splitlines()
    assert [line.split("|")[2] for line in lines] == ["passed"] * 4 + ["refused", "not reached"]
    assert "does not admit the caller" in lines[4]
