"""The commands of the operations guide, as an operator reads them from the page, and one who types them."""

import os
import pty
import re
import select
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
GUIDES = {"en": ROOT / "docs" / "operations.md", "zh-CN": ROOT / "docs" / "operations.zh-CN.md"}
"""Section titles differ, commands are the same."""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the guide: its title, the lines of its code blocks, and the commands named in its text."""

    title: str
    lines: tuple[str, ...]
    named: tuple[str, ...]


def sections(language: str) -> list[Section]:
    """The parts of a guide, in order; comments behind commands are left out."""
    found = []
    for part in re.split(r"^## ", GUIDES[language].read_text("utf-8"), flags=re.MULTILINE)[1:]:
        title, _, body = part.partition("\n")
        code = [
            re.sub(r"\s{2,}# .*$", "", line.strip()) for line in body.splitlines() if line.startswith(" " * 4)
        ]
        text = "\n".join(line for line in body.splitlines() if not line.startswith(" " * 4))
        named = re.findall(r"`((?:docker compose|podman-compose|\.venv/bin/)[^`]*)`", text)
        found.append(Section(title.strip(), tuple(code), tuple(named)))
    return found


class Operator:
    """Types commands of the guide into a terminal, in a clone of the repository, for an installation of their own.

    Args:
        clone: where the repository is.
        site: what the guide calls SITE.
        environment: what the operator's shell has beside PATH and HOME.
    """

    def __init__(self, clone: Path, site: Path, environment: Mapping[str, str]) -> None:
        self.clone = clone
        self.site = site
        kept = {
            k: v
            for k, v in os.environ.items()
            if k in ("PATH", "HOME", "LANG") or k.endswith(("_CERT", "CERT_FILE"))
        }
        self._environment = {**kept, **environment}

    def typed(self, line: str) -> str:
        """A line of the guide with the placeholders filled in, for podman."""
        line = line.replace("docker compose ...", "docker compose --env-file SITE/.env")
        line = re.sub(
            r"docker compose(.*) run (--rm --no-deps (?:admin|restore))",
            r"docker compose --profile tools\1 run \2",
            line,
        )
        line = re.sub(
            r"docker compose(.*) exec edge ",
            r"docker compose --profile simulators\1 exec simulated-edge ",
            line,
        )
        line = line.replace("docker compose", "podman-compose")
        line = re.sub(r"\bSITE\b", str(self.site), line)
        line = re.sub(r"\bGROUP/NODE\b", "hlj-demo/HRB-W1", line)
        line = re.sub(r"\bNAME\b", "localhost", line)
        if "YYYYMMDDTHHMMSSZ" in line:
            line = line.replace(
                "chejian-YYYYMMDDTHHMMSSZ.dump", max((self.site / "backups").glob("*.dump")).name
            )
        return line

    def does(self, line: str, within: float = 900.0) -> str:
        """Type a line of the guide; it has to succeed. Answers what the terminal shows."""
        command = self.typed(line)
        done = subprocess.run(
            ["script", "-qefc", command, "/dev/null"],
            cwd=self.clone,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=within,
        )
        assert done.returncode == 0, (
            f"{command}: {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-1000:]}"
        )
        return done.stdout

    def answers(self, line: str, answers: Sequence[tuple[str, str]], within: float = 120.0) -> None:
        """Type a line that asks back, and type each answer once its prompt stands on the screen.

        Args:
            line: of the guide; it has to succeed.
            answers: the end of each prompt, and what is typed then.
            within: for each prompt [s].
        """
        child, terminal = pty.fork()
        if child == 0:
            os.chdir(self.clone)
            os.execve("/bin/sh", ["sh", "-c", self.typed(line)], self._environment)
        shown = ""
        for prompt, answer in answers:
            deadline = time.monotonic() + within
            while not shown.rstrip().endswith(prompt):
                assert time.monotonic() < deadline, f"{line}: no prompt {prompt!r}: {shown[-500:]}"
                if select.select([terminal], [], [], 1.0)[0]:
                    shown += os.read(terminal, 4096).decode("utf-8", "replace")
            os.write(terminal, f"{answer}\n".encode())
            shown = ""
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        os.close(terminal)

    def follows(self, section: Section, *, leaving_out: Mapping[str, str] | None = None) -> None:
        """Do every line of a section's code but those that begin with one of the given words."""
        for line in section.lines:
            if not any(line.startswith(start) for start in leaving_out or {}):
                self.does(line)
