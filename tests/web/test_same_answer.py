"""One question through four doors: the library, the command line, the API and the page give the same figures."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import tenure

QUESTION = {"question": "movements", "from": "2024-01", "to": "2024-05"}
SRC = str(Path(tenure.__file__).resolve().parents[1])


def test_four_doors(sample, signed_in, client, key):
    by_library = tenure.open(sample).ask(QUESTION).to_json()["rows"]

    headers = key("viewer")
    by_api = client.post("/api/ask", json.dumps(QUESTION), content_type="application/json", headers=headers).json()[
        "rows"
    ]

    environment = {**os.environ, "TENURE_HOME": str(sample), "PYTHONPATH": SRC, "TENURE_DATABASE_URL": ""}
    command = [sys.executable, "-m", "tenure.config.cli", "ask", "--json", json.dumps(QUESTION), "--format", "json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    by_command = json.loads(done.stdout)["rows"]

    file = (
        signed_in("viewer").get("/retain/movements/movements.csv?from=2024-01&to=2024-05").content.decode("utf-8-sig")
    )
    heads, *lines = [line.split(",") for line in file.splitlines()]
    by_page = {line[0]: dict(zip(heads, line, strict=True)) for line in lines}

    assert by_library == by_api == by_command
    for row in by_library:
        shown = by_page[row["period"]]
        for column, head in (("open", "Opening"), ("new", "New"), ("churn", "Churn"), ("close", "Close")):
            assert Decimal(shown[head]) == Decimal(row[column])
