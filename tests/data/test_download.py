from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from minigen.data import DataError, cifar, download, mnist
from minigen.data.download import Source

CONTENT = bytes(range(256)) * 400
NAME = "digits.gz"


def source(*mirrors: str) -> Source:
    return Source(mirrors, {NAME: hashlib.sha256(CONTENT).hexdigest()})


@pytest.fixture(autouse=True)
def served(mirror) -> None:
    mirror.files[NAME] = CONTENT


def test_a_file_is_downloaded_once(mirror, cache: Path) -> None:
    for _ in range(2):
        folder = download.fetch("digits", source(mirror.address("good")))
    assert (folder / NAME).read_bytes() == CONTENT
    assert folder == cache / "digits"
    assert mirror.requests == [f"/good/{NAME}"]


@pytest.mark.parametrize("trouble", ["forbidden", "broken", "slow", "cut", "wrong"])
def test_next_mirror_after(trouble: str, mirror, cache: Path) -> None:
    folder = download.fetch("digits", source(mirror.address(trouble), mirror.address("good")))
    assert (folder / NAME).read_bytes() == CONTENT
    assert mirror.requests == [f"/{trouble}/{NAME}", f"/good/{NAME}"]


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        ("forbidden", "403 Forbidden"),
        ("broken", "500 Internal Server Error"),
        ("slow", "no answer"),
        ("cut", "the connection was cut"),
        ("wrong", "wrong checksum"),
        ("missing", "404 Not Found"),
    ],
)
def test_one_clear_line_when_no_mirror_helps(trouble: str, words: str, mirror, cache: Path, capfd) -> None:
    with pytest.raises(DataError) as raised:
        download.fetch("digits", source(mirror.address(trouble), mirror.address("broken")))
    message = str(raised.value)
    host = f"127.0.0.1:{mirror.server.server_port}"
    assert message.startswith(f"digits: {NAME} could not be downloaded to {cache / 'digits'} (")
    assert f"({host}: {words}; {host}: 500 Internal Server Error)" in message
    assert "--data-dir FOLDER" in message
    assert "--data mnist5k" in message
    assert "\n" not in message
    assert not list((cache / "digits").iterdir())  # no half a file is left behind
    assert capfd.readouterr() == ("", "")


def test_no_network_and_no_cache(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with pytest.raises(DataError, match=r"could not be downloaded .*\(127\.0\.0\.1:1: no connection\)"):
        download.fetch("digits", source("http://127.0.0.1:1/"))


def test_a_damaged_cache_is_downloaded_again(mirror, cache: Path) -> None:
    (cache / "digits").mkdir(parents=True)
    (cache / "digits" / NAME).write_bytes(CONTENT[:100])
    folder = download.fetch("digits", source(mirror.address("good")))
    assert (folder / NAME).read_bytes() == CONTENT


def test_a_cache_that_cannot_be_made(mirror, cache: Path) -> None:
    cache.parent.write_text("a file where the folder should be")
    with pytest.raises(DataError, match=r"digits: the cache .* cannot be made \("):
        download.fetch("digits", source(mirror.address("good")))


def test_all_sources_name_sha256() -> None:
    for known in (mnist.MNIST, mnist.FASHION, cifar.CIFAR10):
        assert all(len(bytes.fromhex(value)) == 32 for value in known.hashes.values())
        assert all(address.startswith("http") and address.endswith("/") for address in known.mirrors)
