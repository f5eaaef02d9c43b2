import datetime
import threading


def authorities():
    import ssl

    return {"many": ssl.create_default_context().cert_store_stats()["x509_ca"] > 50}


def bundle():
    import pathlib

    import certifi

    return {"size": pathlib.Path(certifi.where()).stat().st_size > 100_000}


def handshake():
    """A TLS client and server on loopback, with an authority made for the occasion."""
    import socket
    import ssl
    import tempfile

    with tempfile.NamedTemporaryFile(suffix=".pem") as kept:
        kept.write(_certificate())
        kept.flush()
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(kept.name)
        client = ssl.create_default_context()
        client.load_verify_locations(kept.name)
        with socket.create_server(("127.0.0.1", 0)) as listening:
            thread = threading.Thread(target=_serve, args=(listening, server))
            thread.start()
            with (
                socket.create_connection(listening.getsockname()) as plain,
                client.wrap_socket(plain, server_hostname="localhost") as secured,
            ):
                found = {"version": secured.version(), "said": secured.recv(9).decode()}
            thread.join()
    return found


def names():
    import socket

    return {"localhost": socket.gethostbyname("localhost")}


def client():
    """`requests` on loopback."""
    from http.server import BaseHTTPRequestHandler, HTTPServer

    import requests

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"pong")

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.handle_request).start()
        return {"said": requests.get(f"http://127.0.0.1:{server.server_port}/", timeout=5).text}


def _serve(listening, context):
    connection, _ = listening.accept()
    with context.wrap_socket(connection, server_side=True) as secured:
        secured.sendall(b"hello tls")


def _certificate():
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ) + certificate.public_bytes(serialization.Encoding.PEM)
