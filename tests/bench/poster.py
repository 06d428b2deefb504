"""A worker that does nothing but post: batches of samples over one kept connection, as fast as they are taken in."""

import http.client
import json
import sys

BATCH = 5_000
COMPONENTS = ("cpu_package:0", "dram:0", "accelerator:0")


def main() -> None:
    """Host, port, secret, measurement, samples; waits for a line before it posts what it has made ready."""
    host, port, secret, key, count = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4], int(sys.argv[5])
    bodies = [_body(first, min(first + BATCH, count + 1)) for first in range(1, count + 1, BATCH)]
    connection = http.client.HTTPConnection(host, port, timeout=60)
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {secret}"}
    print("ready", flush=True)
    sys.stdin.readline()
    for body in bodies:
        connection.request("POST", f"/api/v1/measurements/{key}/samples", body, headers)
        answer = connection.getresponse()
        content = answer.read()
        assert answer.status == 200, content


def _body(first: int, end: int) -> bytes:
    start_s = 1_795_000_000.0
    rows = [
        [round(start_s + 0.1 * number, 3), dict.fromkeys(COMPONENTS, 12.345678 + number % 7), 0.1]
        for number in range(first, end)
    ]
    return json.dumps({"first_sequence": first, "samples": rows}, separators=(",", ":")).encode()


if __name__ == "__main__":
    main()
