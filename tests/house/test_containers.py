"""The containers' files say the same as the launcher. No engine runs here: they are read, not built."""

import re

import yaml

from config.launch.site import Site, web_command
from tests.harness.environment import ROOT, TEMP
from tests.house.test_files import environment_names


def test_the_services_are_those_of_the_launcher() -> None:
    told = yaml.safe_load((ROOT / "compose.yaml").read_text())
    site = Site(data=TEMP / "unused", host="127.0.0.1", port=8000, given={})
    services = {service.name: service for service in site.services()}
    assert set(told["services"]) == {*services, "beat", "redis", "postgresql", "migrate"}
    for name in ("worker-estimates", "worker-reports"):
        command = told["services"][name]["command"].split()
        assert set(command[1:]) <= set(services[name].command), name


def test_the_containers_set_only_what_the_settings_read() -> None:
    told = yaml.safe_load((ROOT / "compose.yaml").read_text())
    known = environment_names((ROOT / "config" / "settings.py").read_text())
    for name in ("web", "worker-estimates", "worker-reports", "beat", "migrate"):
        assert set(told["services"][name]["environment"]) <= known


def test_the_image_starts_the_same_web_server() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    said = re.findall(r'"([^"]+)"', dockerfile.partition("\nCMD ")[2])
    ours = web_command(host="0.0.0.0", port=8000)
    assert set(said) - {"python"} <= set(ours)
    for name in ("config", "estimator", "reports", "templates", "manage.py", "requirements.txt"):
        assert re.search(rf"^COPY .*\b{re.escape(name)}\b", dockerfile, flags=re.MULTILINE), name
