"""Imported by checks: a server of its own for them, and sign-ins from many addresses."""
import contextlib
import http.client
import json
import os
import pathlib
import socket
import subprocess
import tempfile
import time

PASSWORD = "grey herons wade slowly"
ROOT = pathlib.Path(__file__).resolve().parents[2]


def binary():
    """FIRMA_BINARY, else what is built now, as it is shipped."""
    if "FIRMA_BINARY" in os.environ:
        return str(pathlib.Path(os.environ["FIRMA_BINARY"]).resolve())
    subprocess.run(["cargo", "build", "-q", "--release", "-p", "firma"], cwd=ROOT, check=True)
    return str(ROOT / "target/release/firma")


def address(number):
    """Each call comes from an address of its own, so that none is held for another's guesses."""
    return f"127.{1 + number // 62500}.{number // 250 % 250}.{1 + number % 250}"


def login(port, number, email, password=PASSWORD):
    """Status, body and seconds of a sign-in from that address."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120, source_address=(address(number), 0))
    body = json.dumps({"email": email, "password": password})
    begun = time.perf_counter()
    connection.request("POST", "/api/v1/auth/login", body, {"content-type": "application/json"})
    answer = connection.getresponse()
    text = answer.read()
    taken = time.perf_counter() - begun
    connection.close()
    return answer.status, text, taken


def create(firma, environment, email, slug):
    """An owner with PASSWORD, and an organization."""
    command = [firma, "admin", "create", "--email", email, "--organization", slug, "--slug", slug]
    subprocess.run(command, input=PASSWORD, text=True, env=environment, check=True, stdout=subprocess.DEVNULL)


@contextlib.contextmanager
def installation(**settings):
    """A folder for the data, a free port, and the environment of a server there."""
    with tempfile.TemporaryDirectory() as folder, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        environment = {
            "PATH": os.environ["PATH"], "FIRMA_DATA_DIR": folder, "FIRMA_LOG": "warn",
            "FIRMA_BIND": f"127.0.0.1:{port}", **settings,
        }
        yield folder, port, environment


@contextlib.contextmanager
def serving(firma, port, environment):
    """The server's process, once it answers."""
    process = subprocess.Popen([firma, "serve"], env=environment)
    try:
        for _ in range(200):
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port)).close()
                break
            time.sleep(0.05)
        yield process
    finally:
        process.terminate()
        process.wait()
