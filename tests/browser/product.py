"""The product as `make demo` starts it, in a process of its own that can be killed."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path

from estafeta.app import start
from estafeta.app.faults.servers import free_port
from tests.conftest import DEMO, ROOT, demo_at_any_hour

_READY = "Ctrl-C stops."
_DEMO = """
import sys
from pathlib import Path
from estafeta.app import cli, demo
demo.FOLDER = Path(sys.argv[1])
cli.main(sys.argv[2:])
"""
"""The command `estafeta`, whose demo serves the workspace that is named first."""


@dataclass
class Product:
    """`kill` is SIGKILL; `start` after it is a new process on the same data."""

    data: Path
    models: Path
    telegram: bool = False
    port: int = field(default_factory=lambda: free_port(3))
    printed: str = ""
    process: asyncio.subprocess.Process | None = None

    def __post_init__(self) -> None:
        demo_at_any_hour(self.data / "workspace")
        shutil.copytree(self.models, self.data / "models")
        start.remember_source(DEMO, self.data / "models")

    @property
    def shop(self) -> str:
        return f"http://127.0.0.1:{self.port + 1}/"

    @property
    def messenger(self) -> str:
        return f"http://127.0.0.1:{self.port + 2}/"

    @property
    def login_link(self) -> str:
        found = re.search(r"http\S+#login=\S+", self.printed)
        assert found, self.printed
        return found[0]

    async def start(self) -> None:
        environment = {key: value for key, value in os.environ.items() if not key.startswith("ESTAFETA_")}
        environment |= {"ESTAFETA_PORT": str(self.port), "ESTAFETA_DATA": str(self.data), "PYTHONUNBUFFERED": "1"}
        arguments = [str(self.data / "workspace"), "demo", *(["--telegram"] if self.telegram else [])]
        command = [sys.executable, "-c", _DEMO, *arguments]
        self.process = await asyncio.create_subprocess_exec(
            *command, cwd=ROOT, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        assert self.process.stdout is not None
        self.printed = ""
        async with asyncio.timeout(60):
            while _READY not in self.printed:
                line = await self.process.stdout.readline()
                assert line, f"the product ended: {self.printed}"
                self.printed += line.decode()

    async def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        await self.process.communicate()

    async def stop(self) -> int:
        """Ctrl-C; the exit code."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(2)
        out, _ = await self.process.communicate()
        self.printed += out.decode()
        return self.process.returncode or 0
