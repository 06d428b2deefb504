"""Every malformed body gets the one error shape and the right code; none brings the server down."""

import json
from typing import Any

import pytest
from django.test import Client

GOOD: dict[str, Any] = {
    "hardware": {"accelerator": "nvidia-v100-sxm2-16gb", "accelerator_count": 64, "mean_system_power_w": 12041.51},
    "duration_h": 79,
    "pue": 1.58,
    "grid_intensity_gco2e_per_kwh": 432.7,
}


def good_with(path: str, value: Any) -> dict[str, Any]:
    """The good body with one field put to another value."""
    body: dict[str, Any] = json.loads(json.dumps(GOOD))
    *parents, last = path.split(".")
    place = body
    for parent in parents:
        place = place.setdefault(parent, {})
    place[last] = value
    return body


def nested(depth: int) -> str:
    """A body of lists in lists."""
    return "[" * depth + "]" * depth


#: (what, raw body, content type, expected status)
RAW: list[tuple[str, bytes, str, int]] = [
    ("empty", b"", "application/json", 400),
    ("blank", b"   ", "application/json", 400),
    ("not JSON", b"duration_h=79", "application/json", 400),
    ("cut off", b'{"duration_h": 79', "application/json", 400),
    ("trailing comma", b'{"duration_h": 79,}', "application/json", 400),
    ("single quotes", b"{'duration_h': 79}", "application/json", 400),
    ("two documents", b'{"duration_h": 79}{"duration_h": 79}', "application/json", 400),
    ("NaN literal", b'{"duration_h": NaN}', "application/json", 400),
    ("Infinity literal", b'{"duration_h": Infinity}', "application/json", 400),
    ("minus Infinity literal", b'{"pue": -Infinity}', "application/json", 400),
    ("not UTF-8", b'{"title": "\xff\xfe"}', "application/json", 400),
    ("UTF-16", '{"title": "x"}'.encode("utf-16"), "application/json", 400),
    ("lone surrogate", b'{"title": "\\ud800"}', "application/json", 422),
    ("NUL bytes", b"\x00\x00\x00\x00", "application/json", 400),
    ("nested beyond the parser", nested(100_000).encode(), "application/json", 400),
    ("nested lists", nested(500).encode(), "application/json", 422),
    ("XML", b"<run><hours>79</hours></run>", "application/xml", 415),
    ("form", b"duration_h=79", "application/x-www-form-urlencoded", 415),
    ("multipart", b"--x\r\n\r\n--x--", "multipart/form-data; boundary=x", 415),
    ("plain text", b'{"duration_h": 79}', "text/plain", 415),
    ("YAML", b"duration_h: 79", "application/yaml", 415),
    ("too large", b'{"title": "' + b"x" * 300_000 + b'"}', "application/json", 413),
    ("a list", b"[]", "application/json", 422),
    ("a text", b'"79 hours"', "application/json", 422),
    ("a number", b"79", "application/json", 422),
    ("true", b"true", "application/json", 422),
    ("null", b"null", "application/json", 422),
    ("an overflowing number", b'{"duration_h": 1e999}', "application/json", 422),
    ("no fields", b"{}", "application/json", 422),
]

#: (path, value, path that the error must name)
FIELDS: list[tuple[str, Any, str]] = [
    ("duration_h", "79", "duration_h"),
    ("duration_h", "seventy-nine", "duration_h"),
    ("duration_h", True, "duration_h"),
    ("duration_h", [79], "duration_h"),
    ("duration_h", {"hours": 79}, "duration_h"),
    ("duration_h", 0, "duration_h"),
    ("duration_h", -79, "duration_h"),
    ("duration_h", 1e300, "duration_h"),
    ("duration_h", 10**400, "duration_h"),
    ("hardware", "64 V100", "hardware"),
    ("hardware", [], "hardware"),
    ("hardware", 64, "hardware"),
    ("hardware.accelerator", "no-such-accelerator-9000", "hardware.accelerator"),
    ("hardware.accelerator", 100, "hardware.accelerator"),
    ("hardware.accelerator", "", "hardware.accelerator"),
    ("hardware.accelerator", "A" * 100_000, "hardware.accelerator"),
    ("hardware.accelerator", "'; DROP TABLE estimator_estimate; --", "hardware.accelerator"),
    ("hardware.accelerator", "<script>alert(1)</script>", "hardware.accelerator"),
    ("hardware.accelerator", "%(near)s %s %d {0} {near}", "hardware.accelerator"),
    ("hardware.accelerator_count", 64.5, "hardware.accelerator_count"),
    ("hardware.accelerator_count", "64", "hardware.accelerator_count"),
    ("hardware.accelerator_count", 0, "hardware.accelerator_count"),
    ("hardware.accelerator_count", -1, "hardware.accelerator_count"),
    ("hardware.accelerator_count", 10**30, "hardware.accelerator_count"),
    ("hardware.acelerator", "nvidia-v100-sxm2-16gb", "hardware.acelerator"),
    ("hardware.mean_system_power_w", -5, "hardware.mean_system_power_w"),
    ("hardware.mean_system_power_w", 1e12, "hardware.mean_system_power_w"),
    ("hardware.utilisation", 80, "hardware.utilisation"),
    ("hardware.mfu", 1.2, "hardware.mfu"),
    ("pue", 0, "pue"),
    ("pue", -1.58, "pue"),
    ("pue", 158, "pue"),
    ("grid_intensity_gco2e_per_kwh", -1, "grid_intensity_gco2e_per_kwh"),
    ("grid_intensity_gco2e_per_kwh", 432_700, "grid_intensity_gco2e_per_kwh"),
    ("year", 2023.5, "year"),
    ("year", 20_230, "year"),
    ("method", "guess", "method"),
    ("activity", "dreaming", "activity"),
    ("title", "x" * 201, "title"),
    ("title", 5, "title"),
    ("repeat_count", 0, "repeat_count"),
    ("development_factor", -0.1, "development_factor"),
    ("model.parameters_count", 1.5, "model.parameters_count"),
    ("model", {"parameters_count": 10, "active_parameters_count": 20}, "model.active_parameters_count"),
    ("market_based.contracted_share", 100, "market_based.contracted_share"),
    ("embodied.include", "yes", "embodied.include"),
    ("embodied.lifetime_years", 0, "embodied.lifetime_years"),
    ("uncertainty.draws_count", 10_000_000, "uncertainty.draws_count"),
    ("uncertainty.seed", -1, "uncertainty.seed"),
    ("levers", {"lever": "pruning"}, "levers"),
    ("levers", [{"lever": "quantisation", "bits": 8}] * 21, "levers"),
    ("levers", [{"lever": "quantisation", "bits": 7}], "levers.0.bits"),
    ("levers", [{"lever": "pue", "pue": 1.1}, {"lever": "magic"}], "levers.1.lever"),
    ("inference.precision", "int2", "inference.precision"),
    ("unknown_field", 1, "unknown_field"),
    ("x" * 5_000, 1, "x" * 60),
]


def check_shape(response: Any, status: int) -> dict[str, Any]:
    """The one error shape, and nothing of our insides in it."""
    assert response.status_code == status, response.content[:500]
    assert response["Content-Type"].startswith("application/json")
    body: dict[str, Any] = json.loads(response.content)
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "message", "fields"}
    assert body["error"]["code"]
    assert body["error"]["message"]
    for field in body["error"]["fields"]:
        assert set(field) == {"path", "message", "suggestions"}
        assert field["message"]
    assert "Traceback" not in response.content.decode()
    return body


@pytest.mark.parametrize("address", ["/api/v1/calculate", "/api/v1/estimates"])
@pytest.mark.parametrize(("what", "raw", "content_type", "status"), RAW, ids=[item[0] for item in RAW])
def test_a_body_that_is_no_workload(
    client: Client, address: str, what: str, raw: bytes, content_type: str, status: int
) -> None:
    response = client.post(address, data=raw, content_type=content_type)
    check_shape(response, status)


@pytest.mark.parametrize(
    ("path", "value", "named"), FIELDS, ids=[f"{item[0][:30]}-{index}" for index, item in enumerate(FIELDS)]
)
def test_a_field_that_cannot_be(client: Client, path: str, value: Any, named: str) -> None:
    response = client.post(
        "/api/v1/calculate", data=json.dumps(good_with(path, value)), content_type="application/json"
    )
    body = check_shape(response, 422)
    assert named in {field["path"] for field in body["error"]["fields"]}


def test_all_problems_come_at_once(client: Client) -> None:
    body = good_with("pue", -1) | {"duration_h": "x", "title": 5}
    response = client.post("/api/v1/calculate", data=json.dumps(body), content_type="application/json")
    assert {field["path"] for field in check_shape(response, 422)["error"]["fields"]} == {"pue", "duration_h", "title"}


def test_an_unknown_accelerator_is_refused_with_the_nearest(client: Client) -> None:
    body = good_with("hardware.accelerator", "nvidia-v100-sxm2-16g")
    response = client.post("/api/v1/calculate", data=json.dumps(body), content_type="application/json")
    (field,) = check_shape(response, 422)["error"]["fields"]
    assert "nvidia-v100-sxm2-16gb" in field["suggestions"]


def test_a_misspelt_field_is_refused_with_the_right_one(client: Client) -> None:
    body = good_with("hardware.acelerator", "nvidia-v100-sxm2-16gb")
    response = client.post("/api/v1/calculate", data=json.dumps(body), content_type="application/json")
    (field,) = check_shape(response, 422)["error"]["fields"]
    assert field["suggestions"] == ["accelerator"]


@pytest.mark.parametrize(
    ("method", "address", "status"),
    [
        ("get", "/api/v1/calculate", 405),
        ("delete", "/api/v1/calculate", 405),
        ("get", "/api/v1/no-such-thing", 404),
        ("get", "/api/v1/estimates/not-a-uuid", 404),
        ("get", "/api/v1/estimates/00000000-0000-4000-8000-000000000000", 404),
        ("get", "/api/v1/catalogue/no-such-table", 422),
        ("get", "/api/v1/catalogue/accelerators?limit=0", 422),
        ("get", "/api/v1/catalogue/accelerators?limit=x", 422),
    ],
)
@pytest.mark.django_db
def test_an_address_that_does_not_answer_so(client: Client, method: str, address: str, status: int) -> None:
    check_shape(getattr(client, method)(address), status)
