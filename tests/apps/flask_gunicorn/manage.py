"""Notes: list, add and export them. Kept in memory, per worker, for tests."""

import os

from flask import Flask, Response, redirect, render_template, request, session, url_for

app = Flask(__name__)
app.secret_key = "only for tests"  # noqa: S105


@app.get("/")
def index():
    return render_template("index.html", notes=session.get("notes", []))


@app.get("/health")
def health():
    return "Healthy: OK"


@app.get("/whoami")
def whoami():
    return {"uid": os.getuid(), "gid": os.getgid(), "cwd": os.getcwd()}


@app.post("/notes")
def add():
    session["notes"] = [*session.get("notes", []), request.form["text"]]
    return redirect(url_for("index"))


@app.get("/report")
def report():
    return render_template("report.html", notes=session.get("notes", []))


@app.get("/export.csv")
def export():
    import csv
    import io

    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["number", "text"])
    writer.writerows(enumerate(session.get("notes", []), start=1))
    return Response(out.getvalue(), mimetype="text/csv")


@app.post("/upload")
def upload():
    # The parser of multipart bodies and temporary files are not needed by any other view.
    import tempfile

    with tempfile.TemporaryFile() as kept:
        request.files["file"].save(kept)
        return {"size": kept.tell()}


@app.get("/broken")
def broken():
    raise RuntimeError("asked for")


@app.errorhandler(404)
def not_found(error):
    return render_template("not_found.html"), 404
