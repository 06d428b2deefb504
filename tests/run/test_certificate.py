"""A certificate is looked at before anything starts, and what is wrong with it is said with the remedy."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from config.launch.certificate import read
from config.launch.trouble import Trouble
from tests.harness.certificates import Pair, certified
from tests.harness.environment import ROOT


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    """Who signs, and whom no system trusts."""
    return certified(tmp_path_factory.mktemp("ca") / "ca", "The authority of a test", is_authority=True)


def test_one_that_holds_is_known_by_its_names(tmp_path: Path, authority: Pair) -> None:
    pair = certified(tmp_path / "it", "one.example", "*.two.example", "127.0.0.2", "::1", by=authority)
    given = read(pair.certificate, pair.key)
    assert given.names == ("one.example", "*.two.example", "127.0.0.2", "::1")
    assert given.hosts == ["one.example", "127.0.0.2", "::1"]
    for name in ("one.example", "ONE.example", "a.two.example", "127.0.0.2", "::1"):
        assert given.covers(name), name
    for name in ("two.example", "a.b.two.example", "127.0.0.1", "localhost", "", ".", "x" * 300):
        assert not given.covers(name), name
    assert not given.is_trusted()


def test_a_chain_is_taken_and_its_first_certificate_is_the_one(tmp_path: Path, authority: Pair) -> None:
    pair = certified(tmp_path / "it", "one.example", by=authority)
    chain = tmp_path / "chain.pem"
    chain.write_bytes(pair.certificate.read_bytes() + authority.certificate.read_bytes())
    assert read(chain, pair.key).names == ("one.example",)
    chain.write_bytes(authority.certificate.read_bytes() + pair.certificate.read_bytes())
    with pytest.raises(Trouble, match="the server's own certificate first"):
        read(chain, pair.key)


def locked(pair: Pair) -> Pair:
    """With a key that has a password."""
    key = serialization.load_pem_private_key(pair.key.read_bytes(), None)
    pair.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"a password"),
        )
    )
    return pair


def in_der(pair: Pair) -> Pair:
    """With a key in the binary form."""
    key = serialization.load_pem_private_key(pair.key.read_bytes(), None)
    form = serialization.PrivateFormat.PKCS8
    pair.key.write_bytes(key.private_bytes(serialization.Encoding.DER, form, serialization.NoEncryption()))
    return pair


def garbled(pair: Pair) -> Pair:
    """With a certificate that is none."""
    pair.certificate.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    return pair


WRONG: dict[str, tuple[Callable[[Path], Pair], str]] = {
    "expired": (lambda folder: certified(folder, "localhost", days=-1), r"has expired: renew it"),
    "early": (lambda folder: certified(folder, "localhost", from_days=2), r"does not hold yet.*clock"),
    "an authority's": (lambda folder: certified(folder, "it", is_authority=True), r"is not good for a server"),
    "locked": (lambda folder: locked(certified(folder, "localhost")), r"--key .* is locked.*openssl pkey"),
    "binary": (lambda folder: in_der(certified(folder, "localhost")), r"--key .* no private key in PEM form"),
    "garbled": (lambda folder: garbled(certified(folder, "localhost")), r"cannot be used"),
    "missing": (lambda folder: Pair(folder, certified(folder, "it").key), r"--certificate .* cannot be read: Is a dir"),
    "exchanged": (
        lambda folder: Pair(certified(folder, "it").key, folder / "certificate.pem"),
        r"--certificate .* is no certificate in PEM form, which begins with -----BEGIN CERTIFICATE-----",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_said(tmp_path: Path, what: str) -> None:
    make, told = WRONG[what]
    pair = make(tmp_path / "it")
    with pytest.raises(Trouble, match=told):
        read(pair.certificate, pair.key)


def test_a_certificate_alone_is_no_use_and_help_tells_of_both(tmp_path: Path) -> None:
    pair = certified(tmp_path / "it", "localhost")
    up = [sys.executable, "-m", "config.launch"]
    alone = subprocess.run([*up, "--certificate", pair.certificate], cwd=ROOT, capture_output=True, text=True)
    assert alone.returncode == 2 and "--certificate and --key go together" in alone.stderr
    told = subprocess.run([*up, "--help"], cwd=ROOT, capture_output=True, text=True).stdout
    assert "--certificate FILE" in told and "--key FILE" in told
