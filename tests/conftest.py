"""A private home for all tests, and how hard hypothesis looks."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from logtriage.store.store import Store

# `HYPOTHESIS_PROFILE=thorough pytest` looks much longer for counterexamples.
for name, most in (("quick", 100), ("thorough", 1000)):
    settings.register_profile(
        name, max_examples=most, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True
    )
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


@pytest.fixture(autouse=True, scope="session")
def _private_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or writes the user's own store, config or cache; workers share one cache of compiled patterns, and the
    processes that they start one of Python's bytecode, which would cost each of them a tenth of a second and more."""
    home = tmp_path_factory.getbasetemp().parent / "logtriage-tests-home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPYCACHEPREFIX", str(home / "bytecode"))
        patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
        for name in ("XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"):
            patch.setenv(name, str(home / name))
        patch.delenv("LOGTRIAGE_STORE", raising=False)
        yield


@pytest.fixture(scope="session")
def one_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One store that takes the files of many tests, as opening one takes longer than reading a small file."""
    with Store(tmp_path_factory.mktemp("one") / "store", write=True) as store:
        yield store
