"""The files of tokens, certificates and keys: read when the server starts, and named where they are wrong."""

import ssl

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from orderbook_server.auth import Access
from orderbook_server.config import ConfigError, Settings
from orderbook_server.new_token import add_token
from orderbook_server.security import load_security


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def pem(authority, tmp_path):
    """Return paths of a certificate, its key, another key, the authority, and what is no PEM."""
    paths = {
        name: tmp_path / f"{name}.pem" for name in ("cert", "key", "other_key", "locked", "ca", "nonsense", "none")
    }
    certificate = authority.issue_cert("localhost")
    certificate.cert_chain_pems[0].write_to_path(paths["cert"])
    certificate.private_key_pem.write_to_path(paths["key"])
    authority.issue_cert("localhost").private_key_pem.write_to_path(paths["other_key"])
    authority.cert_pem.write_to_path(paths["ca"])
    key = serialization.load_pem_private_key(certificate.private_key_pem.bytes(), None)
    locked = serialization.BestAvailableEncryption(b"secret")
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked)
    paths["locked"].write_bytes(key.private_bytes(*form))
    paths["nonsense"].write_text("nonsense")
    return paths


def test_open_and_in_the_clear():
    security = load_security(Settings())
    assert (security.authenticate, security.ssl, security.certificates) == (None, None, None)


def test_tokens(tmp_path):
    token = add_token(tmp_path / "tokens.toml", Access("admin", "me"))
    security = load_security(Settings(tokens=tmp_path / "tokens.toml"))
    assert security.authenticate(token) == Access("admin", "me")
    assert security.authenticate("other") is None


@pytest.mark.parametrize("mutual", [False, True])
def test_certificates(pem, mutual):
    settings = Settings(tls_cert=pem["cert"], tls_key=pem["key"], tls_client_ca=pem["ca"] if mutual else None)
    security = load_security(settings)
    assert security.ssl.verify_mode == (ssl.CERT_REQUIRED if mutual else ssl.CERT_NONE)
    assert security.ssl.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert security.certificates.certificate == pem["cert"].read_bytes()
    assert security.certificates.key == pem["key"].read_bytes()
    assert security.certificates.client_ca == (pem["ca"].read_bytes() if mutual else None)


@pytest.mark.parametrize(
    ("cert", "key", "ca", "message"),
    [
        ("none", "key", None, "tls_cert: {none}: cannot be read: No such file or directory"),
        ("cert", "none", None, "tls_key: {none}: cannot be read: No such file or directory"),
        ("cert", "key", "none", "tls_client_ca: {none}: cannot be read: No such file or directory"),
        ("nonsense", "key", None, "tls_cert: {nonsense}: is no PEM certificate with {key} for its key: "),
        ("cert", "nonsense", None, "tls_cert: {cert}: is no PEM certificate with {nonsense} for its key: "),
        ("cert", "other_key", None, "tls_cert: {cert}: is no PEM certificate with {other_key} for its key: key values"),
        ("cert", "locked", None, "tls_cert: {cert}: is no PEM certificate with {locked} for its key: "),
        ("cert", "key", "nonsense", "tls_client_ca: {nonsense}: holds no PEM certificate: "),
        ("cert", "key", "key", "tls_client_ca: {key}: holds no PEM certificate: "),
    ],
)
def test_files_that_are_wrong(pem, cert, key, ca, message):
    with pytest.raises(ConfigError) as caught:
        load_security(Settings(tls_cert=pem[cert], tls_key=pem[key], tls_client_ca=pem[ca] if ca else None))
    assert str(caught.value).startswith(message.format(**pem))
