"""One request over a kept connection: /calculate beside a bare JSON view of the same server, turn by turn."""

import http.client
import json
import time

from tests.bench.conftest import Table
from tests.bench.workloads import BODY

ROUNDS_COUNT, TURNS_COUNT = 40, 10
BARE, CALCULATE, WITHOUT_DRAWS = "/bare", "/api/v1/calculate", "/api/v1/calculate?no-draws"
BODIES = {BARE: BODY, CALCULATE: BODY, WITHOUT_DRAWS: BODY | {"uncertainty": {"draws_count": 0}}}


def test_calculate_beside_a_bare_view(server_port: int, table: Table) -> None:
    """Interleave the two, so that a busy minute of the machine falls on both."""
    connection = http.client.HTTPConnection("127.0.0.1", server_port, timeout=30)
    bodies = {path: json.dumps(body).encode() for path, body in BODIES.items()}
    times_s: dict[str, list[float]] = {path: [] for path in BODIES}

    def ask(path: str) -> float:
        start = time.perf_counter()
        connection.request("POST", path, bodies[path], {"Content-Type": "application/json"})
        answer = connection.getresponse()
        told = answer.read()
        elapsed_s = time.perf_counter() - start
        assert answer.status == 200, told[:500]
        return elapsed_s

    for path in times_s:
        for _ in range(20):  # both processes of the server have then done it once
            ask(path)
    for _ in range(ROUNDS_COUNT):
        for path, measured in times_s.items():
            measured.extend(ask(path) for _ in range(TURNS_COUNT))
    table.add("bare JSON view", times_s[BARE])
    table.add("/api/v1/calculate", times_s[CALCULATE], against="bare JSON view")
    table.add("/api/v1/calculate, no draws", times_s[WITHOUT_DRAWS], against="bare JSON view")
