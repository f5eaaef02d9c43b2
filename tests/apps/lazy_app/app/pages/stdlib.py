def zone():
    from datetime import datetime
    from zoneinfo import ZoneInfo

    when = datetime(2026, 7, 1, 12, tzinfo=ZoneInfo("Asia/Tokyo"))
    return {
        "tokyo": when.isoformat(),
        "lima": when.astimezone(ZoneInfo("America/Lima")).isoformat(),
    }


def database():
    import sqlite3

    with sqlite3.connect(":memory:") as connection:
        connection.execute("create table t (n integer)")
        connection.executemany("insert into t values (?)", [(1,), (2,)])
        return {"sum": connection.execute("select sum(n) from t").fetchone()[0]}


def xml():
    import xml.dom.minidom
    import xml.etree.ElementTree as ElementTree

    tree = ElementTree.fromstring("<a><b>1</b></a>")
    return {
        "b": tree.findtext("b"),
        "root": xml.dom.minidom.parseString("<x/>").documentElement.tagName,
    }


def template():
    from flask import render_template_string

    text = "{% set found = [] %}{% for n in range(9) %}{% if n > 3 %}{% break %}{% endif %}{% do found.append(n) %}{% endfor %}{{ found }}"
    return {"found": render_template_string(text)}


def packed():
    import bz2
    import ctypes
    import decimal
    import lzma
    import zlib

    data = b"x" * 1000
    sizes = [len(module.compress(data)) for module in (bz2, lzma, zlib)]
    return {
        "packed": all(size < 200 for size in sizes),
        "abs": ctypes.CDLL(None).abs(-3),
        "decimal": str(decimal.Decimal(1) / 3)[:6],
    }


def users():
    import getpass
    import pwd

    return {"user": getpass.getuser(), "home": pwd.getpwuid(0).pw_dir}


def locale_names():
    import locale

    locale.setlocale(locale.LC_ALL, "C.UTF-8")
    return {"encoding": locale.getpreferredencoding()}
