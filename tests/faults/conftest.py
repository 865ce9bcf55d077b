"""What the fault tests share: sandboxes and a PostgreSQL server in processes of their own."""

from collections.abc import Iterator
from typing import Any

import pytest

from faults.postgresql import Cluster, running_cluster
from faults.sandboxes import sandboxes


@pytest.fixture(scope="session")
def found() -> Iterator[dict[str, Any]]:
    """Where the sandbox accounting systems are, by name."""
    with sandboxes() as announced:
        yield announced


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL server that tests may stop and start."""
    with running_cluster(durable=False) as running:
        yield running
