"""A small web server on 127.0.0.1 that gives files, well or badly."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pooch
import pytest

from minigen.data import download

STATUS = {"forbidden": 403, "missing": 404, "broken": 500}


class Mirror:
    """Serves `files` under /KIND/name; KIND is good, a word of STATUS, slow, cut or wrong."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.requests: list[str] = []
        self.closing = threading.Event()
        mirror = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                mirror.requests.append(self.path)
                _, kind, name = self.path.split("/")
                if kind in STATUS:
                    self.send_error(STATUS[kind])
                    return
                if kind == "slow":
                    mirror.closing.wait(10)
                    return
                content = mirror.files[name]
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                if kind == "cut":
                    content = content[: len(content) // 2]
                self.wfile.write(content[::-1] if kind == "wrong" else content)

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    def address(self, kind: str) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/{kind}/"

    def close(self) -> None:
        self.closing.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(download, "TIMEOUT", 1)  # seconds, in which a good answer comes also on a busy machine
    server = Mirror()
    yield server
    server.close()


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty cache folder instead of the user's."""
    folder = tmp_path / "cache"
    monkeypatch.setattr(pooch, "os_cache", lambda name: folder / name)
    return folder / "minigen"
