"""Views that import what they need when they are asked, in as many ways as Python has."""

import importlib
import logging.config

from flask import Flask, jsonify

LOGGING = {
    "version": 1,
    "formatters": {"plain": {"format": "%(levelname)s %(message)s"}},
    "filters": {"quiet": {"()": "pages.quiet.QuietFilter"}},
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "plain", "filters": ["quiet"]}
    },
    "root": {"level": "INFO", "handlers": ["console"]},
}

# Each page is a module that only its name here leads to.
PAGES = (
    "stdlib",
    "codecs_page",
    "images",
    "crypto",
    "markup",
    "plugins",
    "processes",
    "network",
)


def create_app():
    logging.config.dictConfig(LOGGING)
    app = Flask(__name__)
    app.jinja_options = {"extensions": ["jinja2.ext.do", "jinja2.ext.loopcontrols"]}

    @app.get("/")
    def index():
        return jsonify(pages=list(PAGES))

    @app.get("/page/<name>/<action>")
    def page(name, action):
        if name not in PAGES:
            return jsonify(error="no such page"), 404
        module = importlib.import_module(f"pages.{name}")
        return jsonify(getattr(module, action)())

    return app
