"""Live intensities against a server of our own on the loopback: good answers are used, all others fall back visibly."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import redis
from django.core.cache import cache

from config.settings import env_url
from estimator import live_grid, services
from estimator.core.footprint import Footprint
from estimator.core.inputs import Hardware, Location, Workload
from estimator.reference import catalogue

KEY = "the-key-of-the-tests"
GOOD = {
    "zone": "FR",
    "carbonIntensity": 23,
    "datetime": "2026-11-24T14:00:00.000Z",
    "emissionFactorType": "lifecycle",
    "isEstimated": False,
}


class Grid:
    """A server that answers as it is told, and remembers what it was asked."""

    def __init__(self) -> None:
        self.status, self.body, self.headers = 200, json.dumps(GOOD).encode(), {}  # type: ignore[var-annotated]
        self.before_s = self.between_s = 0.0
        self.asked: list[tuple[dict[str, list[str]], str | None]] = []
        grid = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                grid.asked.append((parse_qs(urlsplit(self.path).query), self.headers.get("auth-token")))
                time.sleep(grid.before_s)
                try:
                    self.send_response(grid.status)
                    for name, value in grid.headers.items():
                        self.send_header(name, value)
                    self.end_headers()
                    if grid.between_s:
                        for place in range(len(grid.body)):
                            self.wfile.write(grid.body[place : place + 1])
                            time.sleep(grid.between_s)
                    else:
                        self.wfile.write(grid.body)
                except OSError:
                    pass  # whoever asked has given up

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v3/carbon-intensity/latest"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def grid(settings: Any, redis_url: str) -> Iterator[Grid]:
    cache.clear()
    server = Grid()
    settings.ELECTRICITY_MAPS_KEY, settings.ELECTRICITY_MAPS_URL = KEY, server.url
    yield server
    server.stop()
    cache.clear()


def footprint(location: Location | None = None, **fields: Any) -> Footprint:
    fields = {"grid_signal": "live"} | fields
    hardware = Hardware(accelerator="A100", accelerator_count=8)
    location = location or Location(country="FR")
    return services.calculate(workload=Workload(hardware=hardware, duration_h=10.0, location=location, **fields))


def intensity(found: Footprint) -> Any:
    (one,) = [one for one in found.assumptions if one.name == "grid_intensity_gco2e_per_kwh"]
    return one


def fell_back(found: Footprint, code: str) -> str:
    """The words of the one warning, after a look at the yearly factor."""
    assert intensity(found).value == 41.44 and intensity(found).source_ids[0] == "ember-2026"
    (warning,) = [warning for warning in found.warnings if warning.code.startswith("grid_live")]
    assert (warning.code, warning.field) == (code, "grid_signal")
    return warning.message % warning.text_params if warning.text_params else warning.message


def test_a_good_answer_is_used_named_and_dated(grid: Grid) -> None:
    found = footprint()
    one = intensity(found)
    assert (one.value, one.status, one.match, one.source_ids) == (23.0, "looked_up", "exact", ("electricity-maps",))
    assert one.low < 23.0 < one.high
    assert "FR at 2026-11-24 14:00 UTC" in one.note % one.text_params
    assert found.sources["electricity-maps"].publisher == "Electricity Maps"
    assert not [warning for warning in found.warnings if warning.code.startswith("grid")]
    assert grid.asked == [({"zone": ["FR"], "emissionFactorType": ["lifecycle"]}, KEY)]
    yearly = footprint(grid_signal="annual").result.operational_location_based_kgco2e.central
    live = found.result.operational_location_based_kgco2e.central
    assert live / yearly == pytest.approx(23.0 / 41.44, rel=1e-9)


def test_an_estimate_of_the_publisher_is_said_to_be_one(grid: Grid) -> None:
    grid.body = json.dumps(GOOD | {"isEstimated": True}).encode()
    assert "estimated by the publisher" in intensity(footprint()).note


def test_it_is_kept_for_a_quarter_of_an_hour(grid: Grid, redis_url: str) -> None:
    for _ in range(3):
        assert intensity(footprint()).value == 23.0
    assert len(grid.asked) == 1
    with redis.Redis.from_url(redis_url) as client:
        (key,) = client.keys("*")
        assert live_grid.KEPT_S - 60 < client.ttl(key) <= live_grid.KEPT_S
        client.delete(key)  # as if its time were over
    footprint()
    assert len(grid.asked) == 2


def test_a_region_is_asked_for_by_the_name_that_the_publisher_has(grid: Grid) -> None:
    grid.body = json.dumps(GOOD | {"zone": "US-MIDA-PJM"}).encode()
    assert intensity(footprint(Location(region="us-east-1"))).value == 23.0
    assert grid.asked[0][0]["zone"] == ["US-MIDA-PJM"]


def test_nobody_is_asked_by_a_run_that_does_not_ask(grid: Grid) -> None:
    footprint(grid_signal="annual")
    assert intensity(footprint(grid_intensity_gco2e_per_kwh=100.0)).value == 100.0
    assert Workload().grid_signal == "annual" and not grid.asked


def test_without_a_key_the_yearly_factor_stands_and_says_so(grid: Grid, settings: Any) -> None:
    settings.ELECTRICITY_MAPS_KEY = ""
    assert "no access to live intensities" in fell_back(footprint(), "grid_live_off")
    assert not grid.asked


def test_a_place_without_a_live_zone_falls_back(grid: Grid) -> None:
    for location in (Location(zone="US-TX"), Location(zone="WORLD")):
        found = footprint(location)
        assert "grid_live_no_zone" in {warning.code for warning in found.warnings}
    assert not grid.asked


def test_a_run_of_another_year_falls_back(grid: Grid) -> None:
    found = footprint(year=2020)
    assert "grid_live_other_year" in {warning.code for warning in found.warnings}
    assert not grid.asked


def _redirect(grid: Grid) -> None:
    grid.status, grid.headers = 302, {"Location": grid.url + "?elsewhere"}


@pytest.mark.parametrize(
    "break_it",
    [
        lambda grid: setattr(grid, "status", 401),
        lambda grid: setattr(grid, "status", 500),
        lambda grid: setattr(grid, "status", 429),
        _redirect,
        lambda grid: setattr(grid, "body", b"<html>Sorry</html>"),
        lambda grid: setattr(grid, "body", b"\xff\xfe\x00"),
        lambda grid: setattr(grid, "body", b""),
        lambda grid: setattr(grid, "body", b"[" * 60_000),
        lambda grid: setattr(grid, "body", json.dumps(GOOD).encode() + b" " * 10_000_000),
        lambda grid: setattr(grid, "body", b"[1, 2]"),
        lambda grid: setattr(grid, "body", json.dumps(GOOD | {"carbonIntensity": None}).encode()),
        lambda grid: setattr(grid, "body", json.dumps(GOOD | {"carbonIntensity": "23"}).encode()),
        lambda grid: setattr(grid, "body", json.dumps(GOOD | {"carbonIntensity": True}).encode()),
        lambda grid: setattr(grid, "body", json.dumps(GOOD | {"carbonIntensity": float("nan")}).encode()),
        lambda grid: setattr(grid, "body", json.dumps(GOOD | {"carbonIntensity": -1}).encode()),
        lambda grid: setattr(grid, "body", json.dumps(GOOD | {"carbonIntensity": 1e9}).encode()),
        lambda grid: setattr(grid, "body", json.dumps(GOOD | {"zone": "PL"}).encode()),
        lambda grid: setattr(grid, "body", json.dumps(GOOD | {"emissionFactorType": "direct"}).encode()),
        lambda grid: setattr(grid, "body", json.dumps(GOOD | {"datetime": "yesterday"}).encode()),
    ],
)
def test_a_bad_answer_falls_back_and_is_not_asked_for_again_at_once(
    grid: Grid, break_it: Callable[[Grid], None], caplog: pytest.LogCaptureFixture
) -> None:
    break_it(grid)
    assert "could not be fetched" in fell_back(footprint(), "grid_live_failed")
    fell_back(footprint(), "grid_live_failed")
    assert len(grid.asked) == 1
    assert KEY not in caplog.text


@pytest.mark.parametrize(("before_s", "between_s"), [(8.0, 0.0), (0.0, 0.4)], ids=["silent", "dripping"])
def test_a_slow_answer_holds_nobody_up(grid: Grid, before_s: float, between_s: float) -> None:
    footprint(grid_signal="annual")
    grid.before_s, grid.between_s = before_s, between_s
    whole_answer_s = before_s + between_s * len(grid.body)
    began_s = time.monotonic()
    fell_back(footprint(), "grid_live_failed")
    assert time.monotonic() - began_s < whole_answer_s - live_grid.TIMEOUT_S, "it did not wait for the whole answer"
    fell_back(footprint(), "grid_live_failed")
    assert len(grid.asked) == 1, "who did not answer is not asked again at once"


def test_a_host_that_is_away_falls_back(settings: Any, redis_url: str) -> None:
    cache.clear()
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
    settings.ELECTRICITY_MAPS_KEY, settings.ELECTRICITY_MAPS_URL = KEY, f"http://127.0.0.1:{port}/"
    fell_back(footprint(), "grid_live_failed")
    cache.clear()


def test_a_cache_that_is_away_does_no_harm(grid: Grid, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*args: Any, **kwargs: Any) -> None:
        raise ConnectionError

    monkeypatch.setattr("estimator.live_grid.kept.get", away)
    monkeypatch.setattr("estimator.live_grid.kept.set", away)
    assert intensity(footprint()).value == 23.0


@pytest.mark.parametrize("url", ["", "https://gateway.example/v3/latest", "http://127.0.0.1:8500/x"])
def test_addresses_that_a_key_may_go_to(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELECTRICITY_MAPS_URL", url)
    assert env_url("ELECTRICITY_MAPS_URL") == url


@pytest.mark.parametrize(
    "url", ["http://gateway.example/", "ftp://x/", "file:///etc/passwd", "https://", "https://a/?b=c"]
)
def test_addresses_that_a_key_may_not_go_to(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.core.exceptions import ImproperlyConfigured

    monkeypatch.setenv("ELECTRICITY_MAPS_URL", url)
    with pytest.raises(ImproperlyConfigured, match="ELECTRICITY_MAPS_URL"):
        env_url("ELECTRICITY_MAPS_URL")


def test_every_zone_that_is_asked_for_is_a_code() -> None:
    for region in catalogue.shelf().places.regions:
        assert len(region.electricity_maps_zone) <= 20 and " " not in region.electricity_maps_zone


def test_levers_are_judged_at_the_same_hour(grid: Grid) -> None:
    """Before and after see the live grid of their places; the server of the tests knows only France."""
    levers = ({"lever": "early_stopping", "stopped_share": 0.25}, {"lever": "pue", "pue": 1.2})
    found = footprint(levers=levers, pue=1.2, embodied={"include": False})
    total = found.result.total_kgco2e.central
    assert found.levers[0].after_kgco2e.central == pytest.approx(0.75 * total, rel=1e-9)
    assert found.levers[1].saving_kgco2e.central == 0.0
    assert found.levers_together is not None
    assert found.levers_together.after_kgco2e.central == pytest.approx(0.75 * total, rel=1e-9)
