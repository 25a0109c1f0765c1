import pytest
import theano


@pytest.fixture(autouse=True)
def a_rewrite_that_fails_is_an_error(monkeypatch):
    monkeypatch.setattr(theano.config, "on_opt_error", "raise")  # else Theano prints 45 lines, and goes on
