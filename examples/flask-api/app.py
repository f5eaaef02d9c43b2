"""Greetings in several languages, remembered in SQLite."""

import os
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from flask import Flask, jsonify, request

DATABASE = Path(os.environ.get("DATABASE", Path(tempfile.gettempdir()) / "greetings.sqlite3"))
GREETINGS = {"en": "Hello", "de": "Hallo", "es": "Hola"}

app = Flask(__name__)


def connect():
    connection = sqlite3.connect(DATABASE, timeout=2)
    connection.execute("CREATE TABLE IF NOT EXISTS greeted (name TEXT PRIMARY KEY, times INTEGER)")
    return connection


@app.get("/")
def index():
    return jsonify(message="Success!")


@app.post("/greetings")
def greet():
    wanted = request.get_json()
    greeting = GREETINGS.get(wanted.get("language", "en"))
    if greeting is None:
        return jsonify(error="no such language", languages=sorted(GREETINGS)), 400
    name = str(wanted["name"])
    with closing(connect()) as connection, connection:
        connection.execute(
            "INSERT INTO greeted VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET times = times + 1",
            (name,),
        )
    return jsonify(greeting=f"{greeting}, {name}!"), 201


@app.get("/greetings/<name>")
def greeted(name):
    with closing(connect()) as connection:
        row = connection.execute("SELECT times FROM greeted WHERE name = ?", (name,)).fetchone()
    return jsonify(name=name, times=row[0] if row else 0)


@app.get("/health")
def health():
    """Healthy is who can write: a full disk or a lost volume is noticed."""
    try:
        with closing(connect()) as connection, connection:
            connection.execute("INSERT OR REPLACE INTO greeted VALUES ('', 0)")
    except sqlite3.Error as err:
        return jsonify(status="unhealthy", reason=type(err).__name__), 503
    return jsonify(status="healthy")
