"""What the containers' files promise holds against the code: settings, roles, ports, health paths, copied files.

Nothing is started here: there may be no Docker. Docker's own look at the file is taken where Compose is installed.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from aiohttp.test_utils import TestClient, TestServer
from ruamel.yaml import YAML

from estafeta.app import cli, config, roles, start, stopping
from estafeta.app.config import Settings
from estafeta.app.web import make_app
from estafeta.kernel.errors import ConfigurationError
from tests.conftest import DEMO, ROOT

COMPOSE = ROOT / "docker-compose.yml"
DOCKERFILE = ROOT / "Dockerfile"
ONCE = ("model", "rasa-model", "mongodb-initiated")
"""Services that do something and end."""

Service = dict[str, Any]


def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = YAML(typ="safe").load(COMPOSE)
    return loaded


def services() -> dict[str, Service]:
    found: dict[str, Service] = compose()["services"]
    return found


def ours() -> dict[str, Service]:
    """The services of this platform's own image."""
    return {name: service for name, service in services().items() if "build" in service}


def instructions(name: str) -> Iterator[tuple[str, str]]:
    """Of the Dockerfile, with continued lines joined."""
    text = re.sub(r"\\\n", " ", re.sub(r"(?m)^#.*\n", "", DOCKERFILE.read_text()))
    for line in text.splitlines():
        word, _, rest = line.strip().partition(" ")
        if word == name:
            yield word, rest.strip()


def seconds(duration: str) -> float:
    number, unit = re.fullmatch(r"(\d+)(s|m)", duration).groups()  # type: ignore[union-attr]
    return int(number) * {"s": 1, "m": 60}[unit]


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(config.PREFIX):
            monkeypatch.delenv(name)


# --- every service ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(services()))
def test_a_service_has_no_more_rights_than_it_needs(name: str) -> None:
    service = services()[name]
    user = str(service["user"])
    assert user.partition(":")[0] not in ("0", "root", "")
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "devices", "pid", "ipc"} & service.keys()
    assert service.get("network_mode") in (None, "none")


@pytest.mark.parametrize("name", sorted(services()))
def test_a_service_is_bounded_and_comes_back(name: str) -> None:
    service = services()[name]
    limits = service["deploy"]["resources"]["limits"]
    assert {"cpus", "memory", "pids"} <= limits.keys()
    assert service["logging"]["options"]["max-size"]
    assert service["restart"] == ("no" if name in ONCE else "unless-stopped")
    if name in ONCE:
        assert service["healthcheck"] == {"disable": True}
    else:
        assert service["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")


@pytest.mark.parametrize("name", sorted(services()))
def test_an_image_is_of_one_version(name: str) -> None:
    service = services()[name]
    if "build" in service:
        assert service["image"] == "estafeta:local"
        return
    _, _, tag = service["image"].partition(":")
    assert re.match(r"\d+\.\d+\.\d+", tag), service["image"]


def test_only_web_is_reached_from_outside_and_only_from_this_machine_unless_told() -> None:
    published = {name: service["ports"] for name, service in services().items() if "ports" in service}
    assert published == {"web": ["${ESTAFETA_HOST:-127.0.0.1}:${ESTAFETA_PORT:-8080}:8080"]}
    assert compose()["networks"]["inside"] == {"internal": True}
    for name in ("mongodb", "mongodb-initiated", "redis", "rasa", "rasa-model"):
        assert services()[name]["networks"] == ["inside"]


def test_volumes_and_networks_and_what_is_waited_for_are_declared() -> None:
    whole = compose()
    for service in whole["services"].values():
        for volume in service.get("volumes", ()):
            if volume["type"] == "volume":
                assert volume["source"] in whole["volumes"]
            else:
                assert volume["bind"] == {"create_host_path": False}, "a mistyped folder is told, not made"
        assert set(service.get("networks", ())) <= whole["networks"].keys()
        assert service.get("depends_on", {}).keys() <= whole["services"].keys()
        for other, how in service.get("depends_on", {}).items():
            assert (how["condition"] == "service_completed_successfully") is (other in ONCE)
    assert {"mongodb", "redis"} <= whole["volumes"].keys()


def test_the_servers_keep_what_they_are_told() -> None:
    mongodb, redis = services()["mongodb"], services()["redis"]
    assert mongodb["volumes"][0]["target"] == "/data/db"
    assert redis["volumes"][0]["target"] == "/data"
    command = redis["command"]
    assert command[command.index("--appendonly") + 1] == "yes"
    assert command[command.index("--maxmemory-policy") + 1] == "noeviction"
    name = mongodb["command"][mongodb["command"].index("--replSet") + 1]
    initiating = " ".join(services()["mongodb-initiated"]["command"])
    assert f'_id: "{name}"' in initiating
    assert 'host: "mongodb:27017"' in initiating
    for service in ours().values():
        assert service["environment"]["ESTAFETA_MONGO__URL"].endswith(f"mongodb:27017/?replicaSet={name}")


def test_the_script_that_initiates_is_one(tmp_path: Path) -> None:
    """To bash, that is: mongosh is not here."""
    service = services()["mongodb-initiated"]
    assert service["entrypoint"] == ["bash", "-c"]
    (script,) = service["command"]
    written = tmp_path / "script.sh"
    written.write_text(script.replace("$$", "$"))
    done = subprocess.run(["bash", "-n", str(written)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "$" not in script.replace("$$", ""), "a single $ is Compose's"


# --- the platform's own ----------------------------------------------------------------------------


def settings_of(service: Service, monkeypatch: pytest.MonkeyPatch, **more: str) -> Settings:
    for name, value in {**service["environment"], **more}.items():
        assert isinstance(value, str), f"{name} is written as a string, as it arrives"
        monkeypatch.setenv(name, value)
    return config.read(Path("nowhere"))


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize("name", sorted(ours()))
def test_the_settings_of_a_service_are_readable(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_of(ours()[name], monkeypatch)
    assert settings.mongo is not None
    assert settings.redis is not None
    assert settings.host == "0.0.0.0"  # noqa: S104


def test_every_setting_named_anywhere_is_known() -> None:
    known = {variable for variable, _ in config.names()}
    for file in (COMPOSE, DOCKERFILE):
        named = set(re.findall(r"\bESTAFETA_[A-Z0-9_]+", file.read_text()))
        assert named
        assert named <= known, file.name


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize("name", sorted(ours()))
def test_the_command_of_a_service_is_one_and_its_roles_fit(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    service = ours()[name]
    accounts = {
        "telegram": {"ESTAFETA_TELEGRAM__TOKEN": "123456:ABC-def"},
        "vk": {"ESTAFETA_VK__TOKEN": "vk1.a.0123456789012345", "ESTAFETA_VK__GROUP_ID": "1"},
    }
    given = {key: value for role in service["command"] for key, value in accounts.get(role, {}).items()}
    settings = settings_of(service, monkeypatch, **given)
    command, *arguments = service["command"]
    above = click.Context(cli.main, info_name="estafeta", **cli.main.context_settings)
    parsed = cli.main.commands[command].make_context(command, arguments, parent=above)
    if command == "run":
        chosen = roles.chosen(parsed.params["roles"], settings)
        assert chosen == frozenset({name})
        with pytest.raises(ConfigurationError):
            roles.chosen([*parsed.params["roles"], "nonsense"], settings)
    else:
        assert (name, command) in {("model", "train"), ("rasa-model", "train")}
        assert parsed.params["engine"] == ("rasa" if name == "rasa-model" else "embedded")


def test_every_role_has_a_service() -> None:
    commands = [service["command"] for service in ours().values()]
    given = {argument for command in commands for argument in command if argument in roles.ALL}
    assert given == roles.ALL
    assert ours()["worker"]["deploy"]["replicas"] == 2
    for name in ("web", "worker"):
        assert "profiles" not in ours()[name]


async def test_every_health_path_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    """By what every process serves, whatever its role."""

    async def ready() -> bool:
        return True

    app = make_app(ready=ready, login_link=None, control_token="token")
    paths = {
        health_path(service["healthcheck"]["test"]) for service in ours().values() if "test" in service["healthcheck"]
    }
    paths.add(
        health_path(
            [part.strip('"') for part in re.findall(r'"[^"]+"', dict(instructions("HEALTHCHECK"))["HEALTHCHECK"])]
        )
    )
    assert paths == {"/readyz", "/healthz"}
    async with TestClient(TestServer(app)) as client:
        for path in paths:
            assert (await client.get(path)).status == 200


def health_path(test: list[str]) -> str:
    command = test[1:] if test[0] == "CMD" else test
    assert command[:3] == ["python", "-m", "estafeta.app.health"]
    return command[3]


@pytest.mark.usefixtures("bare")
def test_the_port_is_the_one_it_listens_on(monkeypatch: pytest.MonkeyPatch) -> None:
    exposed = dict(instructions("EXPOSE"))["EXPOSE"]
    for service in ours().values():
        assert str(settings_of(service, monkeypatch).port) == exposed
        for port in service.get("ports", ()):
            assert port.rpartition(":")[2] == exposed


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize("name", sorted(set(ours()) - set(ONCE)))
def test_a_stop_is_waited_for(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process ends by itself, and tells of what hung, before Docker kills it."""
    settings = settings_of(ours()[name], monkeypatch)
    assert seconds(ours()[name]["stop_grace_period"]) > stopping.whole(settings.stop_within) + 2


@pytest.mark.parametrize("name", sorted(ours()))
def test_what_is_written_is_writable(name: str) -> None:
    """The root file system is read-only: what the settings name is a mount, and the folders are the user's."""
    service = ours()[name]
    tmpfs = {entry.partition(":")[0]: entry for entry in service["tmpfs"]}
    data = service["environment"]["ESTAFETA_DATA"]
    uid, _, gid = service["user"].partition(":")
    assert f"uid={uid},gid={gid},mode=0700" in tmpfs[data]
    assert "/tmp" in tmpfs  # noqa: S108
    mounts = {volume["target"]: volume for volume in service["volumes"]}
    assert mounts[service["environment"]["ESTAFETA_WORKSPACE"]]["read_only"] is True
    if name == "model":
        assert not mounts[f"{data}/models"].get("read_only")
    if name == "worker":
        assert mounts[f"{data}/models"]["read_only"] is True
    if name not in ONCE:
        assert not mounts[f"{data}/files"].get("read_only")
    if name in ("web", "telegram", "vk"):
        assert f"{data}/set-aside" in mounts


# --- the image -------------------------------------------------------------------------------------


def ignored(path: str) -> bool:
    """Whether .dockerignore keeps it out: all but what is named with a !."""
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert lines[0] == "*"
    allowed = [line[1:] for line in lines if line.startswith("!")]
    return not any(path == name or path.startswith(f"{name}/") for name in allowed)


def copied() -> Iterator[str]:
    for _, rest in instructions("COPY"):
        if not rest.startswith("--from"):
            yield from shlex.split(rest)[:-1]


def test_what_is_copied_is_there_and_sent() -> None:
    sources = list(copied())
    assert "requirements/runtime.txt" in sources
    for source in sources:
        assert (ROOT / source).exists(), source
        assert not ignored(source), source
    assert ignored(".env")
    assert ignored("var")
    assert ignored(".git")
    assert "**/.env" in (ROOT / ".dockerignore").read_text().splitlines()


def test_every_package_of_ours_is_in_the_image() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "benchmarks"}
    packages |= {path.parent.parent.name for path in ROOT.glob("*/*/__init__.py")} - {"tests", "benchmarks"}
    assert packages <= set(copied())
    assert DEMO.name in set(copied())


def test_the_packages_are_the_pinned_ones() -> None:
    installs = [rest for _, rest in instructions("RUN") if "pip install" in rest]
    assert any("--require-hashes" in run and "requirements/runtime.txt" in run for run in installs)
    for run in installs:
        assert "--require-hashes" in run or "--no-deps --no-build-isolation" in run


def test_the_encoders_are_installed_where_they_are_asked_for() -> None:
    (install,) = [rest for _, rest in instructions("RUN") if "requirements/encoders.txt" in rest]
    assert install.startswith('[ -z "$ENCODERS" ] || ')
    assert "ENCODERS" in dict(rest.split("=") for _, rest in instructions("ARG"))
    for service in ours().values():
        assert service["build"]["args"] == {"ENCODERS": "${ENCODERS:-}"}


def test_the_image_is_of_one_python_and_runs_as_nobody_of_importance() -> None:
    bases = {rest.split()[0] for _, rest in instructions("FROM")}
    assert len(bases) == 1
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+", bases.pop())
    (user,) = {rest for _, rest in instructions("USER")}
    assert {service["user"] for service in ours().values()} == {user}
    data = next(iter(ours().values()))["environment"]["ESTAFETA_DATA"]
    assert any(f"{data}/models {data}/set-aside" in rest for _, rest in instructions("RUN"))


def test_the_token_of_the_command_line_lies_where_nothing_is_shared() -> None:
    """Containers share the models and what was set aside, and each has a token of its own."""
    for service in ours().values():
        data = Path(service["environment"]["ESTAFETA_DATA"])
        token = start.control_file(data, int(service["environment"]["ESTAFETA_PORT"]))
        assert not any(token.is_relative_to(volume["target"]) for volume in service["volumes"])


# --- Docker's own look -----------------------------------------------------------------------------


def compose_of_docker() -> list[str]:
    """How Compose is called here; skips the test where it is not."""
    docker = shutil.which("docker")
    if docker is None:
        pytest.skip("there is no docker here")
    told = subprocess.run([docker, "compose", "version", "--short"], capture_output=True, text=True, check=False)
    numbers = re.match(r"v?(\d+)\.(\d+)", told.stdout)
    if told.returncode or numbers is None:
        pytest.skip("docker has no compose plugin here")
    if tuple(map(int, numbers.groups())) < (2, 24):
        pytest.skip(f"Compose is older than 2.24 here: {told.stdout.strip()}")
    return [docker, "compose"]


@pytest.mark.parametrize("profile", ["", "telegram", "vk", "rasa"])
def test_docker_reads_it(profile: str, tmp_path: Path) -> None:
    chosen = ["--profile", profile] if profile else []
    (tmp_path / "env").write_text("ESTAFETA_WORKSPACE=demo\nESTAFETA_PORT=9000\n")
    command = [*compose_of_docker(), "--env-file", str(tmp_path / "env"), "--file", str(COMPOSE), *chosen]
    done = subprocess.run([*command, "config", "--quiet"], capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")
