"""How people write where a server is."""

import pytest
import trustme

from agents.gateways.grpc.channel import BadTlsFile, Endpoint, TlsFiles


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("127.0.0.1:50051", Endpoint("127.0.0.1", 50051)),
        ("orderbook-server:1", Endpoint("orderbook-server", 1)),
        (" exchange.example:65535\n", Endpoint("exchange.example", 65535)),
        ("[::1]:50051", Endpoint("::1", 50051)),
        ("http://orderbook-server:50051", Endpoint("orderbook-server", 50051)),
        ("http://127.0.0.1:50051/", Endpoint("127.0.0.1", 50051)),
        ("grpc://[2001:db8::7]:50051", Endpoint("2001:db8::7", 50051)),
        ("https://127.0.0.1:50051", Endpoint("127.0.0.1", 50051, secure=True)),
        ("GRPCS://[::1]:443/", Endpoint("::1", 443, secure=True)),
    ],
)
def test_endpoints(text, endpoint):
    assert Endpoint.parse(text) == endpoint
    assert Endpoint.parse(str(endpoint)) == endpoint._replace(secure=False)
    assert endpoint.target == f"dns:///{endpoint}"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "HOST:PORT"),
        ("127.0.0.1", "HOST:PORT"),
        ("127.0.0.1:", "HOST:PORT"),
        (":50051", "HOST:PORT"),
        ("::1:50051", "HOST:PORT"),
        ("host:port", "HOST:PORT"),
        ("host:-1", "HOST:PORT"),
        ("host:٣", "HOST:PORT"),
        ("a b:1", "HOST:PORT"),
        ("host:1/", "HOST:PORT"),
        ("http://host:1/path", "HOST:PORT"),
        ("http://host", "HOST:PORT"),
        ("http://user@host:1", "HOST:PORT"),
        ("://host:1", "none of http"),
        ("ftp://host:1", "ftp://, which is none of http, grpc, https, grpcs"),
        ("http://https://host:1", "none of http"),
        ("host:0", "1 to 65535"),
        ("host:65536", "1 to 65535"),
        ("host:123456", "HOST:PORT"),
        ("[host]:1", "no IPv6 address"),
        ("[127.0.0.1]:1", "no IPv6 address"),
        ("[]:1", "HOST:PORT"),
    ],
)
def test_what_is_no_endpoint_is_told_with_the_reason(text, problem):
    with pytest.raises(ValueError, match=problem) as error:
        Endpoint.parse(text)
    assert repr(text) in str(error.value)


@pytest.mark.parametrize(
    ("text", "tls", "is_secure"),
    [
        ("host:1", None, False),
        ("http://host:1", TlsFiles(), False),
        ("https://host:1", None, True),
        ("grpcs://host:1", TlsFiles(), True),
        ("host:1", "ca", True),
        ("http://host:1", "ca", True),
    ],
)
def test_tls_is_what_the_scheme_or_a_file_asks_for(tmp_path, text, tls, is_secure):
    if tls == "ca":
        tls = TlsFiles(ca=tmp_path / "ca.pem")
        trustme.CA().cert_pem.write_to_path(tls.ca)
    assert (Endpoint.parse(text).credentials(tls) is not None) == is_secure


@pytest.mark.parametrize(
    ("field", "names"),
    [
        ("ca", {"ca": "nothing"}),
        ("ca", {"ca": "empty"}),
        ("ca", {"ca": "key"}),
        ("cert", {"cert": "nothing", "key": "key"}),
        ("cert", {"cert": "cert", "key": "nothing"}),
        ("cert", {"cert": "cert", "key": "other key"}),
    ],
)
def test_a_file_that_is_not_what_tls_needs_is_named(tmp_path, field, names):
    authority = trustme.CA()
    own, other = (authority.issue_cert(name) for name in ("a.example", "b.example"))
    (tmp_path / "nothing").write_text("no PEM")
    (tmp_path / "empty").touch()
    own.cert_chain_pems[0].write_to_path(tmp_path / "cert")
    own.private_key_pem.write_to_path(tmp_path / "key")
    other.private_key_pem.write_to_path(tmp_path / "other key")
    good = TlsFiles(cert=tmp_path / "cert", key=tmp_path / "key")
    assert good.credentials() is not None
    files = TlsFiles(**{key: tmp_path / name for key, name in names.items()})
    with pytest.raises(BadTlsFile) as error:
        files.credentials()
    assert error.value.field == field
    assert str(error.value).startswith(f"{getattr(files, field)}: ")
