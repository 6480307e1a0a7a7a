"""Where ``tradewind serve`` listens: on a port that WordPress delivers webhooks to, where one is free."""

import socket

import pytest

from sandbox import serving


def test_it_takes_wordpress_own_port_or_another_that_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setattr(serving, "SAFE_PORTS", (80, port))
        assert serving._chosen() == serving.ELSEWHERE
    assert serving._chosen() == port
